# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a reload may take: for who waits behind another one, and for the agent that has begun one.

One that is slow has a reason: a compiler with hundreds of virtual routers on a small processor, havend in the
middle of a handover, OpenWrt's netifd and firewall while all interfaces come up. Killed on the way, it would
leave havend with the new plan and the firewall and DHCP with the old.
"""

# For all of one, with what follows the plan on OpenWrt. Whoever waits for another has done nothing yet, and
# gives up after that.
RELOAD_S = 240.0
# Both one after the other, and a moment to say so: what goes on still hangs.
WITH_TURN_S = 2 * RELOAD_S + 20.0
