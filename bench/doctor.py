# SPDX-License-Identifier: GPL-2.0-or-later
"""Every fault that doctor has to name, one after the other; then a sound pair under changing load."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from haven.contract.doctor import LIMIT_S
from tests.lab.doctor_faults import FAULTS, Broken
from tests.lab.doctor_pair import DoctorPair, found, wrong
from tests.lab.flows import Busy, echo_server
from tests.lab.network import Network

# Connections through the pair, in turn; every other time a processor is busy, too.
LOADS = (0, 10, 50, 200, 50)


@dataclass
class DoctorRun:
    """One run: what was broken, what was named, how long it took."""

    what: str
    named: str
    took_s: float
    good: bool

    def heading(self) -> str:
        """Return the lines above the rows."""
        return "\n| what | named | s | |\n|---|---|---|---|"

    def row(self) -> str:
        """Return the line."""
        return f"| {self.what} | {self.named} | {self.took_s:.1f} | {'ok' if self.kept() else 'MISSED'} |"

    def kept(self) -> bool:
        """Tell whether it is as it should be."""
        return self.good and self.took_s <= LIMIT_S


def doctor_faults(_runs: int) -> Iterator[DoctorRun]:
    """Break each thing once, on a pair of its own."""
    for fault in FAULTS:
        network = Network(2)
        try:
            yield _suffer(network, fault)
        finally:
            network.delete()


def _suffer(network: Network, fault: Broken) -> DoctorRun:
    pair = DoctorPair(network, **fault.pair)
    fault.inject(pair)
    began = time.monotonic()
    report = pair.ask(pair.nodes[fault.asks], *fault.wrapped(pair), **fault.started)
    named = found(report)
    sentences = named.get(fault.code, [])
    said = sentences[0] if sentences else f"NOT NAMED, but {sorted(named)}"
    return DoctorRun(fault.what, said, time.monotonic() - began, bool(sentences))


@contextmanager
def one_busy_loop() -> Iterator[None]:
    """Let a program run without a pause."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        loop.kill()
        loop.wait()


def doctor_sound(runs: int) -> Iterator[DoctorRun]:
    """Ask a sound pair again and again: nothing may be found."""
    network = Network(2)
    try:
        pair = DoctorPair(network)
        pair.wait_settled()
        echo_server(network.server)
        for number in range(runs):
            yield _ask_sound(network, pair, number)
    finally:
        network.delete()


def _ask_sound(network: Network, pair: DoctorPair, number: int) -> DoctorRun:
    load = LOADS[number % len(LOADS)]
    busy = Busy(network, load) if load else None
    with one_busy_loop() if number % 2 else nullcontext():
        began = time.monotonic()
        report = pair.ask(pair.nodes[number // 2 % 2])
        took_s = time.monotonic() - began
    if busy is not None:
        busy.stop()
    names = wrong(report)
    what = f"sound, {load} connections{', a processor busy' if number % 2 else ''}"
    return DoctorRun(what, "; ".join(names) or "nothing", took_s, not names)


def doctors(runs: int) -> Iterator[DoctorRun]:
    """Both; `--runs` is a tenth of how often the sound pair is asked."""
    yield from doctor_faults(runs)
    yield from doctor_sound(10 * runs)
