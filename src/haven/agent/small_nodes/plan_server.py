# SPDX-License-Identifier: GPL-2.0-or-later
"""Where small nodes ask for their plans: whose keys count, and who is held until there is news."""

import os
import time
from collections.abc import Callable
from typing import Any

from haven import light_socket as socket
from haven.agent.part import Surroundings
from haven.agent.small_nodes.compile_queue import CompileQueue
from haven.agent.small_nodes.plan_maker import PlanMaker
from haven.agent.small_nodes.visitor import Visitor
from haven.contract.problems import problem
from haven.contract.small_nodes import HOLD_S, KEY_ID, MOST_VISITORS, PORT
from haven.core.auth.sealed_line import key_id
from haven.peers import small_keys
from haven.spare_descriptor import accept_from

BACKLOG = 16
RETRY_S = 5.0


class PlanServer:
    """Listens while there are keys."""

    def __init__(self, around: Surroundings, folder: str) -> None:
        self._around, self._folder = around, folder
        self._scope = around.scope.inner()
        self._keys: dict[bytes, tuple[str, bytes]] = {}
        self._makers: dict[str, PlanMaker] = {}
        self._compilers = CompileQueue()
        self._visitors: list[Visitor] = []
        self._held: list[tuple[Visitor, Callable[[], None]]] = []
        self._socket: socket.socket | None = None
        self._failure = ""

    # Who may ask

    def take_keys(self) -> None:
        """Read the keys anew; who has none any more is let go."""
        names = small_keys.names(self._folder)
        found = [(name, small_keys.key_of(self._folder, name)) for name in names]
        before = self._keys
        self._keys = {key_id(key, KEY_ID): (name, key) for name, key in found if key is not None}
        gone = {before[each][0] for each in before if each not in self._keys}
        known = {name for name, _key in self._keys.values()}
        self._makers = {name: self._makers.get(name) or self._maker(name) for name in sorted(known)}
        for visitor in list(self._visitors):
            # Who has proven none yet may be about to prove one that is gone.
            if visitor.name is None or visitor.name in gone:
                visitor.leave()
        # A configuration of their own may have come.
        self.renew()
        if known:
            self._listen()
        else:
            self._deafen()

    def _maker(self, name: str) -> PlanMaker:
        place = os.path.join(self._around.run_dir, "small-" + name)
        return PlanMaker(self._scope, self._compilers, name, place, lambda: self._config(name))

    def _config(self, name: str) -> tuple[str, bool]:
        """Return the configuration of a node, and whether it is this router's, of which it is the standby."""
        own = small_keys.config_of(self._folder, name)
        return (own, False) if os.path.exists(own) else (self._around.config, True)

    def _listen(self) -> None:
        if self._socket is not None or self._scope.closed or not self._keys:
            return
        try:
            self._socket = _listener()
        except OSError as why:
            self._failure = why.strerror or str(why)
            self._scope.after(RETRY_S, self._listen)
            return
        self._failure = ""
        self._scope.watch(self._socket, lambda _events: self._accept())

    def _deafen(self) -> None:
        self._failure = ""
        if self._socket is not None:
            self._scope.forget(self._socket)
            self._socket.close()
            self._socket = None

    def _accept(self) -> None:
        assert self._socket is not None
        found = accept_from(self._socket)
        if found is None:
            return
        sock, place = found
        if len(self._visitors) >= MOST_VISITORS:
            # Who has proven a key is worth more than who has not.
            strangers = [each for each in self._visitors if each.name is None]
            if not strangers:
                sock.close()
                return
            strangers[0].leave()
        address = str(place[0]).removeprefix("::ffff:")
        self._visitors.append(Visitor(self._scope, sock, address, self._keys.get, self._answer, self._left))

    def _left(self, visitor: Visitor) -> None:
        self._visitors.remove(visitor)
        self._held = [each for each in self._held if each[0] is not visitor]

    # What they are told

    def _answer(self, visitor: Visitor, facts: dict[str, Any], have: str) -> None:
        assert visitor.name is not None
        for other in list(self._visitors):
            # It asks anew when it has lost its connection.
            if other is not visitor and other.name == visitor.name:
                other.leave()
        maker, until = self._makers[visitor.name], time.monotonic() + HOLD_S
        maker.address, maker.asked_at = visitor.address, time.monotonic()

        def look() -> None:
            self._held = [each for each in self._held if each[0] is not visitor]
            maker.make(facts, tell)

        def tell() -> None:
            if visitor.is_gone:
                return
            if maker.plan is None:
                visitor.reply("refused", maker.problems)
            elif maker.digest != have:
                visitor.reply("plan", [], maker.plan)
            elif time.monotonic() >= until:
                visitor.reply("same", [])
            else:
                self._held.append((visitor, look))

        visitor.hold(until, lambda: visitor.reply("same", []) if have and maker.digest == have else None)
        look()

    def renew(self) -> None:
        """Look at the plans of those who wait: the configuration, or this router's plan, is another one."""
        for maker in self._makers.values():
            maker.forget()
        for _visitor, look in list(self._held):
            look()

    # What is shown

    def account(self) -> list[dict[str, Any]]:
        """Return what is known of each (contract/small_nodes.py: SMALL_NODE)."""
        return [self._makers[name].account() for name in sorted(self._makers)]

    def problems(self) -> list[dict[str, Any]]:
        """Return whose plan cannot be made, and why nobody can ask."""
        found = [
            problem("small-refused", name, node=name, error="; ".join(maker.problems))
            for name, maker in sorted(self._makers.items())
            if maker.problems
        ]
        if self._failure:
            found.append(problem("small-unserved", self._around.node, port=PORT, error=self._failure))
        return found

    def close(self) -> None:
        """Let everybody go."""
        self._scope.close()
        for visitor in list(self._visitors):
            visitor.leave()
        if self._socket is not None:
            self._socket.close()


def _listener() -> socket.socket:
    kind = socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    try:
        sock, place = socket.socket(socket.AF_INET6, kind), "::"
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    except OSError:
        # A kernel without IPv6.
        sock, place = socket.socket(socket.AF_INET, kind), ""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((place, PORT))
        sock.listen(BACKLOG)
    except OSError as why:
        sock.close()
        # Raised without words by _socket.
        raise OSError(why.errno, os.strerror(why.errno or 0)) from None
    return sock
