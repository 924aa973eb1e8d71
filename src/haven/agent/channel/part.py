# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for the other routers: who is paired, who may join now, and what is asked across."""

import sys
import time
from typing import TYPE_CHECKING, Any

from haven import VERSION
from haven.agent.channel.door import Door, Reply
from haven.agent.channel.orders import Orders
from haven.agent.channel.peer_rules import PeerRules
from haven.agent.channel.places import OwnPlaces
from haven.agent.part import Part, Surroundings
from haven.contract.agent_requests import REMOTE
from haven.contract.channel import BEAT_EVERY_S
from haven.contract.control import ANSWER_PATIENCE_S, HANDOVER_PATIENCE_S, done, encode_request
from haven.contract.fields import DocumentError
from haven.contract.pairing import PairingRefusal
from haven.contract.problems import problem
from haven.contract.replication import replication_text
from haven.light import suppress
from haven.paths import PEERS
from haven.peers.store import PeerStore, StoreError
from haven.plain_file import read_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from haven.agent.channel.common_config import Replication
    from haven.agent.channel.exchange import Exchange, Files
    from haven.agent.channel.line import Line

# What a router that joins has to know of this one.
PACKAGES = ("network", "dhcp", "firewall", "haven")
LARGEST_PACKAGE = 200_000

# What is asked of a common configuration and means those of two routers.
OF_BOTH = ("sync", "sync-diff", "sync-now")

# An answer that comes later is of no use to an election.
VOUCH_S = 3.0


def _text_of(path: str) -> str:
    try:
        return read_plain(path, LARGEST_PACKAGE).decode()
    except (OSError, UnicodeDecodeError):
        # A router without DHCP, say; what is missing is found out by who joins.
        return ""


