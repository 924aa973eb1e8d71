# SPDX-License-Identifier: GPL-2.0-or-later
"""What MicroPython's unix port does in its own way; cpython.py has the same names.

Addresses are the octets of struct sockaddr, given and received. There is no recvmsg: the hop limit of IPv6
is read from the packet, which a packet socket brings whole.
"""

import errno
import gc
import os
import select
import struct
import sys
import time

import uctypes

from haven.core.vrrp.constants import PROTOCOL
from haven.havend.host import libc
from haven.havend.host.micropython_socket import LONGEST_READ, Socket
from haven.spare_descriptor import set_aside

RAW_PROTOCOL = 255
ICMP, ICMPV6 = 1, 58
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 1, 2, 10, 16, 17
ETHERTYPE_IPV6 = 0x86DD
# A packet of a device with jumbo frames is longer, and no ADVERTISEMENT.
PACKET_LENGTH = 2048
RECEIVE_BUFFER = 1 << 20
# haven-agent is CPython's.
HAS_AGENT = False
# There is no recvmsg, which tells the TTL of a datagram.
HAS_BFD = False
MEMORY_FOR_A_CLIENT = 1 << 16

# Numbers of every Linux but MIPS, whose own stand behind.
_IS_MIPS = libc.is_mips()
SOL_SOCKET = 0xFFFF if _IS_MIPS else 1
SOCK_STREAM, SOCK_DGRAM = (2, 1) if _IS_MIPS else (1, 2)
SOCK_RAW = 3
SO_BINDTODEVICE = 25
SO_ATTACH_FILTER = 26
SO_RCVBUFFORCE = 33
SOL_RAW, ICMP_FILTER = 255, 1
IP_LEVEL, IP_ADD_MEMBERSHIP, IP_MULTICAST_ALL = 0, 35, 49
IPV6_LEVEL, IPV6_JOIN_GROUP = 41, 20

IPV6_HEADER = 40
# Instructions of the packet filter: as packet_filter.py has them.
_LOAD_OCTET, _JUMP_EQUAL, _RETURN = 0x30, 0x15, 0x06
_ACCEPT, _DROP = (_RETURN, 0, 0, 0x40000), (_RETURN, 0, 0, 0)
_NEXT_HEADER_AT = 6

RTM_GETLINK, RTM_NEWLINK, NLM_F_REQUEST, IFLA_IFNAME = 18, 16, 1, 3


# The ticks of a small machine begin anew after 18 minutes.
now = time.ticks_us if sys.maxsize >> 32 else libc.monotonic


def sleep(seconds: int) -> None:
    """Do nothing for a while; only before there is anything to miss."""
    time.sleep(seconds)


def make_own_stack() -> None:
    """Return nothing: a small node does without, and may take what lies in its kernel for a silence."""


def node_name() -> str:
    """Return what this machine calls itself."""
    with open("/proc/sys/kernel/hostname") as file:
        return str(file.read()).strip()


