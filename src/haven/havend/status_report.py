# SPDX-License-Identifier: GPL-2.0-or-later
"""The status document, version 1 (docs/design.md): asked of the living process, never of a file."""

import os

from haven.core.vrrp import states
from haven.havend import diagnosis
from haven.havend.messages import fault_text, state_name
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.group import Group
    from haven.core.virtual_router import VirtualRouter
    from haven.havend.daemon import Daemon

VERSION = 1


def status(daemon: "Daemon", now: int) -> "dict[str, Any]":
    """Return the status of this node."""
    groups = [daemon.engine.groups[name] for name in sorted(daemon.engine.groups)]
    return {
        "version": VERSION,
        "node": daemon.plan.node,
        "pid": os.getpid(),
        "state": _node_state(groups),
        "since": max(
            (daemon.history.since(group.spec.name) for group in groups), default=daemon.started.wall()
        ),
        "uptime": daemon.started.age(),
        "virtual_routers": [
            _router(daemon, group, member, now) for group in groups for member in group.members
        ],
        "groups": [_group(daemon, group, now) for group in groups],
        "conntrack": daemon.agent.connections(now),
        "peers": daemon.agent.peers(now),
        "plan": {
            "config": daemon.plan.config,
            "loaded_at": daemon.loaded.wall(),
            "virtual_routers": len(daemon.plan.routers),
        },
        "problems": _problems(daemon, groups, now),
    }


def _node_state(groups: "list[Group]") -> str:
    shown = [state_name(group.state, group.faults) for group in groups]
    if any(group.maintenance for group in groups) and states.ACTIVE not in shown:
        return "maintenance"
    for state in ("fault", states.ACTIVE, states.BACKUP):
        if state in shown:
            return state
    return states.INITIALIZE


def _group(daemon: "Daemon", group: "Group", now: int) -> "dict[str, Any]":
    name, wait = group.spec.name, group.sync_wait_left(now)
    return {
        "name": name,
        "state": state_name(group.state, group.faults),
        "since": daemon.history.since(name),
        "members": [member.spec.name for member in group.members],
        "preempt": group.spec.preempt,
        "maintenance": group.maintenance,
        "leaving": group.handover,
        "preempt_wait_ms": None if wait is None else wait // 1000,
        "priority_penalty": group.penalty,
        "faults": [fault_text(fault) for fault in group.faults],
        "last_transition": daemon.history.last(name),
    }


def _router(daemon: "Daemon", group: "Group", router: "VirtualRouter", now: int) -> "dict[str, Any]":
    spec, plan = router.spec, daemon.plan.routers[router.spec.name]
    return {
        "name": spec.name,
        "group": group.spec.name,
        "device": spec.device,
        "interface": plan.interface,
        "vrid": spec.vrid,
        "family": spec.family,
        "version": spec.version,
        "state": state_name(group.state, group.faults),
        "since": daemon.history.since(group.spec.name),
        "priority": router.priority,
        "configured_priority": spec.priority,
        "interval_ms": spec.advert_interval_us // 1000,
        "addresses": plan.addresses,
        "address_held": daemon.holder.is_held(spec.name),
        "active": _active(group, router, now),
        "counters": {
            "sent": router.counters.sent,
            "received": router.counters.received,
            "priority_zero_sent": router.counters.priority_zero_sent,
            "priority_zero_received": router.counters.priority_zero_received,
            "became_active": router.counters.became_active,
            "errors": dict(sorted(router.counters.errors.items())),
        },
        "last_transition": daemon.history.last(group.spec.name),
        "faults": [fault_text(fault) for fault in router.faults],
    }


def _active(group: "Group", router: "VirtualRouter", now: int) -> "dict[str, Any]":
    if group.state == states.ACTIVE:
        own = None if router.source is None else text_of(router.source)
        return {"address": own, "priority": router.priority, "seen_ms": None, "self": True}
    source, heard = router.active_source, router.heard_at
    return {
        "address": None if source is None else text_of(source),
        "priority": router.active_priority,
        "seen_ms": None if heard is None else (now - heard) // 1000,
        "self": False,
    }


def _problems(daemon: "Daemon", groups: "list[Group]", now: int) -> "list[dict[str, str]]":
    found = diagnosis.of_refusal(daemon.refused, not daemon.plan.routers)
    for group in groups:
        found.extend(diagnosis.of_group(group, now))
        found.extend(diagnosis.of_ports(group, daemon.ports.mute, daemon.ports.deaf))
    found.extend(diagnosis.of_drops(daemon.drops, now))
    found.extend(diagnosis.of_failures(daemon.holder.failures))
    found.extend(daemon.own_problems)
    found.extend(daemon.agent.problems(now))
    if daemon.agent.is_missed(daemon.plan.copies_connections, now):
        found.append(diagnosis.problem("agent-silent", "haven-agent"))
    return found
