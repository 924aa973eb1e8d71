# SPDX-License-Identifier: GPL-2.0-or-later
"""An offer to join: one code, a time, three tries; and the conversation with who claims to know the code."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from haven import VERSION
from haven.agent.channel.session import Message, Session
from haven.contract.channel import (
    DECISION_S,
    MOST_WRONG_CODES,
    OFFER_S,
    OLDEST_PROTOCOL,
    PROTOCOL,
)
from haven.contract.pairing import PairingRefusal
from haven.peers import code
from haven.peers.identity import Identity, IdentityError, fingerprint
from haven.peers.proof import Terms, is_same, nonce
from haven.peers.store import Peer, are_addresses, is_node_name


class Offer:
    """A code that is good for a while and for one router."""

    def __init__(self) -> None:
        self.code = code.make()
        self.until = time.monotonic() + OFFER_S
        self._wrong = 0
        self.is_used = False

    def is_good(self) -> bool:
        """Tell whether anybody can still join by it."""
        return not self.is_used and self._wrong < MOST_WRONG_CODES and time.monotonic() < self.until

    def note_wrong(self) -> None:
        """Count a wrong code."""
        self._wrong += 1

    def end(self) -> None:
        """Let nobody join by it any more."""
        self.is_used = True


class Household:
    """What a conversation has to know of this router, and what it may do: the agent's part gives it."""

    def __init__(
        self,
        node: str,
        identity: Identity,
        names: Callable[[], list[str]],
        grant: Callable[[], Message],
        admit: Callable[[Peer], None],
    ) -> None:
        self.node = node
        self.identity = identity
        # The names that are taken; what who joins is given; what is done when all is said.
        self.names, self.grant, self.admit = names, grant, admit


class Conversation:
    """What is said to one router that wants to join."""

    def __init__(self, session: Session, address: str, offer: Offer, house: Household) -> None:
        self._session, self._offer, self._house = session, offer, house
        # Where it speaks from: there it is reached until it has said more.
        self._address = address
        self._nonce = nonce()
        self._peer: Peer | None = None
        session.send("offer", protocol=PROTOCOL, version=VERSION, nonce=self._nonce)

    def hear(self, message: Message) -> None:
        """Take the next message of who joins."""
        if message["kind"] == "claim" and self._peer is None:
            self._take_claim(message)
        elif message["kind"] == "joined" and self._peer is not None:
            self._take_joined(message)
        else:
            self._session.close("'%s' was not expected" % message["kind"])

    def _take_claim(self, message: Message) -> None:
        if not self._offer.is_good():
            self._refuse("offer-over")
            return
        try:
            joining = fingerprint(message["certificate"])
        except IdentityError:
            self._refuse("claim-wrong")
            return
        terms = Terms(self._house.identity.fingerprint, joining, self._nonce, message["nonce"])
        join_tag, offer_tag = terms.tags(self._offer.code)
        if not is_same(join_tag, message["tag"]):
            self._offer.note_wrong()
            self._refuse("code-wrong" if self._offer.is_good() else "code-wrong-last")
            return
        why = self._objection(message, joining)
        if why:
            self._refuse(why, node=message["node"])
            return
        self._offer.end()
        name = self._free_name() if self._is_taken(message["node"]) else message["node"]
        self._peer = Peer(name, message["certificate"], [])
        self._session.allow(DECISION_S)
        self._session.send("grant", tag=offer_tag, node=self._house.node, name=name, **self._house.grant())

    def _objection(self, message: Message, joining: str) -> str:
        if message["protocol"] < OLDEST_PROTOCOL:
            return "haven-older"
        if joining == self._house.identity.fingerprint:
            return "own-self"
        if not is_node_name(message["node"]):
            return "node-odd"
        return "node-taken" if self._is_taken(message["node"]) and not message.get("any_name") else ""

    def _is_taken(self, name: str) -> bool:
        return name in self._house.names()

    def _free_name(self) -> str:
        return next(f"r{number}" for number in itertools.count(2) if not self._is_taken(f"r{number}"))

    def _take_joined(self, message: Message) -> None:
        assert self._peer is not None
        if not are_addresses(message["addresses"]):
            self._refuse("claim-wrong")
            return
        # One of the link alone is nothing without the link.
        here = [] if "%" in self._address else [self._address]
        self._peer.addresses = [*message["addresses"], *here]
        try:
            self._house.admit(self._peer)
        except PairingRefusal as why:
            self._refuse(why.code, **why.facts)
            return
        self._session.send("paired")
        self._session.allow(1.0)

    def _refuse(self, code: str, **facts: Any) -> None:
        why = PairingRefusal(code, **facts)
        self._session.send("refused", code=code, facts=why.facts, error=str(why))
        self._session.allow(1.0)
