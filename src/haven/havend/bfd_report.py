# SPDX-License-Identifier: GPL-2.0-or-later
"""What people are shown of BFD sessions: their account in the status, and what is the matter with them."""

from haven.contract.problems import problem
from haven.core.bfd.bfd_session import OF_HEARING
from haven.core.bfd.control_packet import ADMIN_DOWN, DOWN, STATE_NAMES
from haven.core.clock import SECOND
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.bfd.demultiplexer import Demultiplexer
    from haven.havend.watched_session import WatchedSession

    Document = dict[str, Any]

RECENT_US = 15 * SECOND
# Both may start at once, and speak once a second at first.
PATIENCE_US = 5 * SECOND
# What has a problem of its own; the rest is told of together.
_OWN = ("ttl", "auth")


def told(watched: "WatchedSession", demultiplexer: "Demultiplexer", now: int) -> "Document":
    """Return a session as the status has it (contract/planned_bfd.py)."""
    session = watched.session
    spec, is_known = session.spec, session.heard_at is not None
    return {
        "name": spec.name,
        "device": spec.device,
        "address": text_of(spec.address),
        "virtual_routers": watched.routers,
        "state": STATE_NAMES[session.state],
        "for_s": (now - session.since) / SECOND,
        "diagnostic": session.diagnostic,
        "peer_state": STATE_NAMES[session.remote_state],
        "peer_diagnostic": session.remote_diagnostic,
        "detection_ms": session.detection_us() / 1000 if is_known else None,
        "transmit_ms": session.transmit_us() / 1000,
        "sent": session.sent,
        "received": session.received,
        "errors": demultiplexer.drops[spec.place()].counts,
    }


def of_session(watched: "WatchedSession", demultiplexer: "Demultiplexer", now: int) -> "list[Document]":
    """Return what is the matter with a session."""
    session, found = watched.session, []
    spec = session.spec
    facts = {"peer": text_of(spec.address), "device": spec.device}
    error = watched.open_error or watched.send_error
    if error is not None:
        found.append(problem("bfd-failed", spec.name, error=error, **facts))
    elif not session.is_up() and now - session.since >= PATIENCE_US:
        found.append(problem(_why_down(watched), spec.name, **facts))
    last = demultiplexer.drops[spec.place()].last
    recent = [reason for reason in sorted(last) if now - last[reason] < RECENT_US]
    found += [problem("bfd-" + reason, spec.name, **facts) for reason in recent if reason in _OWN]
    others = [reason for reason in recent if reason not in _OWN]
    if others:
        found.append(problem("bfd-broken", spec.name, reasons=others, **facts))
    return found


def _why_down(watched: "WatchedSession") -> str:
    session = watched.session
    if session.remote_state == ADMIN_DOWN:
        return "bfd-refused"
    if session.heard_at is None:
        return "bfd-down"
    is_unheard = session.remote_state == DOWN and session.remote_diagnostic in OF_HEARING
    return "bfd-unheard" if is_unheard else "bfd-down"


def of_strangers(demultiplexer: "Demultiplexer", now: int) -> "list[Document]":
    """Return who has lately sent packets that no session is with."""
    recent = [
        each for each in sorted(demultiplexer.strangers) if now - demultiplexer.strangers[each] < RECENT_US
    ]
    return [problem("bfd-stranger", device, peer=text_of(source), device=device) for device, source in recent]
