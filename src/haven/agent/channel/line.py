# SPDX-License-Identifier: GPL-2.0-or-later
"""The line to one peer: who calls whom and where, what it has told, and what it was asked."""

import itertools
import socket
import time
from collections.abc import Callable
from typing import Any

from haven import VERSION
from haven.agent.channel.dialer import Dialer
from haven.agent.channel.session import Message, Session
from haven.agent.loop import Scope, Timer
from haven.contract.channel import HANDSHAKE_S, OLDEST_PROTOCOL, PROTOCOL, SILENCE_S, incompatibility
from haven.peers.identity import Identity
from haven.peers.store import Peer, are_addresses
from haven.peers.tls import fingerprint_of, peer_context

# From one attempt to the next.
AGAIN_S = 1.0
# The same for the one that is called, as a rule.
LATE_S = 5.0
MOST_ASKED = 32

Answer = Callable[[Message | None], None]
Hear = Callable[["Line", Message], None]


class Line:
    """A peer, and the one connection to it that is kept; the lower fingerprint calls, as a rule."""

    def __init__(
        self, scope: Scope, identity: Identity, peer: Peer, hear: Callable[["Line", Message], None]
    ) -> None:
        self.peer = peer
        self._scope, self._identity, self._hear = scope.inner(), identity, hear
        self._session: Session | None = None
        self._dialer: Dialer | None = None
        self._next = 0
        self.version = ""
        self.address = ""
        self.trouble = ""
        self.told: Message = {}
        # How the peer calls itself, where this router may know it by another name.
        self.own_word = ""
        self._own: tuple[str, list[str]] = ("", [])
        self._numbers = itertools.count(1)
        self._asked: dict[int, Answer] = {}
        self._timer: Timer | None = None
        calls = identity.fingerprint < peer.fingerprint
        # Who is to call may not know where: then the other one does, late enough that the two do not meet.
        self._again_s = AGAIN_S if calls else LATE_S
        self._call_after(0 if calls else LATE_S)

    @property
    def is_open(self) -> bool:
        """Whether the peer is connected and has said who it is."""
        return self._session is not None and bool(self.version)

    # Connecting

    def _call(self) -> None:
        if self._session is not None or self._dialer is not None:
            return
        if self.peer.addresses:
            self.address = self.peer.addresses[self._next % len(self.peer.addresses)]
            self._next += 1
            self._dialer = Dialer(self._scope, self.address, self._reached)
        else:
            self._call_after(self._again_s)

    def _call_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._scope.after(seconds, self._call)

    def _reached(self, sock: socket.socket | None) -> None:
        self._dialer = None
        if sock is None or self._session is not None:
            if sock is not None:
                # The peer has called meanwhile.
                sock.close()
            self._call_after(self._again_s)
            return
        context = peer_context(self._identity, self.peer)
        try:
            self._session = Session(self._scope, sock, context, False, HANDSHAKE_S, self)
        except OSError as why:
            # It was connected a moment ago, and anybody on the way can reset it.
            sock.close()
            self.trouble = why.strerror or str(why)
            self._call_after(self._again_s)

    def session_opened(self, session: Session) -> None:
        """See that it is the peer."""
        if fingerprint_of(session.tls) != self.peer.fingerprint:
            session.close("it has another key than the one that was paired")
        else:
            self._greet(session)

    def adopt(self, session: Session, address: str) -> None:
        """Take a connection of the peer's; an older one is given up."""
        old, self._session, session.owner = self._session, session, self
        if old is not None:
            old.close("the peer has called again")
        self.address, self.version = address, ""
        # What was asked over the old one, and what is answered over it, is lost.
        self._fail_asked()
        self._greet(session)

    def greet_with(self, node: str, addresses: list[str]) -> None:
        """Take how this router presents itself, now and from now on."""
        self._own = (node, addresses)
        if self.is_open and self._session is not None:
            self._greet(self._session)

    def _greet(self, session: Session) -> None:
        node, addresses = self._own
        if node:
            about = {"protocol": PROTOCOL, "oldest": OLDEST_PROTOCOL, "version": VERSION}
            session.send("hello", node=node, addresses=addresses, **about)

    # Hearing

    def session_heard(self, session: Session, message: Message) -> None:
        """Take what the peer says."""
        if session is not self._session:
            return
        kind = message["kind"]
        if kind == "hello":
            self._take_hello(session, message)
        elif not self.version:
            session.close("it speaks before it has said who it is")
        elif kind == "beat":
            self.told = message
        elif kind == "answer":
            self._take_answer(message)
        else:
            self._hear(self, message)

    def _take_hello(self, session: Session, message: Message) -> None:
        if not are_addresses(message["addresses"]):
            session.close("its addresses are none")
            return
        wrong = incompatibility(message, VERSION)
        if wrong:
            session.close(wrong)
            return
        session.keep()
        self.version, self.trouble, self.own_word = message["version"][:64], "", message["node"]
        # Should it end, the link between the two routers is tried first.
        self._next = 0
        self._hear(self, message)

    def _take_answer(self, message: Message) -> None:
        done = self._asked.pop(message["id"], None)
        if done is not None:
            done(message["answer"])

    def session_ended(self, session: Session, why: str) -> None:
        """Call again, if that is ours."""
        if session is not self._session:
            return
        self._session, self.version, self.trouble = None, "", why
        self._fail_asked()
        self._call_after(self._again_s)

    # Speaking

    def beat(self, groups: dict[str, str], in_sync: bool) -> None:
        """Say that this router lives; end a connection over which the peer does not."""
        if not self.is_open or self._session is None:
            return
        if time.monotonic() - self._session.heard_at > SILENCE_S:
            self._session.close("it is not heard any more")
            return
        self._session.send("beat", groups=groups, in_sync=in_sync)

    def say(self, kind: str, **fields: Any) -> bool:
        """Send a message; tell whether there is a connection."""
        if not self.is_open or self._session is None:
            return False
        self._session.send(kind, **fields)
        return True

    def ask(self, request: Message, limit_s: float, done: Answer) -> None:
        """Ask the peer something; `done` gets its answer, or None when none comes."""
        number = next(self._numbers)
        if len(self._asked) >= MOST_ASKED or not self.say("ask", id=number, request=request):
            done(None)
            return
        self._asked[number] = done
        self._scope.after(limit_s, lambda: self._take_late(number))

    def _take_late(self, number: int) -> None:
        done = self._asked.pop(number, None)
        if done is not None:
            done(None)

    def _fail_asked(self) -> None:
        asked, self._asked = self._asked, {}
        for done in asked.values():
            done(None)

    def told_state(self, group: str) -> str:
        """Return the state that the peer says it has in a group; empty when it is not heard."""
        state = self.told.get("groups", {}).get(group) if self.is_open else ""
        return state if isinstance(state, str) else ""

    def heard_ms(self) -> int | None:
        """Return how long ago the peer said something."""
        if self._session is None or not self.version:
            return None
        return int(1000 * (time.monotonic() - self._session.heard_at))

    def account(self) -> dict[str, Any]:
        """Return what is shown of the peer."""
        is_open = self.is_open
        states = list(self.told.get("groups", {}).values()) if is_open else []
        return {
            "node": self.peer.node,
            "address": self.address if is_open else "",
            "heard_ms": self.heard_ms(),
            "version": self.version,
            "fingerprint": self.peer.fingerprint,
            "state": one_state(states) if is_open else "unknown",
            "in_sync": bool(self.told.get("in_sync")) if is_open else False,
            "trouble": "" if is_open else self.trouble,
        }

    def close(self) -> None:
        """Give the line up."""
        if self._dialer is not None:
            self._dialer.close()
        if self._session is not None:
            session, self._session = self._session, None
            session.close("this router ends the line")
        self._scope.close()
        self._fail_asked()


def one_state(states: list[str]) -> str:
    """Return the state of a router whose groups have these."""
    for each in ("fault", "active", "backup", "initialize"):
        if each in states:
            return each
    return "unknown"
