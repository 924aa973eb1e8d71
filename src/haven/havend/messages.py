# SPDX-License-Identifier: GPL-2.0-or-later
"""What happened, in a sentence for the person who reads the log."""

from haven.core.clock import SECOND
from haven.core.effects import Transition
from haven.core.tracking import LINK_DOWN, NO_SOURCE, TRACKED_DOWN
from haven.inet import text_of

_STATE = {"initialize": "Initialize", "backup": "Backup", "active": "Active", "fault": "Fault"}

_FAULT = {
    LINK_DOWN: "the link of %s is down",
    NO_SOURCE: "%s has no address to advertise from",
    TRACKED_DOWN: "the tracked device %s is down",
}


def fault_text(fault: "tuple[str, str]") -> str:
    """Return a fault in words."""
    return _FAULT[fault[0]] % fault[1]


def state_name(state: str, faults: "tuple[tuple[str, str], ...]") -> str:
    """Return the state to show: Initialize with a fault is called fault."""
    return "fault" if faults and state == "initialize" else state


def transition_text(change: Transition) -> str:
    """Return a transition in words, with its cause."""
    before, after = _STATE[change.before], _STATE[state_name(change.after, change.faults)]
    return "%s: %s -> %s: %s" % (change.group, before, after, _reason_text(change))


def _reason_text(change: Transition) -> str:
    peer = "another router" if change.peer is None else text_of(change.peer)
    active = "the Active" if change.peer is None else "the Active %s" % peer
    if change.reason == "silence":
        if change.silence is None:
            return "no Active was heard"
        return "%s was silent for %s" % (active, _duration(change.silence))
    if change.reason == "fault":
        return "; ".join(fault_text(fault) for fault in change.faults)
    return {
        "startup": "started",
        "owner": "started as the owner of the addresses",
        "adopted": "havend restarted in time, the addresses were still in place",
        "resigned": "%s resigned" % active,
        "preempt": "%s has the lower priority %s" % (active, change.peer_priority),
        "higher": "%s ranks higher with priority %s" % (peer, change.peer_priority),
        "stalled": "this node was late and %s has taken over meanwhile" % peer,
        "handed_over": "handed over to %s" % peer,
        "stop": "stopped",
    }[change.reason]


def _duration(microseconds: int) -> str:
    if microseconds < SECOND:
        return "%d ms" % (microseconds // 1000)
    return "%.2f s" % (microseconds / SECOND)
