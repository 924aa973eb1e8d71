# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that plays dead: it forwards nothing, answers no ARP request and no neighbour solicitation.

The rules match by sets whose elements run out by themselves, so that whoever has set them may die.
"""

from collections.abc import Iterable

# To name a table before deleting it makes the deletion succeed when it was not there.
REMOVE = "".join(
    f"table {family} haven_drill\ndelete table {family} haven_drill\n" for family in ("inet", "arp")
)
# BFD's ports, single hop and multihop.
BFD_PORTS = "{ 3784, 4784 }"
RULES = (
    """
table inet haven_drill {
 set deaf { type ifname; flags timeout; %(deaf)s}
 set dead { type ifname; flags timeout; %(dead)s}
 chain forward {
  type filter hook forward priority -300
  iifname @dead drop
  oifname @dead drop
 }
 chain input {
  type filter hook input priority -300
  iifname @deaf icmpv6 type nd-neighbor-solicit drop
 }
 chain output {
  type filter hook output priority -300
  oifname @deaf udp dport """
    f"{BFD_PORTS}"
    """ drop
 }
}
table arp haven_drill {
 set deaf { type ifname; flags timeout; %(deaf)s}
 chain input {
  type filter hook input priority -300
  iifname @deaf arp operation request drop
 }
}
"""
)
# Forwards again, and goes on answering nobody.
FORWARD = "flush set inet haven_drill dead\n"


def script(forwarding: Iterable[str], all_devices: Iterable[str], silent_s: float, deaf_s: float) -> str:
    """Return what nft has to do for so long: the devices that carry traffic, and all that are asked on."""
    sets = {"dead": _elements(forwarding, silent_s), "deaf": _elements(all_devices, deaf_s)}
    return REMOVE + RULES % sets


def _elements(devices: Iterable[str], seconds: float) -> str:
    listed = ", ".join(f'"{device}" timeout {round(1000 * seconds)}ms' for device in sorted(set(devices)))
    return "elements = { %s }; " % listed if listed else ""
