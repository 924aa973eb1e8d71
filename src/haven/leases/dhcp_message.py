# SPDX-License-Identifier: GPL-2.0-or-later
"""What an IPv4 packet says of a lease (RFC 2131, RFC 2132)."""

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

UDP = 17
SERVER_PORT, CLIENT_PORT = 67, 68
COOKIE = b"\x63\x82\x53\x63"
# The fixed part of a message up to the cookie, and where in it an address of the client's begins.
FIXED, HARDWARE_AT = 236, 28
REQUEST, ACK = 3, 5
HOST_NAME, LEASE_TIME, MESSAGE_TYPE, CLIENT_ID, FQDN = 12, 51, 53, 61, 81
PAD, END = 0, 255
ETHERNET = 1
LONGEST_NAME = 63
SIGNS = b"-_"


class DhcpMessage:
    """A DHCP message, as far as a lease is concerned; `kind` is its option 53, 0 where there is none."""

    def __init__(self, octets: bytes) -> None:
        self.op, self.hardware, length = octets[0], octets[1], min(octets[2], 16)
        self.xid = octets[4:8]
        self.mac = octets[HARDWARE_AT : HARDWARE_AT + length]
        self.yours = ".".join("%d" % octet for octet in octets[16:20])
        self.options = _options(octets[FIXED + 4 :])
        kind = self.options.get(MESSAGE_TYPE, b"")
        self.kind = kind[0] if len(kind) == 1 else 0

    @property
    def mac_text(self) -> str:
        """The client's address as dnsmasq writes it, with the type of any hardware but Ethernet."""
        text = ":".join("%02x" % octet for octet in self.mac)
        return text if text and self.hardware == ETHERNET else "%02x-%s" % (self.hardware, text)

    @property
    def client_id(self) -> str:
        """The client identifier as dnsmasq writes it, empty where there is none."""
        return ":".join("%02x" % octet for octet in self.options.get(CLIENT_ID, b""))

    @property
    def name(self) -> str:
        """The first word of the host's name, empty where there is none that the DNS would have."""
        full = self.options.get(FQDN, b"")[3:]
        if full and self.options[FQDN][0] & 4:
            # As the DNS writes it: a length before each word.
            full = full[1 : 1 + full[0]]
        return _word(self.options.get(HOST_NAME) or full)

    @property
    def lasts_s(self) -> int:
        """How long the lease is good, 0 where that is not said."""
        octets = self.options.get(LEASE_TIME, b"")
        return struct.unpack(">I", octets)[0] if len(octets) == 4 else 0

    def binding(self, request: "DhcpMessage | None") -> "dict[str, Any]":
        """Return what an ACK binds; the client's name and identifier are those of its request, too."""
        asked = request or self
        return {
            "address": self.yours,
            "mac": self.mac_text,
            "client_id": asked.client_id or self.client_id,
            "name": self.name or asked.name,
            "lasts_s": self.lasts_s,
        }


def read_packet(packet: bytes) -> "DhcpMessage | None":
    """Return the DHCP message of an IPv4 packet, or None for anything else."""
    header = (packet[0] & 15) * 4 if len(packet) >= 20 else 0
    if header < 20 or packet[0] >> 4 != 4 or packet[9] != UDP:
        return None
    octets = packet[header + 8 :]
    if len(octets) < FIXED + 4 or octets[FIXED : FIXED + 4] != COOKIE:
        return None
    return DhcpMessage(octets)


def _options(octets: bytes) -> "dict[int, bytes]":
    found: dict[int, bytes] = {}
    at = 0
    while at < len(octets) and octets[at] != END:
        if octets[at] == PAD:
            at += 1
            continue
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            break
        value = octets[at + 2 : at + 2 + octets[at + 1]]
        # One that is longer than 255 octets comes in pieces (RFC 3396).
        found[octets[at]] = found.get(octets[at], b"") + value
        at += 2 + octets[at + 1]
    return found


def _word(octets: bytes) -> str:
    word = octets.rstrip(b"\0").partition(b".")[0]
    good = word and len(word) <= LONGEST_NAME and all(_is_letter(octet) or octet in SIGNS for octet in word)
    return word.decode() if good and word[0] not in SIGNS else ""


def _is_letter(octet: int) -> bool:
    return 48 <= octet <= 57 or 65 <= octet <= 90 or 97 <= octet <= 122
