# SPDX-License-Identifier: GPL-2.0-or-later
"""The few netlink messages that havend reads and asks for; what it sends otherwise is in the plan.

Layouts: struct nlmsghdr, ifinfomsg and ifaddrmsg of the kernel's headers (rtnetlink(7)). Nobody but the
kernel can send them to us; what is cut off all the same is left out, so that no parser ever raises.
"""

import struct

from haven.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = 16
LINK_HEADER = 16
ADDRESS_HEADER = 8
NLMSG_ERROR = 2
NLMSG_DONE = 3
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
NLM_F_REQUEST = 1
NLM_F_DUMP = 0x300
# The table has changed while it was read: something may be missing, or be there twice.
NLM_F_DUMP_INTR = 0x10

RTMGRP_LINK = 1
RTMGRP_IPV4_IFADDR = 0x10
RTMGRP_IPV6_IFADDR = 0x100
EVERYTHING = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR

IFF_UP = 1
# With IFF_RUNNING and IFF_LOWER_UP, the carrier as it is now: IFF_RUNNING follows it up to a second later.
CARRIES = 0x10041
IFLA_ADDRESS, IFLA_IFNAME, IFLA_LINK, IFLA_MASTER = 1, 3, 5, 10
IFLA_LINKINFO, IFLA_LINK_NETNSID, IFLA_INFO_SLAVE_KIND = 18, 37, 4
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 6, 8
IFA_F_DADFAILED = 0x08
IFA_F_TENTATIVE = 0x40
ARPHRD_ETHER = 1
AF_INET6 = 10
RTA_DST, RTA_SRC = 1, 2
RTN_UNICAST = 1
# Of the first global /16, which is nobody's: a route there is one to everywhere.
ANYWHERE = bytes((0x20,)) + bytes(14) + b"\x01"
EIO = 5


class KernelLink(Value):
    """A network device: `up` when it can carry packets, `mac` as octets.

    `bridge` and `lower` are the indices of the bridge whose port it is and of the device below it, or 0.
    """

    def __init__(
        self, index: int, name: str, up: bool, mac: bytes, ethernet: bool, bridge: int = 0, lower: int = 0
    ) -> None:
        self.index = index
        self.name = name
        self.up = up
        self.mac = mac
        self.ethernet = ethernet
        self.bridge = bridge
        self.lower = lower

    def carried(self, up: bool) -> "KernelLink":
        """Return it as it is when what carries it is up, or down."""
        return KernelLink(self.index, self.name, up, self.mac, self.ethernet, self.bridge, self.lower)


class InterfaceAddress(Value):
    """An address on a device; `usable` unless duplicate-address detection runs or has failed."""

    def __init__(self, index: int, address: bytes, usable: bool) -> None:
        self.index = index
        self.address = address
        self.usable = usable


def messages(octets: bytes) -> "Iterator[tuple[int, int, bytes]]":
    """Yield (type, sequence number, body) of each message in what was received."""
    for kind, _flags, sequence, body in flagged_messages(octets):
        yield kind, sequence, body


def flagged_messages(octets: bytes) -> "Iterator[tuple[int, int, int, bytes]]":
    """Yield (type, flags, sequence number, body) of each message in what was received."""
    at = 0
    while at + HEADER <= len(octets):
        length, kind, flags, sequence, _port = struct.unpack_from("@IHHII", octets, at)
        if not HEADER <= length <= len(octets) - at:
            return
        yield kind, flags, sequence, octets[at + HEADER : at + length]
        at += (length + 3) & ~3


def dump_request(kind: int, sequence: int) -> bytes:
    """Return the request for all links (RTM_GETLINK) or all addresses (RTM_GETADDR)."""
    body = bytes(LINK_HEADER if kind == RTM_GETLINK else ADDRESS_HEADER)
    return struct.pack("@IHHII", HEADER + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0) + body


