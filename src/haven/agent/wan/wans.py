# SPDX-License-Identifier: GPL-2.0-or-later
"""All WANs of a router: what they hear of netifd, of havend and of the paired routers, and what they tell."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.carrier import PeerLine
from haven.agent.part import Surroundings
from haven.agent.roles import Change
from haven.agent.wan.dialled_wan import Wan
from haven.agent.wan.wan_machine import FOUND
from haven.agent.wan.way_out import WayOut, find_way
from haven.contract.fields import DocumentError
from haven.contract.problems import problem
from haven.contract.wan_words import check_wans

Document = dict[str, Any]

# What the routers say to each other is a row of contract/channel.py.
KIND = "wan"
LOOK_S, BUSY_LOOK_S = 1.0, 0.1
# havend goes on without us after two seconds (contract/control.py).
RELEASE_S = 1.8
END_S = 8.0


class Wans:
    """One Wan a section; `take_plan` makes them."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._wans: dict[str, Wan] = {}
        self._ways: dict[str, WayOut] = {}
        self._said: list[Document] = []
        self._said_at = 0.0
        self._others: set[str] = set()
        around.carrier.hear(
            KIND, lambda line, message: around.scope.guard(lambda: self._hear(line.peer.node, message))
        )
        self._look()

    def take_plan(self, sections: list[Document]) -> None:
        """Take the sections in force."""
        wanted = {each["name"]: each for each in sections}
        for name, wan in list(self._wans.items()):
            if wan.section != wanted.get(name):
                self._wans.pop(name)
                self._give_up(wan, sections)
        for name, section in wanted.items():
            if name not in self._wans:
                self._wans[name] = Wan(self._around, section, self._moved)
        self._find_ways(sections)
        self.take_roles()
        self._lend()

    def _give_up(self, wan: Wan, sections: list[Document]) -> None:
        if wan.interface not in [each["interface"] for each in sections]:
            wan.let_go()
        wan.close()

    def _find_ways(self, sections: list[Document]) -> None:
        """Know how each group is left by a standby; what is there already goes on."""
        groups = dict.fromkeys(each["group"] for each in sections if each.get("standby_out"))
        before, self._ways = self._ways, {}
        for group in groups:
            place = find_way(self._around.document, group)
            if place is not None:
                way = before.pop(group, None) or WayOut(self._around.scope, group)
                way.place = place
                self._ways[group] = way
        for gone in before.values():
            gone.close()

    # The roles

    def take_roles(self) -> None:
        """Take the state of every group; why it has it is not known of one that is found."""
        for wan in self._wans.values():
            state = self._around.roles.states.get(wan.group)
            if state is not None:
                wan.take_role(state, FOUND)
        for group, way in self._ways.items():
            way.take_role(self._around.roles.states.get(group, ""))

    def take_change(self, change: Change) -> None:
        """Take the change of state of one group."""
        for wan in self._wans.values():
            if wan.group == change.group:
                wan.take_role(change.after, change.reason)

    # The paired routers

    def _hear(self, node: str, message: Document) -> None:
        try:
            words = check_wans(message["wans"])
        except (DocumentError, ValueError, TypeError):
            return
        for word in words:
            if word["name"] in self._wans:
                self._wans[word["name"]].hear(node, word)

    def _open_lines(self) -> list[PeerLine]:
        return [line for line in self._around.carrier.lines() if line.is_open]

    def _notice_who_is_gone(self) -> None:
        nodes = {line.peer.node for line in self._open_lines()}
        for node in self._others - nodes:
            for wan in self._wans.values():
                wan.lose(node)
        if nodes - self._others:
            # Who has just come has heard nothing yet.
            self._said = []
        self._others = nodes

    def _say(self) -> None:
        words = [wan.word() for wan in self._wans.values()]
        now = time.monotonic()
        if _without_time(words) != _without_time(self._said) or now - self._said_at >= LOOK_S:
            for line in self._open_lines():
                line.say(KIND, wans=words)
            self._said, self._said_at = words, now

    # havend

    def _lend(self) -> None:
        if not all(wan.is_known for wan in self._wans.values()):
            # An agent that is started anew must not have the Active's address removed.
            self._around.lender.lend(KIND, None)
            return
        loans = [loan for wan in self._wans.values() if (loan := wan.loan()) is not None]
        loans += [way.loan() for way in self._ways.values()]
        self._around.lender.lend(KIND, loans)

    # The turn of things

    def _look(self) -> None:
        self._notice_who_is_gone()
        for wan in self._wans.values():
            wan.identify()
            wan.look()
        self._moved()
        busy = any(wan.is_busy for wan in self._wans.values())
        self._around.scope.after(BUSY_LOOK_S if busy else LOOK_S, self._look)

    def _moved(self) -> None:
        """Let havend and the others know what may be news."""
        self._lend()
        self._say()

    # The end

    def prepare(self, done: Callable[[], None]) -> None:
        """Give the leases back if havend ends and nobody is there to go on with them; then call `done`."""
        if not self._around.roles.is_ending or self._open_lines():
            done()
            return
        for wan in self._wans.values():
            wan.release()
        self._when_down(time.monotonic() + RELEASE_S, list(self._wans.values()), done)

    def end(self, done: Callable[[], None]) -> None:
        """Wait until what is not to be up here is down; what is, stays as it is."""
        leaving = [wan for wan in self._wans.values() if not wan.is_active]
        for way in self._ways.values():
            way.close()
        for wan in self._wans.values():
            wan.let_go()
        # What netifd is told is on its way before we are gone.
        until = time.monotonic() + END_S
        self._around.scope.after(BUSY_LOOK_S, lambda: self._when_down(until, leaving, done))

    def _when_down(self, until: float, wans: list[Wan], done: Callable[[], None]) -> None:
        if time.monotonic() >= until or not any(wan.is_started for wan in wans):
            self._moved()
            done()
            return
        for wan in wans:
            wan.look()
        self._around.scope.after(BUSY_LOOK_S / 2, lambda: self._when_down(until, wans, done))

    def close(self) -> None:
        """Leave the devices as they were found."""
        self._around.carrier.forget(KIND)
        for wan in self._wans.values():
            wan.close()

    # What is shown

    def account(self) -> list[Document]:
        """Return what is shown of each WAN."""
        return [wan.account() for wan in self._wans.values()]

    def problems(self) -> list[Document]:
        """Return what is the matter."""
        found = [each for wan in self._wans.values() for each in wan.problems()]
        if self._wans and not self._around.carrier.lines():
            found.append(problem("wan-unpaired", "wan"))
        return found


def _without_time(words: list[Document]) -> list[Document]:
    """Return what is told without what changes by itself."""
    return [{**word, "lease": {**word["lease"], "left_s": None} if word["lease"] else None} for word in words]
