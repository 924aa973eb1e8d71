# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that plays dead: it forwards nothing, answers no ARP request and no neighbour solicitation.

The rules match by sets whose elements run out by themselves, so that whoever has set them may die.
"""

from collections.abc import Iterable

# To name a table before deleting it makes the deletion succeed when it was not there.
REMOVE = "".join(
    f"table {family} haven_drill\ndelete table {family} haven_drill\n" for family in ("inet", "arp")
)
# BFD has the ports 3784, and 4784 over several hops.
RULES = """
table inet haven_drill {
 set deaf { type ifname; flags timeout; }
 set dead { type ifname; flags timeout; }
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
  oifname @deaf udp dport { 3784, 4784 } drop
 }
}
table arp haven_drill {
 set deaf { type ifname; flags timeout; }
 chain input {
  type filter hook input priority -300
  iifname @deaf arp operation request drop
 }
}
"""
# Hooks that are new take the kernel many milliseconds, so they are there before the moment that is measured.
PREPARE = REMOVE + RULES
# Forwards again, and goes on answering nobody.
FORWARD = "flush set inet haven_drill dead\n"


def script(forwarding: Iterable[str], all_devices: Iterable[str], silent_s: float, deaf_s: float) -> str:
    """Return what nft has to do, once prepared, for so long: of devices that forward, and of all."""
    deaf = _elements(all_devices, deaf_s)
    return (
        f"add element inet haven_drill dead {_elements(forwarding, silent_s)}\n"
        f"add element inet haven_drill deaf {deaf}\n"
        f"add element arp haven_drill deaf {deaf}\n"
    )


def _elements(devices: Iterable[str], seconds: float) -> str:
    listed = ", ".join(f'"{device}" timeout {round(1000 * seconds)}ms' for device in sorted(set(devices)))
    return "{ %s }" % listed
