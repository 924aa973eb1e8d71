# SPDX-License-Identifier: GPL-2.0-or-later
"""The state machine of CARP, as a table: the states and events of vrrp/states.py, and rows of its own.

By OpenBSD's netinet/ip_carp.c, which FreeBSD's and ucarp's come from. It has no Initialize of a group, no
handover and no announcement to a rival's hosts: those rows are haven's, as for VRRP.
"""

from haven.core.vrrp.states import (
    ACTIVE,
    ACTIVE_DOWN_TIMER,
    ADVER_TIMER,
    ADVERT_ACCEPTED,
    ALONE,
    ANNOUNCE,
    BACKUP,
    FAULT,
    HANDED_OVER,
    HIGHER_HEARD,
    INITIALIZE,
    LOWER_HEARD,
    OWN_INTERVAL,
    PRIORITY_ZERO,
    REHEARSED,
    RELEASE,
    SEND_ADVERT,
    SEND_PRIORITY_ZERO,
    SET_SKEW,
    SHUTDOWN,
    STALLED,
    START_ACTIVE_DOWN_TIMER,
    START_ADVER_TIMER,
    STARTUP,
    STARTUP_ADOPTING,
    STOP_TIMERS,
    TAKE_OVER,
)

# Actions that VRRP has not.
SEND_LAST_WORD = "send an advertisement, unless the other is our equal"
TREAT_AS_DOWN = "set the Active_Down_Timer to now"

_BECOME_ACTIVE = (SEND_ADVERT, TAKE_OVER, ANNOUNCE, START_ADVER_TIMER)
_YIELD = (STOP_TIMERS, RELEASE, START_ACTIVE_DOWN_TIMER)

# (state, event, actions, next state, the function of ip_carp.c that says so)
TABLE = (
    (INITIALIZE, STARTUP, (OWN_INTERVAL, START_ACTIVE_DOWN_TIMER), BACKUP, "carp_setrun"),
    (INITIALIZE, STARTUP_ADOPTING, _BECOME_ACTIVE, ACTIVE, ""),
    (INITIALIZE, FAULT, (), INITIALIZE, ""),
    (INITIALIZE, SHUTDOWN, (), INITIALIZE, ""),
    (BACKUP, ACTIVE_DOWN_TIMER, _BECOME_ACTIVE, ACTIVE, "carp_master_down"),
    # CARP takes over at once, all Backups together; in the order of their advskew nobody has to yield again.
    (BACKUP, PRIORITY_ZERO, (SET_SKEW,), BACKUP, ""),
    (BACKUP, ADVERT_ACCEPTED, (START_ACTIVE_DOWN_TIMER,), BACKUP, "carp_proto_input_c"),
    (BACKUP, LOWER_HEARD, (TREAT_AS_DOWN,), BACKUP, "carp_proto_input_c"),
    (BACKUP, SHUTDOWN, (STOP_TIMERS,), INITIALIZE, "carp_setrun"),
    (BACKUP, FAULT, (STOP_TIMERS,), INITIALIZE, "carp_setrun"),
    (ACTIVE, ADVER_TIMER, (SEND_ADVERT, START_ADVER_TIMER), ACTIVE, "carp_send_ad"),
    (ACTIVE, PRIORITY_ZERO, (SEND_ADVERT, START_ADVER_TIMER, ANNOUNCE), ACTIVE, ""),
    # ucarp says a last word, too. OpenBSD and FreeBSD yield to their equal: then nobody would be Active.
    (ACTIVE, HIGHER_HEARD, (SEND_LAST_WORD,) + _YIELD, BACKUP, "carp_proto_input_c"),
    (ACTIVE, STALLED, (SEND_PRIORITY_ZERO,) + _YIELD, BACKUP, ""),
    (ACTIVE, LOWER_HEARD, (SEND_ADVERT, START_ADVER_TIMER, ANNOUNCE), ACTIVE, ""),
    (ACTIVE, SHUTDOWN, (STOP_TIMERS, SEND_PRIORITY_ZERO, RELEASE), INITIALIZE, "carp_send_ad"),
    (ACTIVE, HANDED_OVER, _YIELD, BACKUP, ""),
    (ACTIVE, ALONE, (SEND_PRIORITY_ZERO,) + _YIELD, BACKUP, ""),
    (ACTIVE, REHEARSED, (STOP_TIMERS, RELEASE, OWN_INTERVAL, START_ACTIVE_DOWN_TIMER), BACKUP, ""),
    (ACTIVE, FAULT, (STOP_TIMERS, SEND_PRIORITY_ZERO, RELEASE), INITIALIZE, "carp_send_ad"),
)

_ROWS = {(row[0], row[1]): row for row in TABLE}


def row_for(state: str, event: str) -> "tuple[str, str, tuple[str, ...], str, str]":
    """Return the table's row; an event that a state does not know is a mistake of ours (KeyError)."""
    return _ROWS[(state, event)]
