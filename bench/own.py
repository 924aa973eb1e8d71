# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that end on the router itself: how soon they are back, begun anew, after a power cut."""

import itertools
import socket
import threading
import time
from collections.abc import Iterator

from bench import openvpn
from bench.nodes import KINDS
from bench.pair import PROGRAMS
from bench.table import Comparison
from bench.world import World, world
from tests.lab import flows
from tests.lab.network import GATEWAY
from tests.lab.wait import now_ns, wait_until

SSH = 22
ECHO = 5300
# How often something is said, and how long it may take in all.
EVERY_S, LONGEST_S = 0.1, 60
TITLES = {"ssh": "power cut: ssh to the router, back after", "vpn": "power cut: OpenVPN over TCP, back after"}


def own_connections(runs: int) -> Iterator[Comparison]:
    """Cut the power under a session to the virtual address, and under a tunnel to it."""
    why_not = openvpn.missing()
    if why_not is not None:
        raise SystemExit(f"the bench of connections to the router itself cannot run: {why_not}")
    for name, kind in (("ssh", Typing), ("vpn", Pinging)):
        row = Comparison(TITLES[name], "s")
        for _ in range(runs):
            for program in PROGRAMS:
                row.of(program).append(_seconds(program, kind))
        yield row


def _seconds(program: str, kind: "type[Typing] | type[Pinging]") -> float:
    with world(KINDS[program]) as made:
        user = kind(made)
        user.start()
        wait_until(lambda: user.last_answer, 30, "there are answers")
        # The standby looks for who listens now and then.
        time.sleep(12)
        moment = made.happen("power cut")
        # What is asked after the cut, r2 alone can answer.
        wait_until(lambda: user.last_answer > moment.done, LONGEST_S, "there are answers again")
        return (user.first_answer_after(moment.done) - moment.began) / 1e9


class User(threading.Thread):
    """Says something now and then; `answers` are the times when something was asked that was answered."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[int, int]] = []

    @property
    def last_answer(self) -> int:
        """When the last of what was answered was asked."""
        return self.answers[-1][0] if self.answers else 0

    def first_answer_after(self, when: int) -> int:
        """Tell when the first answer came to what was asked after a moment."""
        return next(came for asked, came in self.answers if asked > when)


class Typing(User):
    """Somebody who types into a session, and begins another when it has ended."""

    def __init__(self, made: World) -> None:
        super().__init__()
        self._client = made.network.client
        for router in made.network.routers.values():
            flows.echo_server(router.namespace, SSH)

    def run(self) -> None:
        """Go on and on."""
        while True:
            try:
                self._type(flows.connect(self._client, GATEWAY, SSH, timeout=1))
            except OSError:
                time.sleep(EVERY_S)

    def _type(self, session: socket.socket) -> None:
        session.settimeout(EVERY_S)
        for number in itertools.count():
            asked = now_ns()
            session.sendall(b"%d\n" % number)
            try:
                # Of what is sent again the first characters come back first.
                while not session.recv(4096).endswith(b"%d\n" % number):
                    continue
            except TimeoutError:
                continue
            self.answers.append((asked, now_ns()))
            time.sleep(EVERY_S)


class Pinging(User):
    """Somebody who asks something of the router through the tunnel."""

    def __init__(self, made: World) -> None:
        super().__init__()
        for router in made.network.routers.values():
            flows.spawn(router.namespace, "reflect", str(ECHO), "1")
        openvpn.Tunnel(made.network)
        self._socket = flows.datagrams(made.network.client)
        self._socket.settimeout(EVERY_S)

    def run(self) -> None:
        """Go on and on."""
        for number in itertools.count():
            asked, word = now_ns(), b"%d" % number
            try:
                self._socket.sendto(word, (openvpn.INSIDE, ECHO))
                while self._socket.recv(64) != word:
                    continue
            except OSError:
                # While there is no tunnel, that is said at once.
                time.sleep(EVERY_S / 2)
                continue
            self.answers.append((asked, now_ns()))
            time.sleep(EVERY_S)
