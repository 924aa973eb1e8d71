# SPDX-License-Identifier: GPL-2.0-or-later
"""How long the steps of a trial may take: for the keeper that takes them, and for who waits for it."""

from haven.contract.setup import CONFIRM_S
from haven.reload_time import RELOAD_S

# A service that is asked to follow the files: it may be a whole reload, of haven or of netifd.
SERVICE_S = RELOAD_S
# netifd takes a second after its reload; a slow router's Python some more until haven is Active.
OWN_ADDRESS_S = 20
GATEWAY_S = 60
# Until it is in force: haven is enabled, the firewall and the network are reloaded, haven is started.
LONGEST_START_S = 4 * SERVICE_S + OWN_ADDRESS_S + GATEWAY_S
# An undo: the network, haven's end, the firewall, dnsmasq, what else was changed, haven's start.
UNDO_S = 6 * SERVICE_S + OWN_ADDRESS_S + GATEWAY_S
# The old addresses stay until haven has them, or the trial is over.
GUARD_S = int(LONGEST_START_S) + CONFIRM_S + 10
