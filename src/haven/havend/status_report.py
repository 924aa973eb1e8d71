# SPDX-License-Identifier: GPL-2.0-or-later
"""This node as a status document (contract/status.py)."""

import os
import time

from haven.contract.faults import fault, fault_text
from haven.contract.freshness import VERSION, is_fresh_active, is_fresh_peer, shown_state
from haven.core.spec import CARP
from haven.core.vrrp import states
from haven.havend import diagnosis
from haven.havend.moment import Moment
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.core.auth.authenticator import Authenticator
    from haven.core.engine import Engine
    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.address_keeper import AddressKeeper
    from haven.havend.agent_link import AgentLink
    from haven.havend.askers import Askers
    from haven.havend.last_transitions import LastTransitions
    from haven.havend.plan_in_force import PlanInForce
    from haven.havend.router_adverts import RouterAdverts
    from haven.havend.vrrp_sockets import VrrpSockets

    Document = dict[str, Any]
    Problems = list[Document]


class StatusReport:
    """Asks everybody; `problems` tells what else is the matter."""

    def __init__(
        self,
        engine: "Engine",
        in_force: "PlanInForce",
        sockets: "VrrpSockets",
        addresses: "AddressKeeper",
        transitions: "LastTransitions",
        agent: "AgentLink",
        adverts: "RouterAdverts",
        problems: "Callable[[], Problems]",
        askers: "Askers",
    ) -> None:
        self._engine = engine
        self._in_force = in_force
        self._sockets = sockets
        self._addresses = addresses
        self._transitions = transitions
        self._agent = agent
        self._adverts = adverts
        self._more_problems = problems
        self._askers = askers
        self._started = Moment()

    def status(self, now: int) -> "Document":
        """Return the status of this node."""
        groups = [self._engine.groups[name] for name in sorted(self._engine.groups)]
        plan, state = self._in_force.plan, _node_state(groups)
        since = [self._transitions.since(group.spec.name) for group in groups]
        document: Document = {"conntrack": {}, "peers": []}
        document.update(self._agent.accounts(now))
        document["peers"] = [self._peer(each, state, now) for each in document["peers"]]
        document.update(
            version=VERSION,
            node=plan.node,
            pid=os.getpid(),
            state=state,
            since=max(since, default=self._started.wall()),
            uptime=self._started.age(),
            at=time.time(),
            virtual_routers=[self._router(group, each, now) for group in groups for each in group.members],
            groups=[self._group(group, now) for group in groups],
            plan={
                "config": plan.config,
                "loaded_at": self._in_force.loaded.wall(),
                "virtual_routers": len(plan.routers),
            },
            at_risk=self._agent.at_risk(document, state == states.ACTIVE),
            problems=self._problems(groups, document["peers"], now),
        )
        if self._askers.bfd is not None:
            document["bfd"] = self._askers.bfd.report(now)
        return document

    def _peer(self, told: "Document", state: str, now: int) -> "Document":
        peer = dict(told)
        if peer.get("heard_ms") is not None:
            peer["heard_ms"] += self._agent.age_ms(now)
        contradicts = peer.get("state") == state == states.ACTIVE
        peer["fresh"] = is_fresh_peer(peer.get("heard_ms"), contradicts)
        return peer

    def _group(self, group: "Group", now: int) -> "Document":
        name, left = group.spec.name, group.preemption.sync_wait_left(now)
        sync_wait_ms = None if left is None else left // 1000
        witnesses = self._askers.witnesses
        document: Document = {
            "name": name,
            "state": shown_state(group.state, group.faults),
            "since": self._transitions.since(name),
            "members": [member.spec.name for member in group.members],
            "preempt": group.spec.preempt,
            "maintenance": group.maintenance,
            "handover": group.handover,
            "leaving": group.handover,
            "sync_wait_ms": sync_wait_ms,
            "preempt_wait_ms": sync_wait_ms,
            "losses": group.preemption.hold_back.count(now),
            "held_back_ms": group.preemption.hold_back.left(now) // 1000,
            "priority_penalty": group.penalty,
            "checks": [
                {"name": check, "weight": weight, "up": self._engine.verdict(check)}
                for check, weight in group.spec.checks
            ],
            "faults": _fault_texts(group.faults),
            "last_transition": self._transitions.last(name),
            "witnesses": witnesses.report(group, now) if witnesses is not None else [],
            "detection": self._detection(group, now),
        }
        document.update(self._transitions.counts.report(name))
        return document

    def _detection(self, group: "Group", now: int) -> "Document | None":
        heartbeats, bfd = self._askers.heartbeats, self._askers.bfd
        if group.state != states.BACKUP or (heartbeats is None and bfd is None):
            return None
        found: Document = {"by": "advertisements", "after_ms": _longest_ms(group), "ways": []}
        if heartbeats is not None:
            found = heartbeats.report(group, now)
        return found if bfd is None else bfd.detection(found, group, now)

    def _router(self, group: "Group", router: "VirtualRouter", now: int) -> "Document":
        spec, plan, counters = router.spec, self._in_force.plan.routers[router.spec.name], router.counters
        document = {
            "name": spec.name,
            "group": group.spec.name,
            "device": spec.device,
            "interface": plan.interface,
            "vrid": spec.vrid,
            "family": spec.family,
            "version": spec.version,
            "state": shown_state(group.state, group.faults),
            "since": self._transitions.since(group.spec.name),
            "priority": router.shown(router.priority),
            "configured_priority": spec.priority,
            "interval_ms": spec.advert_interval_us // 1000,
            "addresses": plan.addresses,
            "address_held": self._addresses.is_held(spec.name),
            "active": _active(group, router, now),
            "counters": {
                "sent": counters.sent,
                "received": counters.received,
                "priority_zero_sent": counters.priority_zero_sent,
                "priority_zero_received": counters.priority_zero_received,
                "became_active": counters.became_active,
                "refused": counters.refused,
                "errors": dict(sorted(counters.errors.items())),
            },
            "last_transition": self._transitions.last(group.spec.name),
            "faults": _fault_texts(router.faults),
        }
        if router.auth is not None:
            document["authentication"] = auth_account(router.auth)
        if spec.protocol == CARP:
            document["protocol"] = CARP
        account = self._adverts.account(spec.name)
        if account is not None:
            document["router_advert"] = account
        return document

    def _problems(self, groups: "list[Group]", peers: "list[Document]", now: int) -> "Problems":
        found, witnesses = self._in_force.problems(), self._askers.witnesses
        heartbeats = self._askers.heartbeats
        for group in groups:
            found.extend(diagnosis.of_group(group, now))
            found.extend(diagnosis.of_sockets(group, self._sockets, now))
            found.extend(witnesses.problems(group, now) if witnesses is not None else [])
            found.extend(heartbeats.problems(group, now) if heartbeats is not None else [])
        found.extend(diagnosis.of_strangers(groups, peers, now))
        age = min((self._transitions.age(group.spec.name) for group in groups), default=0)
        found.extend(diagnosis.of_split(groups, peers, age, now))
        found.extend(diagnosis.of_failures(self._addresses.failures))
        found.extend(self._adverts.problems(now))
        found.extend(self._askers.bfd.problems(now) if self._askers.bfd is not None else [])
        found.extend(self._more_problems())
        found.extend(self._agent.problems(now))
        return found


