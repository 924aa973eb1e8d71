# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows through the gateway: busy, young, idle and old ones, and a crowd that fills the table."""

import itertools
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from tests.lab.namespace import Namespace, inside
from tests.lab.network import CLIENT, SERVICE, Network
from tests.lab.sheet import ALIVE, CONNECTING, DONE, FRESH, RESET, Sheet
from tests.lab.wait import now_ns, wait_until

ROOT = Path(__file__).resolve().parents[2]
ECHO_PORT = 9000
CROWD_PORT, CROWD_PORTS = 5000, 4
CROWD_NETWORK = "203.0.113"

_numbers = itertools.count()


def spawn(namespace: Namespace, *argv: str, **more: object) -> "subprocess.Popen[bytes]":
    """Start one end of the flows."""
    return namespace.spawn([sys.executable, "-m", "tests.lab.flows_process", *argv], cwd=ROOT, **more)


def _listens(namespace: Namespace, protocol: str, port: int) -> bool:
    tables = namespace.run("cat", f"/proc/net/{protocol}", f"/proc/net/{protocol}6")
    return any(f":{port:04X} " in line and " 0A " in line for line in tables.splitlines())


def echo_server(namespace: Namespace, port: int = ECHO_PORT) -> None:
    """Start a TCP echo server on every address of a host."""
    spawn(namespace, "echo", str(port))
    wait_until(lambda: _listens(namespace, "tcp", port), 5, f"the echo server on port {port} listens")


@dataclass(frozen=True)
class Fates:
    """What became of connections."""

    alive: int
    reset: int
    stuck: int
    other: int
    longest_stall_ms: float

    @property
    def count(self) -> int:
        """Tell how many there were."""
        return self.alive + self.reset + self.stuck + self.other

    def __str__(self) -> str:
        return (
            f"{self.alive} of {self.count} alive, {self.reset} reset, {self.stuck} stuck, "
            f"{self.other} otherwise ended, longest stall {self.longest_stall_ms:.0f} ms"
        )


class Busy:
    """TCP connections on each of which a message goes to the server and back every 20 ms."""

    def __init__(
        self,
        network: Network,
        count: int = 200,
        address: str = SERVICE,
        period_ms: int = 20,
        host: Namespace | None = None,
    ) -> None:
        self.sheet = Sheet(network.folder / f"busy-{next(_numbers)}", count)
        arguments = [str(self.sheet.path), str(count), address, str(ECHO_PORT), str(period_ms)]
        self._process = spawn(host or network.client, "busy", *arguments)
        wait_until(lambda: all(born for born in self.sheet.born), 10, f"{count} connections are there")

    def forget_stalls(self) -> None:
        """Begin anew with the longest stalls: those of the start are nobody's fault."""
        for row in range(self.sheet.rows):
            self.sheet.stall[row] = 0

    def moving_since(self, when: int) -> int:
        """Count the connections that have made progress since a moment."""
        return sum(1 for at in self.sheet.progress if at > when)

    def ended(self) -> int:
        """Count the connections that are no more."""
        return sum(1 for state in self.sheet.state if state not in (CONNECTING, ALIVE))

    def fates(self, since: int) -> Fates:
        """Tell what became of them; alive is one that has made progress since a moment."""
        return _fates(self.sheet, range(self.sheet.rows), since)

    def stop(self) -> None:
        """End them."""
        _end(self._process)


def _fates(sheet: Sheet, rows: "range | list[int]", since: int) -> Fates:
    states = [(sheet.state[row], sheet.progress[row] > since) for row in rows]
    alive = sum(1 for state, moved in states if state == DONE or (state == ALIVE and moved))
    reset = sum(1 for state, _ in states if state == RESET)
    stuck = sum(1 for state, moved in states if state == ALIVE and not moved)
    longest = max((sheet.stall[row] for row in rows), default=0) / 1e6
    return Fates(alive, reset, stuck, len(states) - alive - reset - stuck, longest)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        process.wait(60)


