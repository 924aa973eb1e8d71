# SPDX-License-Identifier: GPL-2.0-or-later
"""The answers to what the agent asks over the control socket (contract/control.py)."""

from haven.contract.control import Refusal, done
from haven.contract.fields import DocumentError
from haven.contract.freshness import shown_state
from haven.contract.message import ODD_FACTS
from haven.contract.status import check_report
from haven.core.vrrp import states
from haven.havend import other_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.engine import Engine
    from haven.havend.agent_link import AgentLink
    from haven.havend.control_server import ControlClient
    from haven.havend.event_history import EventHistory
    from haven.havend.loop_orders import LoopOrders
    from haven.havend.plan_in_force import PlanInForce

    Document = dict[str, Any]


class AgentAnswers:
    """Answers the agent's requests."""

    def __init__(
        self,
        loop: "LoopOrders",
        engine: "Engine",
        in_force: "PlanInForce",
        events: "EventHistory",
        agent: "AgentLink",
    ) -> None:
        self._loop = loop
        self._engine = engine
        self._in_force = in_force
        self._events = events
        self._agent = agent
        self._answers = {
            "agent": self._attach_agent,
            "report": self._take_report,
            "prepared": self._prepared,
            "lend": self._lend,
            "note": self._note,
            "vouch": self._vouch,
            "vouched": self._take_word,
            "compare": self._compare,
        }

    def ask(self, client: "ControlClient", request: "Document") -> "Document | None":
        """Return the answer to a request. Raises Refusal."""
        return self._answers[request["command"]](client, request)

    def _attach_agent(self, client: "ControlClient", request: "Document") -> "Document | None":
        answer = self._agent.attach(client, request)
        groups = self._engine.groups
        answer["groups"] = {name: shown_state(each.state, each.faults) for name, each in groups.items()}
        return done(answer)

    def _take_report(self, client: "ControlClient", request: "Document") -> "Document | None":
        try:
            self._loop.hear_agent(check_report(request))
        except DocumentError as error:
            raise Refusal("request-wrong", error=str(error)) from None
        return done({})

    def _prepared(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._agent.prepared()
        return done({})

    def _lend(self, client: "ControlClient", request: "Document") -> "Document | None":
        from haven.contract.lending import read_loans

        try:
            loans = read_loans(request["loans"])
        except DocumentError as error:
            raise Refusal("request-wrong", error=str(error)) from None
        self._loop.loans.lend(loans, self._in_force.plan.renew_us, self._loop.now)
        return done({})

    def _note(self, client: "ControlClient", request: "Document") -> "Document | None":
        try:
            self._events.add_noted(request["code"], request["facts"])
        except ODD_FACTS as error:
            raise Refusal("request-wrong", error="note: %r" % error) from None
        return done({})

    # By another path than the links

    def _vouch(self, client: "ControlClient", request: "Document") -> "Document | None":
        return done({"adverts": other_path.adverts(self._engine, request["members"], self._loop.now)})

    def _take_word(self, client: "ControlClient", request: "Document") -> "Document | None":
        for event in other_path.events(self._engine, request["adverts"]):
            self._loop.handle(event)
        return done({})

    def _compare(self, client: "ControlClient", request: "Document") -> "Document | None":
        groups = self._engine.groups
        for name in [each for each in sorted(groups) if groups[each].state == states.ACTIVE]:
            self._agent.doubt(groups[name], self._loop.now)
        return done({})
