# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that asks an address all the time, by ping: whichever router holds it answers."""

import re
import time
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.wait import wait_until

PERIOD_MS = 5
REPLY = re.compile(r"^\[(\d+\.\d+)\] .* icmp_seq=\d+ ttl", re.MULTILINE)


class Asking:
    """One client, one address; the log has a line an answer."""

    def __init__(self, client: Namespace, address: str, log_path: Path) -> None:
        self._log_path = log_path
        with open(log_path, "wb") as log:
            argv = ["ping", "-n", "-D", "-i", str(PERIOD_MS / 1000), address]
            self._process = client.spawn(argv, log, {"LC_ALL": "C"})

    def answers(self) -> list[float]:
        """List when answers came, in seconds."""
        return [float(each) for each in REPLY.findall(self._log_path.read_text(errors="replace"))]

    def wait_answers(self, budget: float = 60) -> None:
        """Wait until what is asked from now on is answered."""
        since = time.time()
        wait_until(lambda: self.answers()[-1:] > [since], budget, "the client is answered")

    def longest_gap_ms(self) -> float:
        """Tell the longest time without an answer between two of them."""
        at = self.answers()
        return 1000 * max((later - sooner for sooner, later in zip(at, at[1:], strict=False)), default=0)

    def stop(self) -> None:
        """Ask no more."""
        self._process.terminate()
        self._process.wait(60)
