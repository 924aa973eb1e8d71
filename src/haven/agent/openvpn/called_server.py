# SPDX-License-Identifier: GPL-2.0-or-later
"""One server of OpenVPN's: its clients while this router is Active, and the calls after a takeover."""

import time
from collections.abc import Callable
from typing import Any

from haven.agent.loop import Timer
from haven.agent.openvpn.client_packets import ClientSender
from haven.agent.openvpn.greeting import make_greeting
from haven.agent.openvpn.management import Management
from haven.agent.part import Surroundings
from haven.contract.openvpn import MOST_CLIENTS, TCP, split_client
from haven.contract.problems import problem

Document = dict[str, Any]

# How long clients are called, how often the server is looked for meanwhile, and otherwise.
CALL_S, HASTE_S, LOOK_S = 10.0, 0.1, 1.0
# Who has not begun with us by then has not heard the greeting, or we not the answer. A client that is
# greeted again in the middle would begin again.
GREET_AGAIN_S = 1.5
# The session that a client has left is gone by then, and its port free for a new one.
FREE_S = 0.1
# The first may come before the rules of the guard, or be one too many for a client that answers seldom.
DOUBT_AGAIN_S = (0.0, 0.3, 1.0)
# How long a greeting is kept that was made before it is needed: the server's key may become another one.
GREETING_S = 600.0
# New clients are noticed; who has gone is not.
ASK_S = 10.0
# A service may take its time to start.
PATIENCE_S = 40.0