class Poller:
    """Waits for descriptors to become ready, to a fraction of a millisecond."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def add(self, descriptor: int) -> None:
        """Wait for this descriptor, too."""
        self._poll.register(descriptor, select.POLLIN)

    def change(self, descriptor: int, reading: bool, writing: bool) -> None:
        """Wait until this descriptor has octets, takes octets, or (neither) is closed at the other end."""
        self._poll.modify(descriptor, (select.POLLIN if reading else 0) | (select.POLLOUT if writing else 0))

    def remove(self, descriptor: int) -> None:
        """Wait for this descriptor no more."""
        self._poll.unregister(descriptor)

    def wait(self, microseconds: int, is_rough: bool = False) -> "list[tuple[int, int]]":
        """Return the (descriptor, mask) pairs that are ready within this time."""
        if is_rough:
            return self._poll.poll((microseconds + 999) // 1000)
        end = now() + microseconds
        ready = self._poll.poll(max(0, microseconds // 1000))
        rest = 0 if ready else end - now()
        if rest <= 0:
            return ready
        time.sleep_us(rest)
        return self._poll.poll(0)


def _set_up(sock: Socket, settings: "tuple[tuple[int, int, object], ...]") -> Socket:
    try:
        for level, option, value in settings:
            sock.setsockopt(level, option, value)
    except OSError:
        sock.close()
        raise
    return sock


def _to_device(device: str) -> "tuple[int, int, bytes]":
    return SOL_SOCKET, SO_BINDTODEVICE, device.encode() + b"\0"


_ROOM = (SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)


def open_receiver(device: str, index: int, family: int, group: bytes) -> Socket:
    """Return a socket that hears protocol 112 on one device, as a member of the group. Raises OSError."""
    if family == 6:
        return _set_up(_open_six(index, PROTOCOL, group, ()), (_ROOM,))
    member = group + b"\0\0\0\0" + struct.pack("@i", index)
    settings = (
        _to_device(device),
        _ROOM,
        (IP_LEVEL, IP_MULTICAST_ALL, 0),
        (IP_LEVEL, IP_ADD_MEMBERSHIP, member),
    )
    return _set_up(Socket(AF_INET, SOCK_RAW, PROTOCOL), settings)


def open_discovery(device: str, index: int, group: bytes, kinds: "tuple[int, ...]") -> Socket:
    """Return a socket that hears these types of ICMPv6 on a device, as a member of the group.

    Raises OSError.
    """
    return _open_six(index, ICMPV6, group, kinds)


def _open_six(index: int, protocol: int, group: bytes, kinds: "tuple[int, ...]") -> Socket:
    """Return a packet socket for the IPv6 packets of one protocol, and of these types where there are any."""
    sock = Socket(AF_PACKET, SOCK_DGRAM, 0)
    program = [(_LOAD_OCTET, 0, 0, _NEXT_HEADER_AT), (_JUMP_EQUAL, 1, 0, protocol), _DROP]
    if kinds:
        program.append((_LOAD_OCTET, 0, 0, IPV6_HEADER))
        for kind in kinds:
            program += [(_JUMP_EQUAL, 0, 1, kind), _ACCEPT]
        program.append(_DROP)
    sock.filter_before = _program(program)
    try:
        _attach(sock, sock.filter_before if kinds else sock.filter_before + _program([_ACCEPT]))
        sock.bind(_link_address(index, ETHERTYPE_IPV6))
        if group:
            sock.beside = Socket(AF_INET6, SOCK_DGRAM, 0)
            sock.beside.setsockopt(IPV6_LEVEL, IPV6_JOIN_GROUP, group + struct.pack("@I", index))
    except OSError:
        sock.close()
        raise
    return sock


def _program(instructions: "list[tuple[int, int, int, int]]") -> bytes:
    return b"".join([struct.pack("@HBBI", *each) for each in instructions])


def attach_filter(sock: Socket, program: bytes) -> bool:
    """Let the kernel drop what a filter does not let pass; tell whether it can, else everything is read.

    A filter for what follows the header of IPv6 is made one for the packet.
    """
    if sock.filter_before:
        program = sock.filter_before + _behind_header(program)
    try:
        _attach(sock, program)
    except OSError:
        return False
    return True


def _behind_header(program: bytes) -> bytes:
    moved = bytearray(program)
    for start in range(0, len(moved), 8):
        code, true, false, operand = struct.unpack_from("@HBBI", moved, start)
        if code == _LOAD_OCTET and operand < IPV6_HEADER:
            struct.pack_into("@HBBI", moved, start, code, true, false, operand + IPV6_HEADER)
    return bytes(moved)


def _attach(sock: Socket, program: bytes) -> None:
    head = struct.pack("@HP", len(program) // 8, uctypes.addressof(program))
    sock.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, head)


def _next(sock: Socket) -> "bytes | None":
    try:
        return sock.read(PACKET_LENGTH)
    except OSError:
        return None


def receive_v4(sock: Socket) -> "tuple[bytes, bytes, int, bytes] | None":
    """Return (source, destination, TTL, payload) of the next packet, or None when there is none."""
    packet = _next(sock)
    if packet is None:
        return None
    return packet[12:16], packet[16:20], packet[8], packet[(packet[0] & 15) * 4 :]


def receive_v6(sock: Socket) -> "tuple[bytes, bytes, int, bytes] | None":
    """Return (source, destination, hop limit, payload) of the next packet, or None."""
    packet = _next(sock)
    if packet is None:
        return None
    # What a short frame was filled up with is not the packet's.
    length = struct.unpack_from("!H", packet, 4)[0]
    return packet[8:24], packet[24:40], packet[7], packet[IPV6_HEADER : IPV6_HEADER + length]


def _link_address(index: int, ethertype: int) -> bytes:
    return (
        struct.pack("@H", AF_PACKET)
        + struct.pack("!H", ethertype)
        + struct.pack("@iHBB8s", index, 0, 0, 0, b"")
    )


def open_link(device: str) -> Socket:
    """Return a socket that sends Ethernet frames on a device and receives nothing. Raises OSError."""
    return open_frames(device, 0)


def open_frames(device: str, ethertype: int) -> Socket:
    """Return a socket that reads and sends the Ethernet frames of one type on a device. Raises OSError."""
    index = _index_or_error(device)
    sock = Socket(AF_PACKET, SOCK_RAW, 0)
    try:
        sock.bind(_link_address(index, ethertype))
    except OSError:
        sock.close()
        raise
    return sock


def open_icmp(device: str, family: int, kinds: "tuple[int, ...]") -> Socket:
    """Return a socket that sends ICMP on a device and reads these types of it. Raises OSError."""
    if family == 6:
        sock = _open_six(_index_or_error(device), ICMPV6, b"", kinds)
        sock.beside = _set_up(Socket(AF_INET6, SOCK_RAW, ICMPV6), (_to_device(device),))
        return sock
    blocked = 0xFFFFFFFF
    for kind in kinds:
        blocked &= ~(1 << kind)
    filtered = (SOL_RAW, ICMP_FILTER, struct.pack("@I", blocked))
    return _set_up(Socket(AF_INET, SOCK_RAW, ICMP), (_to_device(device), filtered))


def open_sender(device: str, family: int) -> Socket:
    """Return a socket that routes whole IP packets out of a device and receives nothing. Raises OSError."""
    kind = AF_INET6 if family == 6 else AF_INET
    return _set_up(Socket(kind, SOCK_RAW, RAW_PROTOCOL), (_to_device(device),))


def send_to(sock: Socket, packet: bytes, destination: bytes, index: int) -> None:
    """Send a whole IP packet to an address, given as octets. Raises OSError."""
    if len(destination) == 4:
        sock.sendto(packet, struct.pack("@HH", AF_INET, 0) + destination + bytes(8))
    else:
        scope = index if destination[0] == 0xFE else 0
        sock.sendto(packet, struct.pack("@HHI", AF_INET6, 0, 0) + destination + struct.pack("@I", scope))


def open_netlink(groups: int) -> Socket:
    """Return a route netlink socket that hears these groups (a mask, RTMGRP_*)."""
    sock = _set_up(Socket(AF_NETLINK, SOCK_RAW, 0), (_ROOM,))
    sock.bind(struct.pack("@HHII", AF_NETLINK, 0, 0, groups))
    return sock


_asking: "list[Socket]" = []


def index_of(device: str) -> "int | None":
    """Return the index that a device has at this moment, or None when there is none."""
    if not _asking:
        _asking.append(open_netlink(0))
    name = device.encode() + b"\0"
    named = struct.pack("@HH", 4 + len(name), IFLA_IFNAME) + name + bytes(-len(name) % 4)
    head = struct.pack("@IHHII", 32 + len(named), RTM_GETLINK, NLM_F_REQUEST, 0, 0)
    try:
        _asking[0].send(head + bytes(16) + named)
        answer = _asking[0].recv(LONGEST_READ)
    except OSError:
        return None
    kind, index = struct.unpack_from("@H", answer, 4)[0], struct.unpack_from("@i", answer, 20)[0]
    return index if kind == RTM_NEWLINK else None


def _index_or_error(device: str) -> int:
    index = index_of(device)
    if index is None:
        raise OSError(errno.ENODEV, "there is no device %s" % device)
    return index


def error_text(code: int) -> str:
    """Return what an error number means; its name alone where the C library is out of reach."""
    return libc.error_text(code) if libc.is_there else str(errno.errorcode.get(code, code))


# What stays open until the end.
_kept: "list[object]" = []


def lock_file(path: str) -> bool:
    """Lock a file for the life of this process; tell whether nobody else has. Raises OSError."""
    file = open(path, "a+b")  # noqa: SIM115
    _kept.append(file)
    if libc.is_there:
        return libc.lock(file.fileno())
    # A lock belongs to the open file, which the program has from us.
    status = os.system("flock -n %d" % file.fileno()) >> 8
    if status > 1:
        raise OSError(errno.ENOENT, "there is neither ffi nor the program flock to lock it")
    return status == 0


def prepare_process() -> None:
    """Fill what is closed of the standard three descriptors; who starts us allows as many as we may have."""
    file = open("/dev/null", "r+b")  # noqa: SIM115
    while file.fileno() <= 2:
        _kept.append(file)
        file = open("/dev/null", "r+b")  # noqa: SIM115
    file.close()
    set_aside()


def keep_others_out() -> None:
    """Let nobody but root read or write what is made from now on; without ffi who starts us sees to it."""
    if libc.is_there:
        libc.mask_files(0o077)


def listen_at(path: str) -> Socket:
    """Return a socket that accepts control connections of this user alone: to connect is to write."""
    if os.path.exists(path):
        os.unlink(path)
    sock = Socket(AF_UNIX, SOCK_STREAM, 0)
    before = libc.mask_files(0o177) if libc.is_there else 0
    sock.bind(struct.pack("@H", AF_UNIX) + path.encode() + b"\0")
    if libc.is_there:
        libc.mask_files(before)
    sock.listen(128)
    return sock


def freeze_memory() -> None:
    """Collect the garbage of the start now, and not in the first moments of the election."""
    gc.collect()


def be_realtime(priority: int) -> "str | None":
    """Ask for real-time scheduling, or with 0 for the usual one; return why not, or None."""
    if not libc.is_there:
        return "this MicroPython has no ffi" if priority else None
    code = libc.be_realtime(priority)
    return error_text(code) if code else None


lock_memory = libc.lock_memory


def open_signals() -> int:
    """Return a descriptor that becomes readable when this process is asked to end, as far as it can be."""
    if libc.is_there:
        return libc.open_signals()
    # Nothing comes out of it.
    silent = Socket(AF_UNIX, SOCK_DGRAM, 0)
    _kept.append(silent)
    return silent.fileno()


def read_signals(descriptor: int) -> bool:
    """Read what is waiting there; tell whether it was a wish to end."""
    return bool(libc.read(descriptor, 128))