def auth_account(auth: "Authenticator") -> "Document":
    """Return what is shown of keys; nobody without any loads it."""
    from haven.havend.auth_report import account

    return account(auth)


def _node_state(groups: "list[Group]") -> str:
    shown = [shown_state(group.state, group.faults) for group in groups]
    if any(group.maintenance for group in groups) and states.ACTIVE not in shown:
        return "maintenance"
    for state in ("fault", states.ACTIVE, states.BACKUP):
        if state in shown:
            return state
    return states.INITIALIZE


def _longest_ms(group: "Group") -> float:
    return round(max([member.active_down_us() for member in group.members], default=0) / 1000, 1)


def _fault_texts(found: "tuple[tuple[str, str], ...]") -> "list[str]":
    return [fault_text(fault(kind, about)) for kind, about in found]


def _active(group: "Group", router: "VirtualRouter", now: int) -> "Document":
    if group.state == states.ACTIVE:
        own = None if router.source is None else text_of(router.source)
        rank = router.shown(router.priority)
        return {"address": own, "priority": rank, "seen_ms": None, "self": True, "fresh": True}
    source, heard = router.active_source, router.heard_at
    # In Initialize ADVERTISEMENTs are counted, and not whose they are: nobody is known as Active then.
    seen_ms = None if heard is None or source is None else (now - heard) // 1000
    interval_ms = router.active_adver_interval_us // 1000
    return {
        "address": None if source is None else text_of(source),
        "priority": router.shown(router.active_priority),
        "seen_ms": seen_ms,
        "self": False,
        "fresh": seen_ms is not None and is_fresh_active(seen_ms, interval_ms),
    }
