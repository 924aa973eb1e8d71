# SPDX-License-Identifier: GPL-2.0-or-later
"""One WAN: when its interface is to be up here, by the roles and by what the other routers say.

No clock, no socket: what is heard comes in, with the time in seconds of any clock that only grows; `step`
returns what is to be done.
"""

from typing import Any

from haven.agent.roles import ACTIVE
from haven.agent.wan.netifd_status import InterfaceStatus
from haven.core.silence import SILENCES

Document = dict[str, Any]

# An order that netifd has not carried out is given again.
AGAIN_S = 2.0
# A router that hands over says that its interface is down; one that was silent is likely to be dead, and its
# last word is that it was up.
HANDOVER_S = 10.0
SILENCE_S = 0.5
FOUND = "restart"
SILENT = (*SILENCES, "nobody", "startup", FOUND, "adopted", "owner")
# havend says its roles at once where it runs; an agent that is started again must not end what an Active has.
ROLE_S = 3.0
# A PADT is lost as any packet; after it the access concentrator needs a moment to forget.
PADT_TIMES = (0.0, 0.1, 0.3)
SETTLE_S = 0.4
# A provider that has not forgotten the last session does not answer; pppd would ask again after 5 s, and 10.
PROBE_S = 0.25
PROBE_LIMIT_S = 10.0
PROBED = "pppoe"
# How long a lease is good whose end nobody has told.
LEASE_S = 3600

UP, DOWN, CLEAR, PROBE = "up", "down", "clear", "probe"


class Act:
    """Something to be done: `what` is UP, DOWN, CLEAR or PROBE.

    CLEAR has the session to end, again unless `is_first`; PROBE asks whether the provider lets anybody in.
    """

    def __init__(self, what: str, session: Document | None = None, is_first: bool = True) -> None:
        self.what = what
        self.session = session
        self.is_first = is_first

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Act) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.what)

    def __repr__(self) -> str:
        return "Act(%s)" % self.what


