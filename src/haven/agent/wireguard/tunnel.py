# SPDX-License-Identifier: GPL-2.0-or-later
"""One WireGuard interface on this machine: what netifd and `wg` are asked and told."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of
from haven.agent.part import Surroundings
from haven.agent.roles import ACTIVE
from haven.agent.wireguard import wg_tool
from haven.agent.wireguard.configured import read_port_and_key
from haven.agent.wireguard.peer_places import PeerPlaces
from haven.agent.wireguard.tunnel_steps import make_loans, networks_of
from haven.agent.wireguard.wg_tool import Command, TunnelFacts
from haven.contract.control import ANSWER_PATIENCE_S, encode_request
from haven.contract.problems import problem
from haven.ubus import caller
from haven.ubus.caller import UbusFailure

Document = dict[str, Any]

FLAGS = "/sys/class/net/%s/flags"
IFF_UP = 1
# How often the peers are looked at, so often a place that is news goes to the others.
READ_S, AT_REST_S = 2.0, 30.0
LIMIT_S = 5.0
ORDER_AGAIN_S = 2.0
# The role of a router whose havend does not answer: another one is Active by now.
ALONE = "alone"
LONG_S = 10.0
EVENTS = {"up": "wireguard-up", "down": "wireguard-down"}


class Tunnel:
    """Follows the role of its group; `moved` is called when something may be news to others."""

    def __init__(self, around: Surroundings, section: Document, moved: Callable[[], None]) -> None:
        self.section = section
        self.group: str = section["group"]
        self.device: str = section["device"]
        # A standby has no device of netifd's to ask, and the first word after a takeover goes by the port.
        self.port, private = read_port_and_key(around.root, section["interface"])
        self.key_mark = wg_tool.key_mark(private)
        self._scope, self._moved = around.scope.inner(), moved
        self._places = PeerPlaces()
        self._role = ""
        self._networks: list[str] = []
        # netifd's, where the interface is its own: None while it has not answered.
        self._exists: bool | None = None if section["interface"] else True
        self._is_started = False
        self._ordered = ("", 0.0)
        self._read_at = -AT_REST_S
        # What is yet to be done: end the sessions of a device at rest, tell it a place, call the peers.
        self._is_ended, self._is_placed, self._is_called = False, True, False
        self._is_busy_with_netifd = self._is_busy_with_wg = False
        self._netifd_failure = self._wg_failure = ""
        self._state_since = ("unknown", time.monotonic())

    # What is heard

    def take_role(self, role: str) -> None:
        """Take the state of the group, and act on it at once."""
        if (role == ACTIVE) != self.is_active:
            self._is_called = False
            self._ordered = ("", 0.0)
        self._role = role
        self.look()

    def hear(self, peers: list[Document]) -> None:
        """Take where the router that has the tunnel up has heard the peers."""
        if not self.is_active and self._places.hear(peers, time.monotonic()):
            self._is_placed = False

    def forget_listener(self, node: str) -> None:
        """Take it that a router knows nothing."""
        self._places.forget_listener(node)

    @property
    def is_active(self) -> bool:
        """Whether it is to be up here."""
        return self._role == ACTIVE

    @property
    def is_up(self) -> bool:
        """Whether the link is up."""
        return bool((self._flags() or 0) & IFF_UP)

    @property
    def is_busy(self) -> bool:
        """Whether something is under way; what does not get on is looked at as seldom as everything else."""
        if self._wg_failure or time.monotonic() - self._state_since[1] > LONG_S:
            return False
        return self.state in ("comes", "goes") or (self.is_active and not self._is_called)

    def _flags(self) -> int | None:
        try:
            with open(FLAGS % self.device, encoding="ascii") as file:
                return int(file.read(), 16)
        except (OSError, ValueError):
            return None

    @property
    def state(self) -> str:
        """How it is, as in contract/wireguard_words.py."""
        flags = self._flags()
        if not self._role or self._exists is None:
            return "unknown"
        if not self._exists or (flags is None and not self.section["interface"]):
            return "missing"
        is_up = bool((flags or 0) & IFF_UP)
        if self.is_active:
            return "up" if is_up else "comes"
        return "goes" if is_up else "down"

    # What is done

    def look(self) -> None:
        """See how it is, and do what is to be done about it."""
        if self.section["interface"] and not self._is_busy_with_netifd:
            self._is_busy_with_netifd = True
            caller.call(self._scope, self._path, "status", {}, self._take_status)
        self._look_at_peers()
        if self.state != self._state_since[0]:
            before, self._state_since = self._state_since[0], (self.state, time.monotonic())
            if before != "unknown" and self.state in EVENTS:
                self._note(EVENTS[self.state], interface=self.device)

    @property
    def _path(self) -> str:
        return "network.interface." + str(self.section["interface"])

    def _take_status(self, answer: Any) -> None:
        self._is_busy_with_netifd = False
        if isinstance(answer, UbusFailure) and not answer.is_absent:
            # netifd may be starting: what it had said holds until it says something else.
            self._netifd_failure = str(answer)
            return
        self._netifd_failure = ""
        self._exists = not isinstance(answer, UbusFailure)
        told: Document = answer if self._exists else {}
        self._is_started = any(told.get(key) for key in ("up", "pending", "autostart"))
        if self._exists and self._role:
            self._order("up" if self.is_active else "down")

    def _order(self, what: str) -> None:
        now = time.monotonic()
        is_told = self._ordered[0] == what and now - self._ordered[1] < ORDER_AGAIN_S
        if self._is_started != (what == "up") and not is_told:
            self._ordered = (what, now)
            caller.call(self._scope, self._path, what, {}, lambda _answer: self.look())

    def _look_at_peers(self) -> None:
        age = time.monotonic() - self._read_at
        if self._is_busy_with_wg or self._flags() is None:
            return
        if self.is_up and self._role == ALONE and not self.section["interface"]:
            self._run([(["ip", "link", "set", "dev", self.device, "down"], None)])
        elif not self.is_up:
            if self.is_active:
                self._is_called = False
            elif not (self._is_placed and self._is_ended) or age >= AT_REST_S:
                self._read(self._rest)
        elif self.is_active and not self._is_called:
            self._read(self._call)
        elif self.is_active and age >= READ_S:
            self._read(self._take_own)

    def _read(self, then: Callable[[TunnelFacts], None]) -> None:
        self._read_at = time.monotonic()

        def done(end: ChildEnd) -> None:
            try:
                facts = TunnelFacts(end.output)
            except (ValueError, IndexError):
                self._wg_failure = "what it tells is not understood"
                return
            self.port, self.key_mark = facts.port, facts.key_mark or self.key_mark
            if not self.section["interface"]:
                # netifd makes routes by itself.
                self._networks = networks_of(facts.peers)
            then(facts)
            self._moved()

        self._run([wg_tool.dump_command(self.device)], done)

    def _rest(self, facts: TunnelFacts) -> None:
        """Let a device at rest know where the peers are, for the moment when it is set up."""
        commands = [] if self._is_ended else wg_tool.end_commands(self.device, facts)
        self._is_ended = self._is_placed = True
        self._run(commands + wg_tool.place_commands(self.device, self._places.wanted(facts.peers)))

    def _call(self, facts: TunnelFacts) -> None:
        """Begin a handshake with everybody who had a session until now."""
        self._is_called, self._is_placed, self._is_ended = True, True, False
        peers = self._places.to_call(facts.peers, time.monotonic())
        rest = self._places.wanted({key: facts.peers[key] for key in facts.peers if key not in _keys(peers)})
        commands = wg_tool.call_commands(self.device, self._places.places(), peers)
        self._run(commands + wg_tool.place_commands(self.device, rest))
        if peers:
            self._note("wireguard-called", count=len(peers))

    def _take_own(self, facts: TunnelFacts) -> None:
        self._places.take_own(facts.peers, time.monotonic(), time.time())

    def _run(self, commands: list[Command], then: Callable[[ChildEnd], None] = lambda _end: None) -> None:
        """Run commands one after the other; `then` gets the end of the last, if all is well."""
        if not commands:
            return
        self._is_busy_with_wg = True

        def done(outcome: ChildEnd | CallFailure) -> None:
            self._is_busy_with_wg = False
            if isinstance(outcome, CallFailure) or outcome.status:
                self._wg_failure = _why(outcome)
                return
            self._wg_failure = ""
            if commands[1:]:
                self._run(commands[1:], then)
            else:
                then(outcome)

        try:
            argv, stdin = commands[0]
            self._scope.run(argv, done, LIMIT_S, stdin)
        except OSError as why:
            self._is_busy_with_wg, self._wg_failure = False, str(why)

    def _note(self, code: str, **facts: Any) -> None:
        told = {"code": code, "facts": {"group": self.group, "tunnel": self.section["name"], **facts}}
        self._scope.ask_havend(encode_request("note", told), lambda _outcome: None, ANSWER_PATIENCE_S)

    # What is told

    def loans(self) -> list[Document]:
        """Return what havend is to do with the group."""
        return make_loans(self.section, self._networks)

    def word(self, node: str) -> Document:
        """Return what a router is told now; what it was told before is left out."""
        is_ours = self.is_active and self.is_up
        return {
            "name": self.section["name"],
            "is_up": is_ours,
            "key": self.key_mark,
            "clock_ms": int(time.time() * 1000),
            "peers": self._places.news_for(node, time.monotonic()) if is_ours and self._is_called else [],
        }

    def account(self) -> Document:
        """Return what is shown."""
        return {
            "name": self.section["name"],
            "group": self.group,
            "interface": self.device,
            "state": self.state,
            "port": self.port,
            "known": len(self._places),
        }

    def problems(self) -> list[Document]:
        """Return what is the matter."""
        facts = {"interface": self.device}
        state, since = self._state_since
        found = []
        if self._netifd_failure:
            found.append(self._problem("wireguard-netifd", **facts, error=self._netifd_failure))
        if state == "missing":
            found.append(self._problem("wireguard-missing", **facts))
        if state == "comes" and time.monotonic() - since > LONG_S:
            found.append(self._problem("wireguard-down", **facts))
        if self._wg_failure and self._flags() is not None:
            found.append(self._problem("wireguard-tool", **facts, error=self._wg_failure))
        return found

    def _problem(self, code: str, **facts: Any) -> Document:
        return problem(code, self.section["name"], **facts)

    def close(self) -> None:
        """Leave the interface as it is."""
        self._scope.close()


def _keys(peers: list[wg_tool.PeerFacts]) -> set[str]:
    return {peer.key for peer in peers}


def _why(outcome: ChildEnd | CallFailure) -> str:
    if isinstance(outcome, CallFailure):
        return str(outcome)
    return (complaint_of(outcome).splitlines() or ["wg"])[0]
