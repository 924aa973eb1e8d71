# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that plays dead: it forwards nothing, answers no ARP request and no neighbour solicitation.

The rules match by sets whose elements run out by themselves, so that whoever has set them may die.
"""

from collections.abc import Iterable

from haven.drill.set_elements import add_elements

TABLE = "haven_drill"

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


def die(forwarding: Iterable[str], all_devices: Iterable[str], silent_s: float, deaf_s: float) -> None:
    """Let a kernel that is prepared forward and answer nothing for so long. Raises OSError."""
    rows = (("dead", forwarding, silent_s), ("deaf", all_devices, deaf_s))
    found = [("inet", name, tuple(devices), seconds) for name, devices, seconds in rows]
    add_elements(TABLE, [*found, ("arp", *found[1][1:])])