class WanMachine:
    """Follows one WAN; `state` is one of contract.wan_words's."""

    def __init__(self, name: str, group: str, interface: str, turn: int = 0) -> None:
        self.name, self.group, self.interface = name, group, interface
        self.state = "unknown"
        # Whether the pair ends here: the client is to give the lease back.
        self.is_ending = False
        self.facts: InterfaceStatus | None = None
        # Whether netifd was heard since the role is known: before, a lease of ours may be there.
        self.is_known = False
        self._role = ""
        self._role_at = self._wait_until = 0.0
        self._first_at: float | None = None
        self._ordered_at = -AGAIN_S
        # Ordered, and netifd has not been heard of it yet.
        self._is_ordered_up = False
        # The number of this role of ours, and the last of the others': who says that it is down after it has
        # heard our number will not come up without having heard that we are.
        self._turn = turn
        self._turns: dict[str, int] = {}
        # What the others have said last, and the sessions that may still stand.
        self._told: dict[str, Document] = {}
        self._sessions: dict[str, Document] = {}
        self._clearing: list[tuple[float, Document, bool]] = []
        self._settled_at = 0.0
        # Since when, and when last, the provider was asked whether it lets anybody in; whether it does.
        self._probed: tuple[float, float] | None = None
        self._is_let_in = False
        # The last lease that anybody had, and when it ends.
        self._lease: tuple[Document, float] | None = None
        self._was_up = False

    # What is heard

    def take_role(self, state: str, reason: str, now: float) -> None:
        """Take the state of the group, and why it has it."""
        if state != self._role:
            self._role, self._was_up, self._ordered_at = state, False, now - AGAIN_S
            self._turn += 1
            self._role_at = now
            self._clearing = []
            self._probed, self._is_let_in = None, False
            # The end that was announced has come, or did not.
            self.is_ending = False
        elif reason == FOUND:
            # It was known, with a better reason than none.
            return
        self._wait_until = self._role_at + (SILENCE_S if reason in SILENT else HANDOVER_S)

    @property
    def is_active(self) -> bool:
        """Whether the interface is to be up here."""
        return self._role == ACTIVE and not self.is_ending

    def take_facts(self, facts: InterfaceStatus, now: float) -> None:
        """Take what netifd says of the interface."""
        self.facts = facts
        self.is_known = self.is_known or self._role != ""
        self._first_at = now if self._first_at is None else self._first_at
        if facts.is_started or now - self._ordered_at >= AGAIN_S:
            self._is_ordered_up = False
        if facts.is_up and self.is_active:
            self._was_up = True
            self._remember(facts.lease, now)
        elif self._was_up and self.is_active:
            # The client has lost it, or somebody has taken the interface down: the address is nobody's.
            self._lease = None

    def _remember(self, lease: Document | None, now: float) -> None:
        left = lease["left_s"] if lease is not None else None
        self._lease = (lease, now + (LEASE_S if left is None else left)) if lease is not None else None

    def hear(self, node: str, word: Document, now: float) -> None:
        """Take what another router says of its end of this WAN."""
        self._told[node] = word
        self._turns[node] = word["turn"]
        if word["session"]:
            self._sessions[node] = word["session"]
        elif not word["is_started"]:
            self._sessions.pop(node, None)
        if word["lease"] and not self._was_up:
            self._remember(word["lease"], now)

    def lose(self, node: str) -> None:
        """Take that another router is not heard any more; what it had may still stand at the provider."""
        self._told.pop(node, None)
        self._turns.pop(node, None)

    # What follows

    def step(self, now: float) -> list[Act]:
        """Return what is to be done now."""
        if self.facts is None or self._first_at is None:
            return []
        if not self._role and now < self._first_at + ROLE_S:
            return []
        if not self.facts.exists:
            self.state = "missing"
            return []
        return self._come_up(self.facts, now) if self.is_active else self._stay_down(self.facts, now)

    def _stay_down(self, facts: InterfaceStatus, now: float) -> list[Act]:
        self.state = "stops" if self._may_be_started(facts) else "down"
        return self._order(DOWN, now) if self.state == "stops" else []

    def _may_be_started(self, facts: InterfaceStatus) -> bool:
        return facts.is_started or self._is_ordered_up

    def _come_up(self, facts: InterfaceStatus, now: float) -> list[Act]:
        if facts.is_started:
            self.state = "up" if facts.is_up else "dials"
            self._sessions.clear()
            return []
        if self.waits_for(now):
            self.state = "waits"
            return []
        acts = self._clear(now)
        if self._clearing or now < self._settled_at:
            self.state = "clears"
            return acts
        if facts.proto == PROBED and not self._is_let_in:
            probe = self._probe(now)
            if not self._is_let_in:
                self.state = "clears"
                return acts + probe
        self.state, self._is_ordered_up = "dials", True
        return acts + self._order(UP, now)

    def waits_for(self, now: float) -> str:
        """Return the router that has to be down first, empty when there is none or it had its time."""
        if now >= self._wait_until:
            return ""
        return next((node for node, word in sorted(self._told.items()) if not self._is_surely_down(word)), "")

    def _is_surely_down(self, word: Document) -> bool:
        return not word["is_started"] and self._turn in word["seen"]

    def _clear(self, now: float) -> list[Act]:
        """End the sessions of routers that have not said that they are down."""
        for session in self._sessions.values():
            self._clearing += [(now + after, session, not after) for after in PADT_TIMES]
            self._settled_at = now + SETTLE_S
        self._sessions.clear()
        due = [each for each in self._clearing if each[0] <= now]
        self._clearing = [each for each in self._clearing if each[0] > now]
        return [Act(CLEAR, session, is_first) for _at, session, is_first in due]

    def let_in(self) -> None:
        """Take that the provider has answered: it lets somebody in."""
        self._is_let_in = True

    def _probe(self, now: float) -> list[Act]:
        began, last = self._probed or (now, now - PROBE_S)
        if now - began >= PROBE_LIMIT_S:
            # Perhaps it answers pppd alone.
            self._is_let_in = True
        if now - last < PROBE_S:
            return []
        self._probed = (began, now)
        return [Act(PROBE)]

    def _order(self, what: str, now: float) -> list[Act]:
        if now - self._ordered_at < AGAIN_S:
            return []
        self._ordered_at = now
        return [Act(what)]

    @property
    def is_busy(self) -> bool:
        """Whether something is under way that is worth a closer look."""
        return self.state in ("unknown", "waits", "clears", "dials", "stops")

    # What is told

    def lease(self, now: float) -> Document | None:
        """Return the lease that this router has, or would go on with, with the rest of its time."""
        if self._lease is None or self._lease[1] <= now:
            return None
        return {**self._lease[0], "left_s": int(self._lease[1] - now)}

    def others_session(self) -> Document | None:
        """Return the session of another router that would be ended before this one dials."""
        return next((each for _node, each in sorted(self._sessions.items())), None)

    @property
    def is_kept(self) -> bool:
        """Whether the client of this router holds the lease."""
        return self._was_up

    def word(self, now: float, identity: dict[str, str], session: Document | None) -> Document:
        """Return what the other routers are told (contract.wan_words.WAN)."""
        facts = self.facts
        is_started = facts is None or self._may_be_started(facts)
        mine = is_started and self.is_active and self._was_up
        return {
            "name": self.name,
            "state": self.state,
            "is_started": is_started,
            "turn": self._turn,
            "seen": sorted(self._turns.values()),
            "identity": identity,
            "lease": self.lease(now) if mine else None,
            "session": session if is_started else None,
        }

    def differences(self, identity: dict[str, str]) -> list[tuple[str, str]]:
        """Return what differs between the routers: (router, what)."""
        return [
            (node, key)
            for node, word in sorted(self._told.items())
            for key in sorted(identity)
            if key in word["identity"] and word["identity"][key] != identity[key]
        ]
