# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package for OpenWrt takes: flash, and time from the start of havend to Backup."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.table import Comparison
from tests.package.installed import machine, run_uci_defaults, size, start_to_backup

BUILD = Path(__file__).parents[1] / "openwrt-feed/ipk.py"
KB = 1000


def starts(runs: int) -> Iterator[Comparison]:
    """Install the package into a folder, and start havend from its sources and from its compiled files."""
    with tempfile.TemporaryDirectory(prefix="haven-bench-") as name:
        router = Path(name) / "router"
        subprocess.run([sys.executable, str(BUILD), "--into", str(router), "haven"], check=True)
        yield Comparison("flash, not compiled", "kB", [size(router) / KB])
        yield Comparison("start to Backup, not compiled", "ms", [_start(router) for _ in range(runs)])
        run_uci_defaults(router)
        yield Comparison("flash, compiled", "kB", [size(router) / KB], most=1560)
        yield Comparison("start to Backup, compiled", "ms", [_start(router) for _ in range(runs)], limit=1000)


def _start(router: Path) -> float:
    place = machine()
    try:
        with tempfile.TemporaryDirectory(prefix="haven-bench-") as folder:
            return 1000 * start_to_backup(router, place, Path(folder))
    finally:
        place.delete()
