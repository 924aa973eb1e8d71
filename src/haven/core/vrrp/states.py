# SPDX-License-Identifier: GPL-2.0-or-later
"""The state machine of a virtual router, as a table.

Everything that decides on a state stands in this file. A row says: in this state, on this event, do
these actions in this order and go to that state. A row that changes the state is carried out by every
member of the group at once, and so is a priority 0 that a Backup hears, for it means the whole group; any
other row, by the one virtual router concerned. So no two members of a group are ever in different states.
What calls for an event is in virtual_router.py (adverts and timers), tracking.py (faults) and group.py
(the user's wishes, and which link of a group judges a rival).

Both versions share the table. It differs from RFC 3768 in one row: a version 2 Active, too, answers a
lower priority at once, as keepalived does.
"""

INITIALIZE = "initialize"
BACKUP = "backup"
ACTIVE = "active"

# Events, in the RFC's words where it has them.
STARTUP = "startup"
STARTUP_OWNER = "startup of the address owner"
STARTUP_ADOPTING = "startup in time, addresses still in place"
ACTIVE_DOWN_TIMER = "Active_Down_Timer fires"
ADVER_TIMER = "Adver_Timer fires"
PRIORITY_ZERO = "ADVERTISEMENT with priority 0"
ADVERT_ACCEPTED = "ADVERTISEMENT of an Active that we accept"
LOWER_HEARD = "ADVERTISEMENT of a lower priority"
HIGHER_HEARD = "ADVERTISEMENT of a higher priority"
STALLED = "ADVERTISEMENT of whoever took over while we slept"
SHUTDOWN = "shutdown"
HANDED_OVER = "another Active answered our priority 0"
ALONE = "neither another router nor a witness was heard on a link for long"
FAULT = "fault"
REHEARSED = "a rehearsal: silent from now on, as after a power cut"

# Actions.
SEND_ADVERT = "send an ADVERTISEMENT"
SEND_PRIORITY_ZERO = "send an ADVERTISEMENT with priority 0"
TAKE_OVER = "take the addresses"
RELEASE = "give the addresses up"
ANNOUNCE = "send gratuitous ARP or unsolicited neighbour advertisements"
START_ADVER_TIMER = "set the Adver_Timer to Advertisement_Interval"
START_ACTIVE_DOWN_TIMER = "set the Active_Down_Timer to Active_Down_Interval"
SET_SKEW = "set the Active_Down_Timer to Skew_Time"
ADOPT_INTERVAL = "take Active_Adver_Interval from the ADVERTISEMENT"
OWN_INTERVAL = "set Active_Adver_Interval to Advertisement_Interval"
STOP_TIMERS = "cancel the timers"

_BECOME_ACTIVE = (SEND_ADVERT, TAKE_OVER, ANNOUNCE, START_ADVER_TIMER)
_YIELD = (STOP_TIMERS, RELEASE, ADOPT_INTERVAL, START_ACTIVE_DOWN_TIMER)

# (state, event, actions, next state, where RFC 9568 says so)
TABLE = (
    (INITIALIZE, STARTUP_OWNER, _BECOME_ACTIVE, ACTIVE, "6.4.1"),
    (INITIALIZE, STARTUP, (OWN_INTERVAL, START_ACTIVE_DOWN_TIMER), BACKUP, "6.4.1"),
    # Not in the RFC: a process that was away for less than three intervals was missed by nobody.
    (INITIALIZE, STARTUP_ADOPTING, _BECOME_ACTIVE, ACTIVE, ""),
    (INITIALIZE, FAULT, (), INITIALIZE, ""),
    (INITIALIZE, SHUTDOWN, (), INITIALIZE, ""),
    (BACKUP, ACTIVE_DOWN_TIMER, _BECOME_ACTIVE, ACTIVE, "6.4.2"),
    (BACKUP, PRIORITY_ZERO, (SET_SKEW,), BACKUP, "6.4.2"),
    (BACKUP, ADVERT_ACCEPTED, (ADOPT_INTERVAL, START_ACTIVE_DOWN_TIMER), BACKUP, "6.4.2"),
    (BACKUP, LOWER_HEARD, (), BACKUP, "6.4.2"),
    (BACKUP, SHUTDOWN, (STOP_TIMERS,), INITIALIZE, "6.4.2"),
    (BACKUP, FAULT, (STOP_TIMERS,), INITIALIZE, ""),
    (ACTIVE, ADVER_TIMER, (SEND_ADVERT, START_ADVER_TIMER), ACTIVE, "6.4.3"),
    # The announcement is not in the RFC: hosts may have followed whoever gives up here.
    (ACTIVE, PRIORITY_ZERO, (SEND_ADVERT, START_ADVER_TIMER, ANNOUNCE), ACTIVE, "6.4.3"),
    # Not in the RFC: the last ADVERTISEMENT. Without it the other may never learn that hosts had followed us.
    (ACTIVE, HIGHER_HEARD, (SEND_ADVERT,) + _YIELD, BACKUP, "6.4.3"),
    # Whoever took over is to answer and to announce: hosts hear of nobody else by then.
    (ACTIVE, STALLED, (SEND_PRIORITY_ZERO,) + _YIELD, BACKUP, ""),
    # The RFC asks for the answer; the announcement tells hosts that had followed the rival.
    (ACTIVE, LOWER_HEARD, (SEND_ADVERT, START_ADVER_TIMER, ANNOUNCE), ACTIVE, "6.4.3"),
    (ACTIVE, SHUTDOWN, (STOP_TIMERS, SEND_PRIORITY_ZERO, RELEASE), INITIALIZE, "6.4.3"),
    # A handover sends priority 0 first and gives up the addresses when the next Active is heard.
    (ACTIVE, HANDED_OVER, _YIELD, BACKUP, ""),
    # Beyond a cut another may be Active, and is so the sooner where a link still brings our priority 0.
    (ACTIVE, ALONE, (SEND_PRIORITY_ZERO,) + _YIELD, BACKUP, ""),
    # Nobody is told: that is what is rehearsed. Who asks for it sets a longer timer (rehearsal.py).
    (ACTIVE, REHEARSED, (STOP_TIMERS, RELEASE, OWN_INTERVAL, START_ACTIVE_DOWN_TIMER), BACKUP, ""),
    (ACTIVE, FAULT, (STOP_TIMERS, SEND_PRIORITY_ZERO, RELEASE), INITIALIZE, ""),
)

_ROWS = {(row[0], row[1]): row for row in TABLE}


def row_for(state: str, event: str) -> "tuple[str, str, tuple[str, ...], str, str]":
    """Return the table's row; an event that a state does not know is a mistake of ours (KeyError)."""
    return _ROWS[(state, event)]