def parse_link(body: bytes) -> "KernelLink | None":
    """Return the device of an RTM_NEWLINK or RTM_DELLINK."""
    # A bridge tells of its ports in a family of its own; those are not states of the device.
    if len(body) < LINK_HEADER or body[0] != 0:
        return None
    kind, index, flags = struct.unpack_from("@xxHiI", body)
    found = dict(attributes(body, LINK_HEADER))
    mac = found.get(IFLA_ADDRESS, b"")
    up = flags & CARRIES == CARRIES
    about = dict(attributes(found.get(IFLA_LINKINFO, b""), 0))
    bridge = _index(found.get(IFLA_MASTER)) if about.get(IFLA_INFO_SLAVE_KIND) == b"bridge\0" else 0
    # The index of a device in another namespace may be that of one here.
    lower = 0 if IFLA_LINK_NETNSID in found else _index(found.get(IFLA_LINK))
    name = _device_name(found.get(IFLA_IFNAME, b""))
    return KernelLink(index, name, up, mac, kind == ARPHRD_ETHER and len(mac) == 6, bridge, lower)


def _index(value: "bytes | None") -> int:
    return struct.unpack("@I", value)[0] if value is not None and len(value) == 4 else 0


def _device_name(value: bytes) -> str:
    octets = value.split(b"\0")[0]
    try:
        return octets.decode()
    except UnicodeError:
        # The kernel allows it; a configuration cannot name it.
        return repr(octets)


def index_of_address(body: bytes) -> int:
    """Return the index of the device of an RTM_NEWADDR or RTM_DELADDR, without a look at the rest."""
    return int(struct.unpack_from("@I", body, 4)[0]) if len(body) >= ADDRESS_HEADER else 0


def parse_address(body: bytes) -> "InterfaceAddress | None":
    """Return the address of an RTM_NEWADDR or RTM_DELADDR."""
    if len(body) < ADDRESS_HEADER:
        return None
    _family, _prefix, flags, _scope, index = struct.unpack_from("@BBBBI", body)
    address = local = b""
    for attribute, value in attributes(body, ADDRESS_HEADER):
        if attribute == IFA_LOCAL:
            local = value
        elif attribute == IFA_ADDRESS:
            address = value
        elif attribute == IFA_FLAGS and len(value) == 4:
            flags = struct.unpack("@I", value)[0]
    # On a point-to-point link IFA_ADDRESS is the other end's.
    own = local or address
    if len(own) not in (4, 16):
        return None
    return InterfaceAddress(index, own, not flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))


def parse_prefix(body: bytes) -> "tuple[int, bytes, int, int, int] | None":
    """Return (device index, address, prefix length, preferred s, valid s) of an RTM_NEWADDR of IPv6."""
    if len(body) < ADDRESS_HEADER or body[0] != AF_INET6:
        return None
    found = parse_address(body)
    if found is None or not found.usable:
        return None
    # What has no end has no such attribute, or this word in it.
    preferred_s = valid_s = 0xFFFFFFFF
    for attribute, value in attributes(body, ADDRESS_HEADER):
        if attribute == IFA_CACHEINFO and len(value) >= 8:
            preferred_s, valid_s = struct.unpack_from("@II", value)
    return found.index, found.address, body[1], preferred_s, valid_s


def route_request(source: bytes, sequence: int) -> bytes:
    """Return the question by which route a packet from an address would go out into the world."""
    route = struct.pack("@BBBBBBBBI", AF_INET6, 128, 128, 0, 0, 0, 0, 0, 0)
    for kind, value in ((RTA_DST, ANYWHERE), (RTA_SRC, source)):
        route += struct.pack("@HH", 4 + len(value), kind) + value
    return struct.pack("@IHHII", HEADER + len(route), RTM_GETROUTE, NLM_F_REQUEST, sequence, 0) + route


def is_way(kind: int, body: bytes) -> bool:
    """Tell whether an answer to that names a route, and none that goes nowhere."""
    return kind == RTM_NEWROUTE and len(body) >= 12 and body[7] == RTN_UNICAST


def error_of(body: bytes) -> int:
    """Return the error number of an NLMSG_ERROR, 0 for an acknowledgement."""
    return -int(struct.unpack_from("@i", body)[0]) if len(body) >= 4 else EIO


def attributes(body: bytes, at: int) -> "Iterator[tuple[int, bytes]]":
    """Yield (type, value) of each attribute from a place on."""
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("@HH", body, at)
        if not 4 <= length <= len(body) - at:
            return
        yield kind & 0x3FFF, body[at + 4 : at + length]
        at += (length + 3) & ~3
