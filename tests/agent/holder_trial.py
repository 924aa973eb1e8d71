# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs inside a namespace: the holder in every condition, and how many ms an ACK takes through it."""

import json
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable

from haven.agent.leases import holder_link
from haven.agent.leases.gate import Gate
from haven.agent.leases.holder_link import HolderLink
from haven.agent.loop import Loop, Scope

HERE = "127.0.0.1"
BUDGET_S = 60.0


def ack(number: int) -> bytes:
    """Return the ACK for a client."""
    fixed = struct.pack("!BBBB4sHH", 2, 1, 6, 0, struct.pack("!I", number), 0, 0)
    fixed += bytes(4) + bytes([10, 77, 0, number]) + bytes(8) + bytes([2, 0, 0, 0, 0, number]) + bytes(202)
    return fixed + b"\x63\x82\x53\x63" + b"\x35\x01\x05\x33\x04\x00\x00\x0e\x10\xff"


class Trial:
    """A loop with a holder, a server that answers and a client that listens."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.scope = Scope(self.loop, "/tmp", self.failed)
        self.words: list[dict] = []
        self.answers = True
        self.link = HolderLink(self.scope, self.heard)
        self.gate = Gate(self.scope)
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind((HERE, 67))
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.bind((HERE, 68))
        self.client.setblocking(False)
        self.number = 0

    def failed(self, error: BaseException) -> None:
        raise error

    def heard(self, word: dict) -> None:
        self.words.append(word)
        if "ack" in word and self.answers:
            self.link.let_go(word["ack"])

    def until(self, condition: Callable[[], object]) -> object:
        """Turn the loop until something is so; None when it never is."""
        end = time.monotonic() + BUDGET_S
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            self.loop.at(time.monotonic() + 0.002, lambda: None)
            self.loop.turn()
        return None

    def send(self) -> float:
        """Send the next ACK; return when."""
        self.number += 1
        now = time.monotonic()
        self.server.sendto(ack(self.number), (HERE, 68))
        return now

    def arrival_ms(self, since: float) -> float | None:
        """Return how long an ACK took to arrive."""
        return round(1000 * (time.monotonic() - since), 1) if self.until(self.arrived) else None

    def arrived(self) -> bool:
        try:
            return bool(self.client.recv(2000))
        except BlockingIOError:
            return False

    def was_held(self) -> bool:
        """Tell whether the last ACK waited; what is said of it comes before what is said of another one."""
        self.words.clear()
        self.arrival_ms(self.send())
        self.until(lambda: any("ack" in word for word in self.words))
        return any("done" in word for word in self.words)

    def holder(self) -> int:
        """Return the holder's process."""
        return self.link._child.pid  # noqa: SLF001

    def ready(self) -> None:
        """Wait until the holder reads and holds."""
        self.until(lambda: self.link.is_ready)
        self.link.hold(True)


def run() -> dict[str, object]:
    """Try everything; a holder that has to wait for the processor does not hang."""
    holder_link.PATIENCE_S = 2.0
    trial, found = Trial(), {}
    ruled: list[bool] = []
    trial.gate.hold(["lo"])
    trial.gate.close([], lambda: ruled.append(True))
    trial.until(lambda: ruled)
    time.sleep(0.5)
    found["nobody"] = trial.arrival_ms(trial.send())
    trial.link.start()
    trial.ready()
    found["known"] = trial.arrival_ms(trial.send())
    found["binding"] = trial.until(lambda: [word["binding"] for word in trial.words if "binding" in word])[-1]
    trial.answers = False
    found["unknown"] = trial.arrival_ms(trial.send())
    os.kill(trial.holder(), signal.SIGSTOP)
    found["hangs"] = trial.arrival_ms(trial.send())
    trial.until(lambda: not trial.link.is_ready)
    found["why"] = trial.link.failure
    trial.ready()
    found["again"] = trial.arrival_ms(trial.send())
    sent = trial.send()
    trial.until(lambda: trial.words[-1].get("ack"))
    os.kill(trial.holder(), signal.SIGSTOP)
    found["hangs_holding"] = trial.arrival_ms(sent)
    trial.ready()
    sent = trial.send()
    trial.until(lambda: trial.words[-1].get("ack"))
    os.kill(trial.holder(), signal.SIGKILL)
    found["dies_holding"] = trial.arrival_ms(sent)
    trial.ready()
    trial.link.hold(False)
    found["alone"], found["held_alone"] = trial.arrival_ms(trial.send()), trial.was_held()
    child = trial.holder()
    sent = trial.send()
    trial.link.close()
    found["closed"] = trial.arrival_ms(sent)
    found["left"] = os.path.exists(f"/proc/{child}")
    return found


if __name__ == "__main__":
    print(json.dumps(run()))
    sys.stdout.flush()
