# SPDX-License-Identifier: GPL-2.0-or-later
"""One node that is Active and alone, as a fake and as the real havend."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from haven.contract.control import Refusal
from haven.contract.problems import problem
from tests.cli.fake_havend import FakeHavend
from tests.havend.machines import Havend, Machine, environment
from tests.havend.plans import MAIN, lan

STATUS = Path(__file__).parent / "status" / "active.json"
EVENT = {
    "seq": 2,
    "at": 1_800_000_000.5,
    "kind": "transition",
    "code": "transition",
    "group": "lan",
    "virtual_router": None,
    "facts": {"group": "lan", "from": "backup", "to": "active", "reason": {"code": "nobody", "facts": {}}},
    "from": "backup",
    "to": "active",
    "reason": "nobody",
    "text": "lan: Backup -> Active: no Active was heard",
}


class Said(NamedTuple):
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


def argv(run_dir: Path, config: Path, *words: str) -> list[str]:
    """Return the command line of the haven command."""
    paths = ["--config", str(config), "--run-dir", str(run_dir)]
    return [sys.executable, "-m", "haven.cli.main", *paths, *words]


class Subject:
    """A havend and its configuration."""

    prefix: list[str] = []

    def __init__(self, run_dir: Path, config: Path) -> None:
        self.run_dir = run_dir
        self.config = config

    def haven(self, *words: str) -> Said:
        """Run the haven command."""
        call = [*self.prefix, *argv(self.run_dir, self.config, *words)]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, env=environment())
        return Said(done.returncode, done.stdout, done.stderr)

    def break_configuration(self) -> None:
        """Make two mistakes in the configuration."""
        text = self.config.read_text().replace("vrid '51'", "vrid '510'").replace("priority", "priorty")
        self.config.write_text(text)

    def close(self) -> None:
        """End it."""
        raise NotImplementedError


class FakeSubject(Subject):
    """The fake."""

    def __init__(self, folder: Path) -> None:
        run_dir, config = folder / "run", folder / "haven"
        super().__init__(run_dir, config)
        config.write_text(MAIN + lan(device="lo"))
        self.refused: list[dict] = []
        self.fake = FakeHavend(
            run_dir,
            status=self._status,
            events=[EVENT],
            switchover=lambda request: (
                Refusal("no-group", group=request["group"])
                if request["group"] not in (None, "lan")
                else Refusal("nobody-took-over", groups=["lan"])
            ),
            maintenance=lambda request: {
                "on": request["on"],
                "handed_over": [],
                "still_active": ["lan"] if request["on"] else [],
            },
            refuse=self._refuse,
            load=lambda request: {"virtual_routers": 1},
            stop=self._stop,
        )

    def _status(self, request: dict) -> dict:
        found = json.loads(STATUS.read_text())
        found["problems"] = [
            problem("reload-refused", "configuration", diagnostic=each) for each in self.refused
        ]
        return found

    def _refuse(self, request: dict) -> dict:
        self.refused = request["problems"]
        return {}

    def _stop(self, request: dict) -> bytes:
        self.fake.path.unlink()
        return b'{"ok": true, "result": {"stopped": true}}\n'

    def close(self) -> None:
        """End it."""
        self.fake.close()


class RealSubject(Subject):
    """The real one, in a network namespace."""

    def __init__(self, machine: Machine, folder: Path) -> None:
        machine.ip("link add lan type veth peer name other", "link set other up")
        machine.ip("address add 10.9.0.1/24 dev lan", "link set lan up")
        self.havend = Havend(machine, folder / "node", lan())
        super().__init__(self.havend.run_dir, self.havend.config)
        self.prefix = ["ip", "netns", "exec", machine.name]
        try:
            self.havend.prepare().start().until("active")
        except BaseException:
            self.havend.close()
            raise

    def close(self) -> None:
        """End it."""
        self.havend.close()
