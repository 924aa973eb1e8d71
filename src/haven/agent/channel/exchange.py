# SPDX-License-Identifier: GPL-2.0-or-later
"""All lines to peers, the port on which they and those who join knock, and the offer that is open."""

import functools
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from haven.agent.channel.line import Line
from haven.agent.channel.offer import Conversation, Household, Offer
from haven.agent.channel.offer_answers import OfferAnswers
from haven.agent.channel.orders import Orders
from haven.agent.channel.session import Message, Session
from haven.agent.loop import Scope
from haven.agent.roles import ACTIVE
from haven.contract.channel import HANDSHAKE_S, LONGEST_MESSAGE, MOST_PEERS, PORT
from haven.contract.control import Refusal, refused
from haven.contract.fields import DocumentError
from haven.contract.pairing import PairingRefusal
from haven.contract.problems import problem
from haven.peers.identity import IdentityError, ensure
from haven.peers.store import Peer, PeerStore, StoreError, is_node_name, read_peers
from haven.peers.tls import fingerprint_of, server_context
from haven.spare_descriptor import accept_from

if TYPE_CHECKING:
    from haven.agent.channel.common_config import Replication

Files = Callable[[], dict[str, str]]

# Who has not said yet who it is.
MOST_STRANGERS = 8
BACKLOG = 16
# How long a peer may have been away before anybody is bothered with it.
AWAY_S = 15.0