class Births:
    """New TCP connections at a steady rate; each says something twice a second."""

    def __init__(self, network: Network, rate: int = 500, seconds: int = 40, address: str = SERVICE) -> None:
        self.sheet = Sheet(network.folder / f"births-{next(_numbers)}", rate * seconds)
        arguments = [str(self.sheet.path), str(rate * seconds), address, str(ECHO_PORT), str(rate)]
        self._process = spawn(network.client, "births", *arguments)
        wait_until(lambda: self.sheet.born[rate], 10, "connections are born")

    def born_before(self, when: int) -> list[int]:
        """List those that were born before a moment."""
        return [row for row in range(self.sheet.rows) if 0 < self.sheet.born[row] < when]

    def fates(self, when: int, since: int) -> Fates:
        """Tell what became of those born before a moment; alive is one that has moved since another."""
        return _fates(self.sheet, self.born_before(when), since)

    def lost_ages_ms(self, when: int, since: int) -> list[float]:
        """Tell how old, at a moment, those were that did not live on."""
        sheet = self.sheet
        lost = [
            row
            for row in self.born_before(when)
            if sheet.state[row] != DONE and not (sheet.state[row] == ALIVE and sheet.progress[row] > since)
        ]
        return sorted((when - sheet.born[row]) / 1e6 for row in lost)

    def begun(self) -> int:
        """Count those begun so far."""
        return sum(1 for state in self.sheet.state if state != FRESH)

    def waiting(self) -> int:
        """Count those that are not yet connected."""
        return sum(1 for state in self.sheet.state if state == CONNECTING)

    def stop(self) -> None:
        """End them."""
        _end(self._process)


class Crowd:
    """Many UDP flows, each with a datagram in both directions."""

    def __init__(self, network: Network, rate: int = 15_000) -> None:
        self.network, self.rate = network, rate
        network.server.ip(f"route replace local {CROWD_NETWORK}.0/24 dev lo")
        self._reflector = spawn(network.server, "reflect", str(CROWD_PORT), str(CROWD_PORTS))
        wait_until(self._reflects, 5, "the reflector listens")

    def _reflects(self) -> bool:
        return f":{CROWD_PORT + CROWD_PORTS - 1:04X} " in self.network.server.run("cat", "/proc/net/udp")

    def fill(self, count: int) -> float:
        """Begin that many flows, and tell how many seconds it took."""
        arguments = [CLIENT, CROWD_NETWORK, str(CROWD_PORT), str(CROWD_PORTS), str(count), str(self.rate)]
        began = now_ns()
        process = spawn(self.network.client, "fill", *arguments)
        process.wait(240)
        return (now_ns() - began) / 1e9


def connect(namespace: Namespace, address: str, port: int = ECHO_PORT, timeout: float = 30) -> socket.socket:
    """Open one TCP connection, to be spoken on by hand."""
    with inside(namespace):
        return socket.create_connection((address, port), timeout)


def datagrams(
    namespace: Namespace, family: int = socket.AF_INET, bound: tuple[str, int] | None = None
) -> socket.socket:
    """Open a UDP socket, to be spoken on by hand."""
    with inside(namespace):
        made = socket.socket(family, socket.SOCK_DGRAM)
    if bound:
        made.bind(bound)
    made.settimeout(1)
    return made


def answers(talk: socket.socket, timeout: float = 30, word: bytes = b"still there?") -> bool:
    """Say something on a TCP connection to an echo server, and tell whether it comes back."""
    talk.settimeout(timeout)
    try:
        talk.sendall(word)
        return talk.recv(64) == word
    except OSError:
        return False


class OldDatagrams:
    """A UDP flow that goes on and on, a datagram each way twice a second, until somebody lets it rest."""

    def __init__(self, network: Network, port: int = 4500) -> None:
        self._server = datagrams(network.server, bound=(SERVICE, port))
        self._client = datagrams(network.client, bound=(CLIENT, port))
        self._target = (SERVICE, port)
        self._seen: tuple[str, int] | None = None
        self._resting = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def _go_on(self) -> None:
        while not self._resting.wait(0.5):
            try:
                self._client.sendto(b"to", self._target)
                _octets, self._seen = self._server.recvfrom(64)
                self._server.sendto(b"fro", self._seen)
                self._client.recv(64)
            except OSError:
                continue

    def rest(self) -> None:
        """Fall silent."""
        self._resting.set()
        self._thread.join()

    def reached_from_outside(self, count: int = 20) -> int:
        """Send datagrams from the WAN side, and count those that reach the client."""
        self._client.settimeout(2)
        reached = 0
        for number in range(count):
            self._server.sendto(b"%d" % number, self._seen)
            try:
                while self._client.recv(64) != b"%d" % number:
                    continue
                reached += 1
            except OSError:
                continue
        return reached

    def close(self) -> None:
        """End it."""
        self.rest()
        self._client.close()
        self._server.close()
