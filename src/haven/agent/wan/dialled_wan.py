# SPDX-License-Identifier: GPL-2.0-or-later
"""One WAN on this machine: what netifd is asked and told, and what goes out on its device."""

import time
from collections.abc import Callable
from random import getrandbits
from typing import Any

from haven.agent.part import Surroundings
from haven.agent.wan import pppoe
from haven.agent.wan.client_process import is_client_alive
from haven.agent.wan.customer import mac_of, read_identity
from haven.agent.wan.lease_steps import make_loan
from haven.agent.wan.netifd_status import InterfaceStatus
from haven.agent.wan.provider_line import ProviderLine
from haven.agent.wan.standby_device import StandbyDevice
from haven.agent.wan.wan_machine import CLEAR, PROBE, Act, WanMachine
from haven.contract.control import ANSWER_PATIENCE_S, encode_request
from haven.contract.problems import problem
from haven.ubus import caller
from haven.ubus.caller import UbusFailure

Document = dict[str, Any]

# So long nothing is lent as long as netifd, or havend, has not said what this router has.
KNOWN_WITHIN_S = 5.0
# An interface that is dialling for longer has a reason.
LONG_S = 30.0
STEP_S = 0.05
EVENTS = {"up": "wan-up", "down": "wan-down", "dials": "wan-dials"}
# How often the configuration of the network is read for what the provider sees of it.
IDENTITY_S = 15.0