class Stranger:
    """Somebody who has knocked from an address, and has not been let in."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._conversation: Conversation | None = None

    def begin(self, session: Session, offer: Offer, house: Household) -> None:
        """Talk to it of joining."""
        self._conversation = Conversation(session, self.address, offer, house)

    def hear(self, message: Message) -> None:
        """Take what it says; it says nothing before it is talked to."""
        assert self._conversation is not None
        self._conversation.hear(message)


class Exchange:
    """Made when somebody is paired, or is about to be. Raises PairingRefusal when there is no key."""

    def __init__(
        self,
        scope: Scope,
        store: PeerStore,
        orders: Orders,
        files: Files,
        carried: Callable[[Line, Message], None] = lambda line, message: None,
    ) -> None:
        self._scope, self._store, self._orders = scope.inner(), store, orders
        self._files = files
        # What other parts of the agent say to each other.
        self._carried = carried
        self._offer_answers: OfferAnswers | None = None
        self._replication: Replication | None = None
        try:
            self._identity = ensure(store.folder)
        except IdentityError as why:
            raise PairingRefusal("identity-missing", error=str(why)) from None
        self._lines: dict[str, Line] = {}
        self._node = ""
        self._addresses: list[str] = []
        self._offer: Offer | None = None
        self._strangers: dict[Session, Stranger] = {}
        self._away_since: dict[str, float] = {}
        self._context: tuple[frozenset[str], ssl.SSLContext] | None = None
        self._socket: socket.socket | None = None
        self._listen()

    def is_stale(self) -> bool:
        """Tell whether this router is somebody else by now: it has joined anew, or parted from everybody."""
        return not self._identity.is_current()

    # The port

    def _listen(self) -> None:
        # A kernel without IPv6 has the other family alone.
        both = socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if both else socket.AF_INET
        try:
            sock = socket.create_server(("", PORT), family=family, dualstack_ipv6=both, backlog=BACKLOG)
        except OSError as why:
            raise PairingRefusal("port-taken", port=PORT, error=os.strerror(why.errno or 0)) from None
        sock.setblocking(False)
        self._socket = sock
        self._scope.watch(sock, lambda _events: self._accept(sock))

    def _accept(self, listening: socket.socket) -> None:
        found = accept_from(listening)
        if found is None:
            return
        sock, place = found
        if len(self._strangers) >= MOST_STRANGERS or not (self._lines or self._is_offering()):
            sock.close()
            return
        try:
            session = Session(self._scope, sock, self._server_context(), True, HANDSHAKE_S, self)
        except OSError:
            sock.close()
            return
        self._strangers[session] = Stranger(place[0].removeprefix("::ffff:"))

    def _server_context(self) -> ssl.SSLContext:
        known = frozenset(self._store.peers)
        if self._context is None or self._context[0] != known:
            self._context = known, server_context(self._identity, self._store.peers.values())
        return self._context[1]

    def session_opened(self, session: Session) -> None:
        """Let a peer in, or somebody who wants to join while that is offered."""
        fingerprint = fingerprint_of(session.tls)
        line = self._lines.get(fingerprint)
        if line is not None:
            line.adopt(session, self._forget_stranger(session))
        elif not fingerprint and self._is_offering():
            self._strangers[session].begin(session, self._require_offer(), self._household())
        else:
            session.close("it is not paired with this router")

    def session_heard(self, session: Session, message: Message) -> None:
        """Take what somebody says who wants to join."""
        self._strangers[session].hear(message)

    def session_ended(self, session: Session, why: str) -> None:
        """Forget somebody who was never let in."""
        self._forget_stranger(session)

    def _forget_stranger(self, session: Session) -> str:
        return self._strangers.pop(session).address

    # The offer

    def offer(self) -> Offer:
        """Return a new offer; the one before it is over. Raises PairingRefusal."""
        if len(self._store.peers) >= MOST_PEERS:
            raise PairingRefusal("peers-many", count=len(self._store.peers))
        if self._offer is not None:
            self._offer.end()
        self._offer = Offer()
        if self._offer_answers is None:
            self._offer_answers = OfferAnswers(self._scope, lambda: self._node if self._is_offering() else "")
        return self._offer

    def _is_offering(self) -> bool:
        return self._offer is not None and self._offer.is_good()

    def _require_offer(self) -> Offer:
        assert self._offer is not None
        return self._offer

    def _household(self) -> Household:
        return Household(self._node, self._identity, self._names, self._grant, self._admit)

    def _introduce(self, peer: Peer) -> None:
        for line in self._lines.values():
            line.say("introduce", peers=[peer.document()], gone=[])

    def _names(self) -> list[str]:
        return [self._node, *(peer.node for peer in self._store.peers.values())]

    def _grant(self) -> Message:
        peers = [peer.document() for peer in self._store.peers.values()]
        return {"addresses": self._addresses, "peers": peers, "files": self._files()}

    def _admit(self, peer: Peer) -> None:
        self._put(peer)
        self._introduce(peer)

    def _put(self, peer: Peer) -> None:
        try:
            self._store.put(peer)
        except StoreError as why:
            raise PairingRefusal("storing-failed", error=str(why)) from None

    # The lines

    def present(self, node: str, addresses: list[str]) -> None:
        """Take how this router calls itself and where it can be reached, and see who is paired."""
        news = (node, addresses) != (self._node, self._addresses)
        self._node, self._addresses = node, addresses
        for fingerprint in [each for each in self._lines if each not in self._store.peers]:
            self._lines.pop(fingerprint).close()
        for fingerprint, peer in self._store.peers.items():
            if fingerprint not in self._lines:
                self._lines[fingerprint] = Line(self._scope, self._identity, peer, self._take)
                self._lines[fingerprint].greet_with(node, addresses)
            elif news:
                self._lines[fingerprint].greet_with(node, addresses)

    def beat(self, groups: dict[str, str], in_sync: bool) -> None:
        """Say to all that this router lives."""
        now = time.monotonic()
        for fingerprint, line in self._lines.items():
            line.beat(groups, in_sync)
            if line.is_open:
                self._away_since.pop(fingerprint, None)
            else:
                self._away_since.setdefault(fingerprint, now)

    def _take(self, line: Line, message: Message) -> None:
        try:
            self._take_one(line, message)
        except PairingRefusal as why:
            print(f"haven-agent: {line.peer.node}: {why}", file=sys.stderr, flush=True)

    def _take_one(self, line: Line, message: Message) -> None:
        kind = message["kind"]
        if kind == "ask":
            reply = functools.partial(_reply, line, message["id"])
            self._orders.carry_out(message["request"], reply, of_peer=True)
        elif kind == "hello":
            self._take_hello(line, message)
        elif kind in ("summary", "change"):
            if self._replication is not None:
                self._replication.hear(line, message)
        elif kind == "introduce":
            self._take_introduction(line.peer, message)
        elif kind == "unpair":
            self._forget(line.peer)
        else:
            self._carried(line, message)

    def _take_hello(self, line: Line, message: Message) -> None:
        peer = line.peer
        node = message["node"] if is_node_name(message["node"]) else peer.node
        if node != peer.node and node in self._names():
            node = peer.node
        # Who does not know yet where it is, is where it was.
        addresses = message["addresses"] or peer.addresses
        if (node, addresses) != (peer.node, peer.addresses):
            peer.node, peer.addresses = node, addresses
            self._put(peer)
        everybody = [each.document() for each in self._store.peers.values() if each is not peer]
        line.say("introduce", peers=everybody, gone=self._store.gone)

    def _take_introduction(self, teller: Peer, message: Message) -> None:
        """Know whom the other routers know, and forget whom they have parted from."""
        own = self._identity.fingerprint
        try:
            told = read_peers(message["peers"])
            news = [peer for peer in told if peer.fingerprint != own and peer.node != self._node]
            gone = [each for each in message["gone"] if each != own]
            self._store.merge(news, gone, teller.fingerprint)
        except (DocumentError, StoreError) as why:
            raise PairingRefusal("storing-failed", error=str(why)) from None

    def carry(self, replication: "Replication | None") -> None:
        """Carry a replica's words from now on, or none."""
        self._replication = replication

    def lines(self) -> list[Line]:
        """Return the lines to the peers."""
        return list(self._lines.values())

    def ask(self, peer: Peer, request: Message, limit_s: float, reply: Any) -> None:
        """Ask a peer something; `reply` gets its answer, or why there is none."""
        silent = refused(PairingRefusal("peer-silent", node=peer.node))
        try:
            self._lines[peer.fingerprint].ask(request, limit_s, lambda answer: reply(answer or silent))
        except DocumentError:
            reply(refused(Refusal("request-long", most=LONGEST_MESSAGE)))

    def ask_all(self, request: Message, limit_s: float, take: Any) -> None:
        """Ask every peer something; `take` gets each answer that comes."""
        for line in self._lines.values():
            line.ask(request, limit_s, lambda answer: take(answer) if answer else None)

    def is_contradicted(self, groups: dict[str, str]) -> bool:
        """Tell whether a peer says that it is Active for a group for which this router is, too."""
        mine = [name for name, state in groups.items() if state == ACTIVE]
        return any(line.told_state(name) == ACTIVE for line in self._lines.values() for name in mine)

    def namesake(self) -> Line | None:
        """Return the line to a peer that calls itself as this router does, or None."""
        found = [line for line in self._lines.values() if line.is_open and line.own_word == self._node]
        return found[0] if found else None

    def part_from(self, peer: Peer) -> bool:
        """End the pairing here, and there if it hears us; tell whether it does. Raises PairingRefusal."""
        line = self._lines.get(peer.fingerprint)
        told = line is not None and line.say("unpair")
        self._forget(peer)
        for other in self._lines.values():
            if other is not line:
                other.say("introduce", peers=[], gone=self._store.gone)
        return told

    def _forget(self, peer: Peer) -> None:
        try:
            self._store.remove(peer.fingerprint)
        except StoreError as why:
            raise PairingRefusal("storing-failed", error=str(why)) from None
        if not self._store.peers:
            # Who comes back does so as somebody else: the others have a note that this one is gone.
            self._store.begin_anew()
        # What was said last is on its way before the line is gone.
        self._scope.after(0.2, lambda: self.present(self._node, self._addresses))

    # What is shown

    def account(self) -> list[dict[str, Any]]:
        """Return what is shown of each peer."""
        return [line.account() for line in self._lines.values()]

    def problems(self) -> list[dict[str, Any]]:
        """Return who has been away for long, and who has our name."""
        now, twin = time.monotonic(), self.namesake()
        found = [] if twin is None else [problem("node-twice", "channel", node=self._node, at=twin.address)]
        return found + [
            problem("peer-away", "channel", node=line.peer.node, why=line.trouble or "no answer")
            for fingerprint, line in self._lines.items()
            if now - self._away_since.get(fingerprint, now) > AWAY_S
        ]

    def close(self) -> None:
        """Let go of everything."""
        for line in self._lines.values():
            line.close()
        for session in list(self._strangers):
            session.close("the agent ends")
        if self._offer_answers is not None:
            self._offer_answers.close()
        if self._socket is not None:
            self._socket.close()
        self._scope.close()


def _reply(line: Line, number: int, answer: Message) -> None:
    try:
        line.say("answer", id=number, answer=answer)
    except DocumentError:
        line.say("answer", id=number, answer=refused(Refusal("request-long", most=LONGEST_MESSAGE)))
