# SPDX-License-Identifier: GPL-2.0-or-later
"""A commit behind a hold: the stock way, with the packets kept waiting until the table is there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.nodes import Stock
from tests.lab.network import UPLINK
from tests.lab.wait import wait_until

ROOT = Path(__file__).resolve().parents[1]
# netfilterqueue is compiled against libnetfilter_queue; a Python that has it may be another one than this.
PYTHON = os.environ.get("HAVEN_BENCH_PYTHON", sys.executable)
COMMIT = "$CONNTRACKD_BIN -C $CONNTRACKD_CONFIG -c\n"
TIMED = "date +%%s%%N >>%s\n" + COMMIT + "ended=$?\ndate +%%s%%N >>%s\n%s(exit $ended)\n"
QUEUE = 77
# Before connection tracking looks at them. The client's packets are held too: forwarded ahead of the commit
# they would make entries that stand in its way.
RULES = (
    ("-i", "wan", "-d", UPLINK),
    ("-i", "lan", "-d", "203.0.113.0/24"),
)


def missing() -> str:
    """Tell what is missing for a hold, or nothing."""
    if shutil.which("iptables") is None:
        return "there is no iptables"
    tried = subprocess.run([PYTHON, "-c", "import netfilterqueue"], capture_output=True, check=False)
    if not tried.returncode:
        return ""
    return f"{PYTHON} has no netfilterqueue (it is built with libnetfilter-queue-dev)"


class TimedStock(Stock):
    """keepalived and conntrackd as they come, with the time of each commit written down."""

    def after_commit(self) -> str:
        """Return a line for the shell."""
        return ""

    def configure(self, **changes: object) -> None:
        """Write the configuration, and the script with the clock in it."""
        super().configure(**changes)
        stock = self.script.read_text()
        assert COMMIT in stock
        timed = TIMED % (self._times, self._times, self.after_commit())
        self.script.write_text(stock.replace(COMMIT, timed))

    @property
    def _times(self) -> Path:
        return self.conntrackd.folder / "commits"

    def commit_ms(self) -> float:
        """Tell how long the last commit took."""
        wait_until(lambda: len(self._times.read_text().split()) % 2 == 0, 10, "the commit ends")
        began, ended = self._times.read_text().split()[-2:]
        return (int(ended) - int(began)) / 1e6


class HoldingStock(TimedStock):
    """The same behind a hold, which is ready on each node until its first commit has ended."""

    def after_commit(self) -> str:
        """Let the packets go."""
        return f'kill -USR1 "$(cat {self._ready})"\n'

    @property
    def _ready(self) -> Path:
        return self.conntrackd.folder / "hold"

    def start(self) -> "HoldingStock":
        """Start the holder, let the packets go its way, and start the rest."""
        inside = self.router.namespace
        with open(self.conntrackd.folder / "hold.log", "ab") as log:
            argv = [PYTHON, "-m", "bench.hold_process", str(QUEUE), str(self._ready)]
            self.holder = inside.spawn(argv, log, cwd=ROOT)
        wait_until(self._ready.exists, 5, f"the holder on {self.name} is ready")
        for rule in RULES:
            target = ("-j", "NFQUEUE", "--queue-num", str(QUEUE), "--queue-bypass")
            inside.run("iptables", "-t", "raw", "-A", "PREROUTING", *rule, *target)
        super().start()
        return self
