# SPDX-License-Identifier: GPL-2.0-or-later
"""What one configuration costs: a thousand static leases to the other router, and nothing to do."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.table import Figures
from haven.config.uci.package import PackageSection, write_package
from haven.sync.replica import Replica

LEASES = 1000
IDLE_LOOKS = 200


def replication(runs: int) -> Iterator[Figures]:
    """Measure processor time and sizes; files are on the temporary file system."""
    figures = Figures(f"{LEASES} static leases, ms of CPU")
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            figures.add(_one_run(Path(folder)))
    yield figures


def _one_run(folder: Path) -> dict[str, float]:
    one, two = (_router(folder, name) for name in ("r1", "r2"))
    for teller, hearer in ((one, two), (two, one)):
        for document in teller.changes_for(hearer.summary()):
            hearer.receive(document)
    (folder / "r1/etc/config/dhcp").write_text(write_package(leases()))
    measured: dict[str, float] = {}
    _timed("scan", one.scan, measured)
    documents = _timed("tell", lambda: one.changes_for(two.summary()), measured)
    _timed("take", lambda: [two.receive(document) for document in documents], measured)
    if (folder / "r1/etc/config/dhcp").read_text() != (folder / "r2/etc/config/dhcp").read_text():
        raise SystemExit("what came is not what was sent")
    _timed("look again", two.scan, measured)
    # Files that were just written are read again for a while.
    time.sleep(2.1)
    two.scan()
    _timed("idle look", lambda: [two.scan() for _ in range(IDLE_LOOKS)], measured)
    measured["idle look"] /= IDLE_LOOKS
    measured["KiB sent"] = sum(len(json.dumps(each)) for each in documents) / 1024
    measured["KiB kept"] = sum(path.stat().st_size for path in (folder / "r2/etc/haven").rglob("*")) / 1024
    return measured


def _router(folder: Path, name: str) -> Replica:
    config = folder / name / "etc/config"
    config.mkdir(parents=True)
    (config / "haven").write_text(f"config haven 'main'\n\toption node '{name}'\n")
    (config / "dhcp").write_text("config dnsmasq\n\toption domain 'lan'\n")
    replica = Replica(str(folder / name), name)
    replica.recover()
    replica.scan()
    return replica


def leases() -> list[PackageSection]:
    """Return a package of as many static leases."""
    found = [PackageSection("dnsmasq", "", {"domain": "lan"})]
    for number in range(LEASES):
        mac = "02:00:00:%02x:%02x:%02x" % (number * 7 % 256, number // 256, number % 256)
        address = "10.1.%d.%d" % (number // 250, number % 250 + 1)
        found.append(PackageSection("host", "", {"name": f"host{number}", "mac": mac, "ip": address}))
    return found


def _timed(what: str, act: "Callable[[], Any]", into: dict[str, float]) -> Any:
    began = time.process_time()
    result = act()
    into[what] = (time.process_time() - began) * 1000
    return result
