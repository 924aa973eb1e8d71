# SPDX-License-Identifier: GPL-2.0-or-later
"""The numbers of VRRP (RFC 9568 for version 3, RFC 3768 for version 2)."""

from haven.core.clock import CENTISECOND, SECOND

# RFC 9568 5.1.1.4, 5.1.2.4: the IP protocol number.
PROTOCOL = 112
# RFC 9568 5.1.1.3, 5.1.2.3
TTL = 255
# RFC 9568 5.1.1.2, 5.1.2.2
GROUP_V4 = bytes((224, 0, 0, 18))
GROUP_V6 = bytes((0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12))

FAMILIES = (4, 6)
VERSIONS = (2, 3)
# RFC 9568 5.2.3
LOWEST_VRID, HIGHEST_VRID = 1, 255
# RFC 9568 5.2.4: 0 resigns, 255 is the address owner's.
RESIGNATION = 0
LOWEST_PRIORITY, HIGHEST_PRIORITY = 1, 255
OWNER_PRIORITY = 255
# RFC 9568 5.2.5: the count of addresses is an octet.
MOST_ADDRESSES = 255
# RFC 2338 5.3.6.1
PASSWORD_LENGTH = 8

# What an interval is counted in, by version, and how many of it fit (RFC 9568 5.2.7; RFC 3768 5.3.7).
INTERVAL_UNIT_US = {2: SECOND, 3: CENTISECOND}
MOST_INTERVAL_UNITS = {2: 255, 3: 4095}

# RFC 9568 5.2.8 takes the IPv4 checksum over the message alone; keepalived and FRR send it with a
# pseudo-header, as for IPv6. Both are accepted.
PSEUDO_HEADER = "pseudo_header"
MESSAGE = "message"
CHECKSUMS = (PSEUDO_HEADER, MESSAGE)


# OpenBSD's CARP has VRRP's protocol number, and begins like its version 2.
CARP_LENGTH, CARP_WORDS = 36, 7


def is_carp(message: bytes) -> bool:
    """Tell whether a message of this protocol is CARP's: VRRP of that length names another count."""
    return len(message) == CARP_LENGTH and message[0] == 0x21 and message[3] == CARP_WORDS


def longest_interval_us(version: int) -> int:
    """Return the longest interval that an ADVERTISEMENT of a version can say."""
    return INTERVAL_UNIT_US[version] * MOST_INTERVAL_UNITS[version]


def multicast_group(family: int) -> bytes:
    """Return the address that ADVERTISEMENTs are sent to (RFC 9568 5.1.1.2, 5.1.2.2)."""
    return GROUP_V6 if family == 6 else GROUP_V4


def virtual_mac(family: int, vrid: int) -> bytes:
    """Return the MAC address of a virtual router (RFC 9568 7.3)."""
    return bytes((0, 0, 0x5E, 0, 2 if family == 6 else 1, vrid))


def is_link_local(address: bytes) -> bool:
    """Tell whether an address is in fe80::/10 (RFC 4291 2.5.6)."""
    return len(address) == 16 and address[0] == 0xFE and address[1] & 0xC0 == 0x80
