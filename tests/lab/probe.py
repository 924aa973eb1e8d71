# SPDX-License-Identifier: GPL-2.0-or-later
"""The probe: a numbered datagram from client to server and back, each millisecond if nothing else is said."""

import itertools
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.tape import Tape
from tests.lab.wait import now_ns, wait_until

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS = 120
_ports = itertools.count(7000)


@dataclass(frozen=True)
class Gap:
    """A run of lost datagrams, from the sending of the first to the sending of the next that came through."""

    started: int
    ended: int
    lost: int

    @property
    def ms(self) -> float:
        """Tell its length in milliseconds."""
        return (self.ended - self.started) / 1e6


NO_GAP = Gap(0, 0, 0)


@dataclass(frozen=True)
class Result:
    """What became of the datagrams; every time is CLOCK_MONOTONIC in nanoseconds."""

    sent: int
    received: int
    lost_outward: int
    lost_on_return: int
    gaps: tuple[Gap, ...]
    first: int
    last: int
    worst_lateness_ms: float
    slowest_ms: float

    @property
    def lost(self) -> int:
        """Count the datagrams that did not come back (one way: did not arrive)."""
        return self.sent - self.received

    @property
    def longest_gap(self) -> Gap:
        """Tell the longest run of losses."""
        return max(self.gaps, key=lambda gap: gap.ms, default=NO_GAP)

    @property
    def longest_gap_ms(self) -> float:
        """Tell how long the service was away at the most."""
        return self.longest_gap.ms

    def gaps_after(self, when: int) -> list[Gap]:
        """List the runs of losses that ended after a moment."""
        return [gap for gap in self.gaps if gap.ended > when]

    def __str__(self) -> str:
        gap = self.longest_gap
        return (
            f"sent {self.sent}, received {self.received}, lost {self.lost} "
            f"({self.lost_outward} outward, {self.lost_on_return} on return) in {len(self.gaps)} gaps, "
            f"longest {gap.ms:.1f} ms; sender at worst {self.worst_lateness_ms:.1f} ms late"
        )


class Probe:
    """The probe's two processes, and what their tape says so far."""

    def __init__(
        self,
        client: Namespace,
        server: Namespace,
        to: str,
        folder: Path,
        seconds: int = MAX_SECONDS,
        one_way: bool = False,
        period_ms: int = 1,
    ) -> None:
        port = next(_ports)
        self.one_way, self._period_ms = one_way, period_ms
        self.tape = Tape(folder / f"probe-{port}", seconds * 1000 // period_ms)
        self._log_path = folder / f"probe-{port}.log"
        common = [str(self.tape.path), str(self.tape.rows), to, str(port), "0" if one_way else "1"]
        self._server = self._spawn(server, ["serve", *common])
        wait_until(lambda: _listens(server, port), 5, f"echo server on port {port} listens")
        self._client = self._spawn(client, ["send", *common, str(period_ms)])

    def _spawn(self, namespace: Namespace, arguments: list[str]) -> "subprocess.Popen[bytes]":
        argv = [sys.executable, "-m", "tests.lab.probe_process", *arguments]
        with open(self._log_path, "ab") as log:
            return namespace.spawn(argv, log, cwd=ROOT)

    def wait_service(self, budget: float = 10) -> int:
        """Wait until a datagram that is sent from now on comes through, and tell when it was sent."""
        since = now_ns()
        number = wait_until(lambda: self._through_since(since), budget, "a datagram comes through")
        return self.tape.sent[number]

    def wait_no_service(self, budget: float = 10, silent_ms: int = 20) -> None:
        """Wait until nothing has come through for a while."""

        def silent() -> bool:
            end = self._rows_sent() - 5
            return end > silent_ms and not any(self._through[end - silent_ms : end])

        wait_until(silent, budget, f"nothing comes through for {silent_ms} ms")

    def stop(self) -> Result:
        """Stop sending, wait for what is under way, and tell the result."""
        self._client.terminate()
        self._client.wait(60)
        self.close()
        return self.result()

    def close(self) -> None:
        """End both processes; harmless when they have ended."""
        for process in (self._client, self._server):
            if process.poll() is None:
                process.terminate()
                process.wait(60)

    def result(self) -> Result:
        """Work out the result; meant for after the end, as what is under way counts as lost."""
        rows = self._rows_sent()
        sent, arrived = self.tape.sent, self.tape.arrived
        through = self._through
        got = [row for row in range(rows) if through[row]]
        reached = sum(1 for row in range(rows) if arrived[row])
        return Result(
            sent=rows,
            received=len(got),
            lost_outward=rows - reached,
            lost_on_return=reached - len(got),
            gaps=tuple(self._gaps(rows)),
            first=through[got[0]] if got else 0,
            last=through[got[-1]] if got else 0,
            worst_lateness_ms=max(
                ((sent[row] - sent[0]) / 1e6 - row * self._period_ms for row in range(rows)), default=0
            ),
            slowest_ms=max(((through[row] - sent[row]) / 1e6 for row in got), default=0),
        )

    @property
    def _through(self) -> memoryview:
        return self.tape.arrived if self.one_way else self.tape.back

    def _rows_sent(self) -> int:
        # Rows are filled in order, so the first empty one is found by halving.
        low, high = 0, self.tape.rows
        while low < high:
            middle = (low + high) // 2
            if self.tape.sent[middle]:
                low = middle + 1
            else:
                high = middle
        return low

    def _through_since(self, since: int) -> int | None:
        for row in range(self._rows_sent() - 1, 0, -1):
            if self.tape.sent[row] < since:
                return None
            if self._through[row]:
                return row
        return None

    def _gaps(self, rows: int) -> Iterable[Gap]:
        start = None
        for row in range(rows):
            if not self._through[row]:
                start = row if start is None else start
            elif start is not None:
                yield Gap(self.tape.sent[start], self.tape.sent[row], row - start)
                start = None
        if start is not None:
            yield Gap(self.tape.sent[start], self.tape.sent[rows - 1], rows - start)


def _listens(namespace: Namespace, port: int) -> bool:
    tables = namespace.run("cat", "/proc/net/udp", "/proc/net/udp6")
    return f":{port:04X} " in tables
