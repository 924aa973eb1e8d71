# SPDX-License-Identifier: GPL-2.0-or-later
"""All WireGuard interfaces of a router, and what paired routers tell each other of them."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.carrier import PeerLine
from haven.agent.havend_watch import HavendWatch
from haven.agent.part import Surroundings
from haven.agent.wireguard.source_rules import SourceRules, voices
from haven.agent.wireguard.tunnel import ALONE, Tunnel
from haven.contract.fields import DocumentError
from haven.contract.problems import problem
from haven.contract.wireguard_words import check_tunnels

Document = dict[str, Any]

# What the routers say to each other is a row of contract/channel.py.
KIND = "wireguard"
LOOK_S, BUSY_LOOK_S = 1.0, 0.03
# How often a router says what has not changed, which is its clock.
SAY_S = 30.0
END_S = 5.0
# A handshake is told by a clock that is a little coarse.
BEHIND_MS = 1000


class Tunnels:
    """One Tunnel a section; `take_plan` makes them."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._tunnels: dict[str, Tunnel] = {}
        self._rules = SourceRules(around.scope)
        self._watch = HavendWatch(around.scope, self._follow)
        # What each router has said last, {node: {tunnel: its word}}, and by how much our clock was behind.
        self._heard: dict[str, dict[str, Document]] = {}
        self._behind_ms: dict[str, int] = {}
        self._said: dict[str, tuple[list[Document], float]] = {}
        around.carrier.hear(
            KIND, lambda line, message: around.scope.guard(lambda: self._hear(line.peer.node, message))
        )
        self._look()

    def take_plan(self, sections: list[Document]) -> None:
        """Take the sections in force."""
        wanted = {each["name"]: each for each in sections}
        for name, tunnel in list(self._tunnels.items()):
            if tunnel.section != wanted.get(name):
                self._tunnels.pop(name).close()
        for name, section in wanted.items():
            if name not in self._tunnels:
                self._tunnels[name] = Tunnel(self._around, section, self._moved)
        self.take_roles()

    def take_roles(self) -> None:
        """Take the state of every group, of which havend has just told."""
        self._watch.hear()
        self._follow()

    def _follow(self) -> None:
        for tunnel in self._tunnels.values():
            state = self._around.roles.states.get(tunnel.group, "")
            tunnel.take_role(ALONE if state and self._watch.is_alone else state)
        self._moved()

    # The paired routers

    def _hear(self, node: str, message: Document) -> None:
        try:
            words = check_tunnels(message["tunnels"])
        except (DocumentError, TypeError, ValueError):
            return
        self._heard[node] = {word["name"]: word for word in words}
        for word in words:
            self._behind_ms[node] = word["clock_ms"] - int(time.time() * 1000)
            if word["is_up"] and word["name"] in self._tunnels:
                self._tunnels[word["name"]].hear(word["peers"])

    def _open_lines(self) -> dict[str, PeerLine]:
        return {line.peer.node: line for line in self._around.carrier.lines() if line.is_open}

    def _say(self) -> None:
        lines = self._open_lines()
        for node in set(self._said) - set(lines):
            # Who comes back has heard nothing yet.
            del self._said[node]
            self._heard.pop(node, None)
            for tunnel in self._tunnels.values():
                tunnel.forget_listener(node)
        for node, line in lines.items():
            self._say_to(node, line)

    def _say_to(self, node: str, line: PeerLine) -> None:
        words = [tunnel.word(node) for tunnel in self._tunnels.values()]
        before, at = self._said.get(node, ([], -SAY_S))
        states, now = [_state(word) for word in words], time.monotonic()
        if states != before or now - at >= SAY_S or any(word["peers"] for word in words):
            self._said[node] = states, now
            line.say(KIND, tunnels=words)

    # The turn of things

    def _look(self) -> None:
        for tunnel in self._tunnels.values():
            tunnel.look()
        self._moved()
        busy = any(tunnel.is_busy for tunnel in self._tunnels.values())
        self._around.scope.after(BUSY_LOOK_S if busy else LOOK_S, self._look)

    def _moved(self) -> None:
        """Let havend and the others know what may be news."""
        loans = [loan for tunnel in self._tunnels.values() for loan in tunnel.loans()]
        self._around.lender.lend(KIND, loans)
        ports: dict[str, set[int]] = {}
        for tunnel in self._tunnels.values():
            if tunnel.port:
                ports.setdefault(tunnel.group, set()).add(tunnel.port)
        self._rules.take(voices(self._around.document, ports))
        self._say()

    # The end

    def end(self, done: Callable[[], None]) -> None:
        """Wait until what is not to be up here is down; what is, stays as it is."""
        self._when_down(time.monotonic() + END_S, done)

    def _when_down(self, until: float, done: Callable[[], None]) -> None:
        going = [each for each in self._tunnels.values() if each.state == "goes"]
        if not going or time.monotonic() >= until:
            done()
            return
        for tunnel in going:
            tunnel.look()
        self._around.scope.after(BUSY_LOOK_S, lambda: self._when_down(until, done))

    def close(self) -> None:
        """Hear nobody any more; the tunnels go on."""
        self._around.carrier.forget(KIND)
        for tunnel in self._tunnels.values():
            tunnel.close()

    # What is shown

    def account(self) -> list[Document]:
        """Return what is shown of each tunnel."""
        return [tunnel.account() for tunnel in self._tunnels.values()]

    def problems(self) -> list[Document]:
        """Return what is the matter."""
        found = [each for tunnel in self._tunnels.values() for each in tunnel.problems()]
        if self._tunnels and not self._around.carrier.lines():
            found.append(problem("wireguard-unpaired", KIND))
        if self._tunnels and self._rules.failure:
            found.append(problem("wireguard-source", KIND, error=self._rules.failure))
        for node, words in self._heard.items():
            found += self._differences(node, words)
        return found

    def _differences(self, node: str, words: dict[str, Document]) -> list[Document]:
        found = []
        for name, tunnel in self._tunnels.items():
            theirs = words[name]["key"] if name in words else ""
            if theirs and tunnel.key_mark and theirs != tunnel.key_mark:
                facts = {"interface": tunnel.device, "node": node}
                found.append(problem("wireguard-differs", name, **facts))
        behind = self._behind_ms.get(node, 0)
        if words and self._tunnels and behind >= BEHIND_MS:
            found.append(problem("wireguard-clock", KIND, node=node, seconds=behind // 1000))
        return found


def _state(word: Document) -> Document:
    """Return what of a word is a state: its clock is another one each time, its peers are said once."""
    return {key: value for key, value in word.items() if key not in ("clock_ms", "peers")}
