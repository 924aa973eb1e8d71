# SPDX-License-Identifier: GPL-2.0-or-later
"""Carry out what the engine wants, in its order, and write down what a user should know of it."""

from haven.core import effects
from haven.core.clock import SECOND
from haven.core.value import Value
from haven.core.vrrp import states
from haven.havend.log import log
from haven.havend.messages import fault_text, state_name, transition_text
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from haven.havend.daemon import Daemon


class Executor:
    """Hands each effect to the part of the daemon that can do it."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._acts: dict[type, Callable[[Any], None]] = {
            effects.Send: self._send,
            effects.TakeOver: self._take_over,
            effects.Release: self._release,
            effects.Reapply: self._reapply,
            effects.Announce: self._announce,
            effects.Transition: self._transition,
            effects.HandoverEnded: self._handover_ended,
            effects.SyncWait: self._sync_wait,
            effects.Dropped: self._dropped,
            effects.FaultsChanged: self._faults_changed,
            effects.PriorityChanged: self._priority_changed,
        }

    def perform(self, wanted: "Iterable[Value]") -> None:
        """Carry out effects in their order."""
        for effect in wanted:
            self._acts[type(effect)](effect)

    def _send(self, effect: effects.Send) -> None:
        self._daemon.ports.send(effect)
        self._daemon.spoke = True

    def _take_over(self, effect: effects.TakeOver) -> None:
        self._daemon.holder.take(effect.routers, self._daemon.now)

    def _release(self, effect: effects.Release) -> None:
        self._daemon.holder.release(effect.routers)

    def _reapply(self, effect: effects.Reapply) -> None:
        if self._daemon.holder.reapply(effect.router, self._daemon.now):
            self._daemon.ports.announce(effect.router)

    def _announce(self, effect: effects.Announce) -> None:
        self._daemon.ports.announce(effect.router)

    def _transition(self, effect: effects.Transition) -> None:
        daemon = self._daemon
        text = transition_text(effect)
        daemon.history.note(effect, text)
        daemon.journal.add(
            "transition",
            text,
            **{
                "group": effect.group,
                "virtual_router": effect.router,
                "from": effect.before,
                "to": state_name(effect.after, effect.faults),
                "reason": effect.reason,
            },
        )
        self.note_active()

    def note_active(self) -> None:
        """Leave for the next process which groups are Active now."""
        groups = self._daemon.engine.groups
        active = [name for name in sorted(groups) if groups[name].state == states.ACTIVE]
        self._daemon.alive.set_groups(active, self._daemon.now)

    def _handover_ended(self, effect: effects.HandoverEnded) -> None:
        group = self._daemon.engine.groups.get(effect.group)
        if not effect.done and group is not None and group.state == states.ACTIVE:
            self._daemon.journal.add(
                "handover", "%s: no other router took over; staying Active" % effect.group, group=effect.group
            )
        self._daemon.requests.handover_ended(effect.group, effect.done)

    def _sync_wait(self, effect: effects.SyncWait) -> None:
        text = "%s: waits for the connections before it takes over, at most %d s more"
        words = text % (effect.group, -(-effect.left // SECOND))
        if not effect.left:
            words = "%s: waits no longer for the connections, which have not all come" % effect.group
        self._daemon.journal.add("wait", words, group=effect.group)

    def _dropped(self, effect: effects.Dropped) -> None:
        daemon = self._daemon
        if effect.reason == "vrid":
            # Other people's virtual routers on the same link are nothing to tell of.
            return
        if effect.router is not None:
            daemon.drops[(effect.router, effect.reason)] = (effect.source, daemon.now)
        where = effect.router or effect.device
        more = " (and %d like it before)" % effect.more if effect.more else ""
        log("%s: dropped a packet from %s: %s%s" % (where, text_of(effect.source), effect.text, more), True)

    def _faults_changed(self, effect: effects.FaultsChanged) -> None:
        kind = "fault" if effect.faults else "recovered"
        text = "; ".join(fault_text(fault) for fault in effect.faults) or "no fault any more"
        self._daemon.journal.add(kind, "%s: %s" % (effect.group, text), group=effect.group)

    def _priority_changed(self, effect: effects.PriorityChanged) -> None:
        text = "%s: priority lowered by %d" % (effect.group, effect.penalty)
        if effect.maintenance:
            text = "%s: in maintenance, priority 1" % effect.group
        elif not effect.penalty:
            text = "%s: priority as configured" % effect.group
        self._daemon.journal.add("priority", text, group=effect.group)