class Wan:
    """Carries out what its machine wants; `moved` is called when something may be news to others."""

    def __init__(self, around: Surroundings, section: Document, moved: Callable[[], None]) -> None:
        self.section = section
        self._root, scope, run_dir = around.root, around.scope, around.run_dir
        self.group: str = section["group"]
        self.interface: str = section["interface"]
        self.identity: dict[str, str] = {}
        self._identified = ("", -IDENTITY_S)
        self._scope, self._moved = scope.inner(), moved
        self._machine = WanMachine(section["name"], self.group, self.interface, getrandbits(32))
        self._standby = StandbyDevice(scope, run_dir, self.interface)
        self._line = ProviderLine(self._scope, self._let_in)
        self._is_asked = self._is_stepping = False
        self._failure = ""
        self._made_at = time.monotonic()
        self._state_since = (self._machine.state, time.monotonic())

    # What is heard

    def take_role(self, state: str, reason: str) -> None:
        """Take the state of the group, and act on it at once."""
        self._machine.take_role(state, reason, time.monotonic())
        self._step()
        self.look()

    def hear(self, node: str, word: Document) -> None:
        """Take what another router says."""
        self._machine.hear(node, word, time.monotonic())
        self._step()

    def lose(self, node: str) -> None:
        """Take that another router is not heard any more."""
        self._machine.lose(node)

    def identify(self) -> None:
        """See now and then by what the provider knows this router."""
        device, at = self._identified
        if device != self.device or time.monotonic() - at >= IDENTITY_S:
            self._identified = (self.device, time.monotonic())
            self.identity = read_identity(self._root, self.interface, self.device)

    def look(self) -> None:
        """Ask netifd how the interface is; one question at a time."""
        if not self._is_asked:
            self._is_asked = True
            caller.call(self._scope, self._path, "status", {}, self._take_status)

    @property
    def _path(self) -> str:
        return f"network.interface.{self.interface}"

    def _take_status(self, answer: Any) -> None:
        self._is_asked = False
        if isinstance(answer, UbusFailure) and not answer.is_absent:
            # netifd may be starting: what it had said holds until it says something else.
            self._failure = str(answer)
            return
        self._failure = ""
        facts = InterfaceStatus(None if isinstance(answer, UbusFailure) else answer)
        if self._is_client_at_work(facts):
            facts.is_started = True
        self._machine.take_facts(facts, time.monotonic())
        if facts.held_device:
            self._standby.keep(facts.held_device, self._machine.is_active)
        self._step()

    def _is_client_at_work(self, facts: InterfaceStatus) -> bool:
        if facts.proto == "pppoe":
            return pppoe.read_session(facts.device, mac_of(facts.device)) is not None
        return facts.proto == "dhcp" and is_client_alive(self._root, self.interface)

    # What is done

    def _step(self) -> None:
        for act in self._machine.step(time.monotonic()):
            self._carry_out(act)
        if self._machine.state != self._state_since[0]:
            before, self._state_since = self._state_since[0], (self._machine.state, time.monotonic())
            # How it is found at the start is no event.
            if before != "unknown" and self._machine.state in EVENTS:
                self._note(EVENTS[self._machine.state], interface=self.interface)
        if self._machine.state in ("waits", "clears") and not self._is_stepping:
            # What it waits for has its own time, whatever netifd says when.
            self._is_stepping = True
            self._scope.after(STEP_S, self._step_again)
        self._moved()

    def _step_again(self) -> None:
        self._is_stepping = False
        self._step()

    def _note(self, code: str, **facts: Any) -> None:
        told = {"code": code, "facts": {"group": self.group, "wan": self.section["name"], **facts}}
        request = encode_request("note", told)
        self._scope.ask_havend(request, lambda _outcome: None, ANSWER_PATIENCE_S)

    def _carry_out(self, act: Act) -> None:
        if act.what == CLEAR:
            assert act.session is not None
            if self._line.end_session(self.device, act.session, act.is_first) and act.is_first:
                self._note("wan-session-ended", session=act.session["id"])
            return
        if act.what == PROBE:
            self._line.ask(self.device, self.identity.get("service", ""))
            return
        self._line.stop_asking()
        caller.call(self._scope, self._path, act.what, {}, lambda _answer: self.look())

    def _let_in(self) -> None:
        self._machine.let_in()
        self._step()

    def release(self) -> None:
        """Take the interface down for good; its client gives back what it has."""
        self._machine.is_ending = True
        self._step()
        self.look()

    # What is told

    @property
    def device(self) -> str:
        """The device that the interface is on, empty while nobody knows."""
        return self._machine.facts.device if self._machine.facts is not None else ""

    @property
    def is_active(self) -> bool:
        """Whether the interface is to be up here."""
        return self._machine.is_active

    @property
    def is_started(self) -> bool:
        """Whether a client may be at work."""
        return self._machine.facts is not None and self._machine.facts.is_started

    @property
    def is_busy(self) -> bool:
        """Whether something is under way."""
        return self._machine.is_busy

    def word(self) -> Document:
        """Return what the other routers are told."""
        return self._machine.word(time.monotonic(), self.identity, self._session())

    def _session(self) -> Document | None:
        facts = self._machine.facts
        if facts is None or facts.proto != "pppoe" or not facts.device:
            return None
        return pppoe.read_session(facts.device, mac_of(facts.device))

    @property
    def is_known(self) -> bool:
        """Whether it is known what is to be lent, or is not to be waited for any more."""
        return self._machine.is_known or time.monotonic() - self._made_at >= KNOWN_WITHIN_S

    def loan(self) -> Document | None:
        """Return what havend is to take with the group."""
        lease = self._machine.lease(time.monotonic())
        if lease is None or not self.device:
            return None
        kept = self._machine.is_kept
        return make_loan("wan " + self.section["name"], self.group, self.device, lease, kept)

    def account(self) -> Document:
        """Return what is shown."""
        facts, lease = self._machine.facts, self._machine.lease(time.monotonic())
        return {
            "name": self.section["name"],
            "group": self.group,
            "interface": self.interface,
            "device": self.device,
            "proto": facts.proto if facts is not None else "",
            "state": self._machine.state,
            "waits_for": self._machine.waits_for(time.monotonic()) if self.is_active else "",
            "lease": lease,
            "session": self._session() or self._machine.others_session(),
        }

    def problems(self) -> list[Document]:
        """Return what is the matter."""
        name, state = self.section["name"], self._machine.state
        found = []
        if self._failure:
            found.append(problem("wan-netifd", name, error=self._failure))
        if state == "missing":
            found.append(problem("wan-missing", name, interface=self.interface))
        if state == "dials" and time.monotonic() - self._state_since[1] > LONG_S:
            found.append(problem("wan-dials", name, interface=self.interface, error=self._errors()))
        for node, what in self._machine.differences(self.identity):
            found.append(problem("wan-differs", name, node=node, what=what))
        return found

    def _errors(self) -> str:
        facts = self._machine.facts
        return ", ".join(facts.errors) if facts is not None and facts.errors else "no answer"

    def let_go(self) -> None:
        """Let netifd do with the device what it does without us."""
        self._standby.let_go()

    def close(self) -> None:
        """Leave the device as it was found; the interface stays as it is."""
        self._standby.close()
        self._line.close()
        self._scope.close()