class ChannelPart(Part):
    """Serves the agent's socket; what needs TLS is there when somebody is paired, or is about to be."""

    name = "channel"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._store = PeerStore(around.root.rstrip("/") + PEERS)
        self._exchange: Exchange | None = None
        self._replication: Replication | None = None
        self._failure, self._is_listed = "", False
        self._orders, self._places = Orders(around), OwnPlaces()
        self._rules = PeerRules(around.scope, around.config)
        around.carrier.lines = lambda: [*self._exchange_lines()]
        self._door = Door(around.scope, around.run_dir, self._asked)
        around.scope.every(BEAT_EVERY_S, self._beat)

    # The channel

    def _beat(self) -> None:
        try:
            self._store.read()
            self._is_listed = True
            self._rules.follow(self._store.addresses())
            if self._store.peers or self._exchange is not None:
                exchange = self._needed()
                exchange.beat(self.around.roles.states, self.around.is_in_sync())
                self._replicate(exchange)
                if exchange.is_contradicted(self.around.roles.states):
                    # Both are Active: each hears by the channel what the other says, and one yields.
                    line = encode_request("compare", {})
                    self.around.scope.ask_havend(line, lambda _outcome: None, ANSWER_PATIENCE_S)
            self._failure = ""
        except (StoreError, PairingRefusal) as why:
            self._tell_failure(str(why))

    def _replicate(self, exchange: "Exchange") -> None:
        """Keep the configuration common while the plan asks for it, which may change by it."""
        is_common = "sync" in self.around.plan and exchange.namesake() is None
        # What two wrote in one name could not be told apart.
        wanted = self.around.node if is_common else ""
        if self._replication is not None and self._replication.node != wanted:
            # A replica writes in one router's name; a plan of before may have had another.
            self._replication.close()
            self._replication = None
        if wanted and self._replication is None:
            self._replication = _make_replication(self.around, self._exchange_lines)
        exchange.carry(self._replication)
        if self._replication is not None:
            self._replication.look()

    def _exchange_lines(self) -> "list[Line]":
        return self._exchange.lines() if self._exchange is not None else []

    def _tell_failure(self, text: str) -> None:
        if text != self._failure:
            print(f"haven-agent: {text}", file=sys.stderr, flush=True)
        self._failure = text

    def _needed(self) -> "Exchange":
        """Return the exchange; TLS costs memory, so nobody has it for nothing. Raises PairingRefusal."""
        if self._exchange is not None and self._exchange.is_stale():
            self._exchange.close()
            self._exchange = None
        if self._exchange is None:
            self._exchange = _make_exchange(self.around, self._store, self._orders, self._files)
        self._exchange.present(self.around.node, self._own_addresses())
        return self._exchange

    def _files(self) -> dict[str, str]:
        """Return what a router has to know to be one of this pair."""
        places = {name: f"{self.around.root.rstrip('/')}/etc/config/{name}" for name in PACKAGES}
        return {name: _text_of(self.around.config if name == "haven" else places[name]) for name in places}

    def _own_addresses(self) -> list[str]:
        return self._places.by(self.around.document, time.monotonic())

    # What is asked of the agent

    def _asked(self, request: dict[str, Any], reply: Reply) -> None:
        command = request["command"]
        if command == "peers":
            reply(done(self._peers()))
        elif command == "pair":
            reply(done(self._pair()))
        elif command.startswith("sync"):
            # What was is there still; what is the same on both needs another one.
            if self._replication is None or (self._is_alone() and command in OF_BOTH):
                raise self._why_not_common()
            reply(done(self._replication.answer(request)))
        elif command == "unpair":
            reply(done({"told": self._unpair(request["node"])}))
        else:
            self._ask(request["node"], request["request"], reply)

    def _why_not_common(self) -> PairingRefusal:
        if self._exchange is not None and self._exchange.namesake() is not None:
            return PairingRefusal("node-taken", node=self.around.node)
        return PairingRefusal("sync-alone" if "sync" in self.around.plan else "sync-off")

    def _peers(self) -> list[dict[str, Any]]:
        return self._exchange.account() if self._exchange is not None else []

    def _pair(self) -> dict[str, Any]:
        if not self.around.node:
            raise PairingRefusal("node-unknown")
        offer = self._needed().offer()
        left = offer.until - time.monotonic()
        when = {"until": time.time() + left, "left_s": left}
        return {"code": offer.code, **when, "addresses": self._own_addresses()}

    def _unpair(self, node: str) -> bool:
        peer = self._store.find(node)
        if peer is None:
            raise PairingRefusal("peer-unknown", node=node)
        return self._needed().part_from(peer)

    def _ask(self, node: str, request: dict[str, Any], reply: Reply) -> None:
        if node == self.around.node:
            self._orders.carry_out(request, reply)
            return
        peer = self._store.find(node)
        if peer is None:
            raise PairingRefusal("peer-unknown", node=node)
        if request.get("command") not in REMOTE:
            raise PairingRefusal("request-denied", command=str(request.get("command"))[:64])
        self._needed().ask(peer, request, HANDOVER_PATIENCE_S, reply)

    def take_doubt(self, members: list[dict[str, Any]]) -> None:
        """Ask the other routers whether they are Active, and tell havend what they say."""
        if self._exchange is not None:
            until = time.monotonic() + VOUCH_S
            self._exchange.ask_all(
                {"command": "vouch", "members": members},
                VOUCH_S,
                lambda answer: self._take_word(answer, until),
            )

    def _take_word(self, answer: dict[str, Any], until: float) -> None:
        if time.monotonic() > until:
            # An agent that stood still finds what an Active said before it died.
            return
        result = answer.get("result") if answer.get("ok") is True else None
        adverts = result.get("adverts") if isinstance(result, dict) else None
        if isinstance(adverts, list) and adverts:
            with suppress(DocumentError):
                line = encode_request("vouched", {"adverts": adverts})
                self.around.scope.ask_havend(line, lambda _outcome: None, ANSWER_PATIENCE_S)

    # What is shown

    def account(self) -> dict[str, Any]:
        """Return the peers that are paired; nothing where none is."""
        found = self._peers()
        account: dict[str, Any] = {"channel": {"version": VERSION, "peers": found}} if found else {}
        if self._replication is not None:
            told = self._replication.account()
            account["sync"] = {**told, "conflicts": len(told["conflicts"])}
        elif "sync" in self.around.plan:
            account["sync"] = {"in_sync": False, "conflicts": 0}
        if "sync" in account:
            account["sync"]["alone"] = self._is_alone()
        return account

    def _is_alone(self) -> bool:
        """Tell whether nobody is paired with this router, as far as its list could be read."""
        return self._is_listed and not self._store.peers

    def problems(self) -> list[dict[str, Any]]:
        """Return what keeps the channel from working."""
        found = self._door.problems()
        if self._failure:
            return [*found, problem("channel-failed", "channel", error=self._failure)]
        exchange = self._exchange
        found += exchange.problems() if exchange is not None else []
        return found + (self._replication.problems() if self._replication is not None else [])

    def close(self) -> None:
        """Let go of the sockets."""
        self._door.close()
        if self._exchange is not None:
            self._exchange.close()


def _make_exchange(around: Surroundings, store: PeerStore, orders: Orders, files: "Files") -> "Exchange":
    try:
        from haven.agent.channel.exchange import Exchange
    except ImportError:
        raise PairingRefusal("ssl-missing") from None
    return Exchange(around.scope, store, orders, files, around.carrier.take)


def _make_replication(around: Surroundings, lines: "Callable[[], Iterable[Line]]") -> "Replication | None":
    from haven.agent.channel.common_config import Replication
    from haven.sync.change_documents import SyncError

    try:
        return Replication(around.scope, around, lines)
    except SyncError as why:
        raise PairingRefusal("sync-failed", error=replication_text(why.code, why.facts)) from None