class CalledServer:
    """`changed` is called when others are to know of its clients."""

    def __init__(self, around: Surroundings, planned: Document, changed: Callable[[], None]) -> None:
        self.planned = planned
        self.clients: list[str] = []
        self._around, self._changed = around, changed
        self._scope = around.scope.inner()
        self._sender = ClientSender()
        self._management: Management | None = None
        self._is_active: bool | None = None
        # Whom the other router has left, until they begin with us.
        self._waiting: dict[str, tuple[str, int]] = {}
        # Whom we have let begin anew. Their sessions last for five seconds more, in which nobody is let in
        # from the same port.
        self._ended: dict[str, tuple[str, int]] = {}
        self._called = 0
        self._giving_up: Timer | None = None
        self._greeting = b""
        self._made_at: float | None = None
        # A client takes no second packet of one second for new: the server has to speak in a later one.
        self._made_second = 0
        self._greeted_at: float | None = None
        self._heard_at = self._asked_at = time.monotonic()
        self._scope.every(LOOK_S, self._look)

    # The role

    def take_role(self, is_active: bool) -> None:
        """Take whether the group is Active here; at the first word nothing has been taken over."""
        before, self._is_active = self._is_active, is_active
        if is_active and before is False:
            self._call()
        elif not is_active:
            self._waiting, self._ended = {}, {}
            self._hang_up()

    def _call(self) -> None:
        self._waiting = {client: split_client(client) for client in self.clients}
        self._called, self._heard_at = len(self._waiting), time.monotonic()
        self._greeted_at = None
        if self._giving_up is not None:
            self._giving_up.cancel()
        self._giving_up = self._scope.after(CALL_S, self._give_up)
        if self.planned["protocol"] == TCP:
            for later in DOUBT_AGAIN_S:
                self._scope.after(later, self._doubt)
        elif self._waiting:
            self._prepare()
            self._hurry()

    def _give_up(self) -> None:
        self._waiting, self._ended = {}, {}
        if self._management is not None and self._greeted_at is not None:
            self._management.hear_refusals(False)

    def _doubt(self) -> None:
        for client in self._waiting.values():
            for source in self.planned["addresses"]:
                self._sender.doubt(source, self.planned["port"], client)

    # The greeting

    def _prepare(self) -> None:
        """Have a greeting, if there is anybody to greet."""
        now = time.monotonic()
        is_fresh = self._made_at is not None and now - self._made_at < GREETING_S
        if self.planned["protocol"] == TCP or not self.clients or is_fresh:
            return
        self._made_at = now
        make_greeting(self._scope, self.planned["file"], self.planned["section"], self._keep)

    def _keep(self, greeting: bytes) -> None:
        self._greeting, self._made_second = greeting, int(time.time())

    def _greet(self) -> None:
        """Greet who is not there, once the server is."""
        is_ready = self._management is not None and self._management.is_ready
        if not is_ready or not self._greeting or not self._is_due():
            return
        assert self._management is not None
        begun = {client.place for client in self._management.clients}
        if self._greeted_at is None:
            # Who has begun by itself needs no call.
            self._waiting = {name: each for name, each in self._waiting.items() if name not in begun}
            if self._waiting:
                self._management.hear_refusals(True)
        self._greeted_at = time.monotonic()
        for name, client in self._waiting.items():
            if name not in begun:
                self._say_greeting(client)

    def _say_greeting(self, client: tuple[str, int]) -> None:
        for source in self.planned["addresses"]:
            self._sender.datagram(source, self.planned["port"], client, self._greeting)

    def _is_due(self) -> bool:
        if self._greeted_at is not None:
            return time.monotonic() - self._greeted_at >= GREET_AGAIN_S
        return int(time.time()) != self._made_second

    # The server

    def _hurry(self) -> None:
        if self._waiting and self._is_active:
            self._scope.after(HASTE_S, self._hurry)
            self._look()
            self._greet()

    def _look(self) -> None:
        now = time.monotonic()
        if not self._is_active:
            self._prepare()
        elif self._management is None:
            self._connect()
        elif (self._waiting and self._greeted_at is not None) or now - self._asked_at >= ASK_S:
            self._asked_at = now
            self._management.ask()

    def _connect(self) -> None:
        path, told = self.planned["management"], (self._take_clients, self._take_refused, self._hang_up)
        try:
            self._management = Management(self._scope, path, *told)
        except OSError:
            return
        self._heard_at = time.monotonic()

    def _hang_up(self) -> None:
        if self._management is not None:
            self._management.close()
            self._management = None
            self._heard_at = time.monotonic()

    def _take_clients(self) -> None:
        assert self._management is not None
        self._greet()
        listed = self._management.clients
        for client in listed:
            if self._greeted_at and client.ready and client.place in self._waiting:
                # It has a session with us beside its old self: only anew it takes all that we push.
                self._management.end(client)
                self._ended[client.place] = self._waiting.pop(client.place)
        clients = sorted(client.place for client in listed if client.ready)[:MOST_CLIENTS]
        if clients != self.clients:
            self.clients = clients
            self._changed()

    def _take_refused(self, place: str) -> None:
        """Let a client in that begins anew from the port that it had.

        Unasked it would not try again for two seconds, and then for four.
        """
        client = self._ended.pop(place, None)
        if client is not None and self._management is not None:
            self._management.forget(place)
            self._scope.after(FREE_S, lambda: self._say_greeting(client))

    # What others say, and are told

    def hear(self, clients: list[str]) -> None:
        """Take whom another router has, while it is the Active."""
        if not self._is_active:
            self.clients = clients

    def word(self) -> Document | None:
        """Return what others are to know; None while another is Active."""
        if not self._is_active:
            return None
        return {"name": self.planned["name"], "clients": self.clients}

    def account(self) -> Document:
        """Return what is shown."""
        told = {key: self.planned[key] for key in ("name", "group", "protocol")}
        heard = self._management is not None
        return {**told, "heard": heard, "clients": len(self.clients), "called": self._called}

    def problems(self) -> list[Document]:
        """Return whether nobody knows its clients."""
        silent = time.monotonic() - self._heard_at >= PATIENCE_S
        if not self._is_active or self._management is not None or not silent:
            return []
        name, path = self.planned["name"], self.planned["management"]
        return [problem("openvpn-unheard", name, server=name, path=path)]

    def close(self) -> None:
        """Let it go."""
        self._hang_up()
        self._scope.close()
        self._sender.close()
