# SPDX-License-Identifier: GPL-2.0-or-later
"""haven-agent: its parts, what they hear of havend, and the report that is made of what they say."""

import sys
import time
from typing import Any

from haven.agent.carrier import Carrier
from haven.agent.channel.part import ChannelPart
from haven.agent.claimants.part import ClaimantsPart
from haven.agent.conntrack.part import ConntrackPart
from haven.agent.drill.part import DrillPart
from haven.agent.havend_link import HavendLink
from haven.agent.history.part import HistoryPart
from haven.agent.leases.part import LeasesPart
from haven.agent.lender import Lender
from haven.agent.loop import Loop, Scope, Timer
from haven.agent.metrics.part import MetricsPart
from haven.agent.notify.part import NotifyPart
from haven.agent.openvpn.part import OpenvpnPart
from haven.agent.part import Part, Places
from haven.agent.plan_reader import PlanReader
from haven.agent.roles import Roles
from haven.agent.routes.part import RoutesPart
from haven.agent.scripts.part import ScriptsPart
from haven.agent.services.part import ServicesPart
from haven.agent.small_nodes.part import SmallNodesPart
from haven.agent.supervisor import SupervisedPart
from haven.agent.tracking.part import TrackingPart
from haven.agent.ubus.part import UbusPart
from haven.agent.wan.part import WanPart
from haven.agent.wireguard.part import WireguardPart
from haven.contract.control import PREPARE_LIMIT_S, REPORT_EVERY_S

# A part is a row here and a folder; nothing else names it.
PARTS: tuple[type[Part], ...] = (
    ConntrackPart,
    UbusPart,
    ScriptsPart,
    ChannelPart,
    TrackingPart,
    WanPart,
    WireguardPart,
    LeasesPart,
    ServicesPart,
    ClaimantsPart,
    OpenvpnPart,
    MetricsPart,
    NotifyPart,
    RoutesPart,
    HistoryPart,
    DrillPart,
    SmallNodesPart,
)

# havend goes on by itself after PREPARE_LIMIT_S.
PREPARE_S = 0.8 * PREPARE_LIMIT_S
# A part that looks at its own things every second asks for the report itself, and one is enough.
UNASKED_AFTER_S = 1.2 * REPORT_EVERY_S
# procd kills the agent 20 s after the order to end.
END_S = 10.0


class Agent:
    """One node's control plane; `ending` when it is to stop."""

    def __init__(
        self, run_dir: str, config: str, kinds: tuple[type[Part], ...] = PARTS, root: str = "/"
    ) -> None:
        self.ending = False
        self._loop = Loop()
        self._plan = PlanReader(run_dir)
        self._roles = Roles()
        self._link = HavendLink(self._loop, run_dir, self._hear, self._lose)
        self._report_is_due = False
        self._unasked: Timer | None = None
        self._said_in_sync = False
        # The groups on each interface of netifd's, by the plan in force.
        self._groups_on: dict[str, set[str]] = {}
        places = Places(run_dir, config, root)
        told = (self._roles, self._report_soon, lambda: self._said_in_sync, self._interface_up)
        self._lender = Lender(Scope(self._loop, run_dir, _complain))
        shared = (Carrier(), self._lender)
        self._parts = [SupervisedPart(kind, self._loop, places, *told, *shared) for kind in kinds]

    def run(self) -> None:
        """Run until `ending`."""
        # As havend: what is wrong on stderr, everything else on stdout.
        print("haven-agent: started", flush=True)
        self._take_plan(self._plan.read())
        for part in self._parts:
            part.start()
        self._link.connect()
        self._report()
        while not self.ending:
            self._turn()
        self._end()

    def _turn(self) -> None:
        self._loop.turn()
        if self._report_is_due:
            self._report()

    def _end(self) -> None:
        left = set(self._parts)
        for part in self._parts:
            part.end(lambda part=part: left.discard(part))  # type: ignore[misc]
        until = time.monotonic() + END_S
        # The loop's longest wait is short.
        while left and time.monotonic() < until:
            self._turn()
        for part in self._parts:
            part.close()
        self._link.close()
        self._loop.close()

    # What havend says

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("prepare"):
            self._roles.is_ending = message.get("ending") is True
            self._prepare()
        elif "doubt" in message:
            for part in self._parts:
                part.tell(lambda part: part.take_doubt(message["doubt"]))
        elif "event" in message:
            self._hear_event(message["event"])
        elif message.get("ok") and "groups" in (message.get("result") or {}):
            # It may be another process, to which nothing was lent.
            self._lender.forget()
            # Until havend has answered there may be no plan: it is starting, too.
            self._take_plan(self._plan.read())
            self._take_changes(self._roles.compare(message["result"]["groups"]))

    def _hear_event(self, event: dict[str, Any]) -> None:
        if event["kind"] == "reload":
            self._take_plan(self._plan.read())
        self._take_changes(self._roles.hear(event))
        for part in self._parts:
            part.tell(lambda part: part.take_event(event))

    def _take_changes(self, changes: list[Any]) -> None:
        for part in self._parts:
            part.tell(lambda part: part.take_roles())
            for change in changes:
                part.tell(lambda part, change=change: part.take_change(change))  # type: ignore[misc]

    def _lose(self) -> None:
        for part in self._parts:
            part.tell(lambda part: part.take_loss())

    def _interface_up(self, name: str) -> None:
        """netifd forgets what it was told of an interface that is set up anew."""
        groups = self._groups_on.get(name)
        if groups:
            for part in self._parts:
                part.tell(lambda part: part.take_again(groups))

    def _take_plan(self, plan: dict[str, Any] | None) -> None:
        if plan is not None:
            self._lender.forget()
            self._groups_on = {}
            for router in plan["virtual_routers"]:
                self._groups_on.setdefault(router.get("interface") or "", set()).add(router["group"])
            for part in self._parts:
                part.take_plan(plan)

    def _prepare(self) -> None:
        """Say so when every part is ready for a handover, or its time is over."""
        left = set(self._parts)

        def say() -> None:
            timer.cancel()
            self._link.say("prepared")

        timer = self._loop.at(time.monotonic() + PREPARE_S, say)
        for part in self._parts:

            def ready(part: SupervisedPart = part) -> None:
                left.discard(part)
                if not left and timer.act is not None:
                    say()

            part.finish(lambda each, done: each.prepare(done), ready)

    # What havend is told

    def _report_soon(self) -> None:
        self._report_is_due = True

    def _report(self) -> None:
        self._report_is_due = False
        if self._unasked is not None:
            self._unasked.cancel()
        self._unasked = self._loop.at(time.monotonic() + UNASKED_AFTER_S, self._report)
        self._take_plan(self._plan.read_again())
        account: dict[str, Any] = {}
        problems = self._link.problems() or self._plan_problems()
        for part in self._parts:
            # In this order: the account of a problem that begins meanwhile tells of it already.
            problems += part.problems()
            account |= part.account()
        # Without the plan nobody knows what there would be to lose.
        self._said_in_sync = self._plan.is_read and all(part.is_in_sync() for part in self._parts)
        self._link.report(self._said_in_sync, problems, account)

    def _plan_problems(self) -> list[dict[str, Any]]:
        # A havend that waits for its first plan has no group, and no file of the plan.
        return self._plan.problems(bool(self._roles.states), self._link.havend_version)


def _complain(error: BaseException) -> None:
    print(f"haven-agent: lending: {error!r}", file=sys.stderr, flush=True)
