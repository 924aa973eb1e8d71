# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine on the LAN that forges."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.attacks import Attack
from tests.lab.forged import MAC
from tests.lab.network import Network

ROOT = Path(__file__).resolve().parents[2]


class Attacker:
    """One more cable in the switch of the LAN."""

    def __init__(self, network: Network) -> None:
        self.namespace = network.guest("attacker", "lan", MAC.hex(":"))

    def sent(self) -> int:
        """Count the packets that have left it."""
        (link,) = self.namespace.ip_json("-s", "link", "show", "dev", "lan")
        return link["stats64"]["tx"]["packets"]

    @contextmanager
    def attacking(self, attack: Attack) -> Iterator[None]:
        """Say the words of an attack meanwhile."""
        argv = [sys.executable, "-m", "tests.lab.attack_process", "lan", attack.name]
        process = self.namespace.spawn(argv, env={"PYTHONPATH": f"{ROOT}:{ROOT}/src"}, cwd=ROOT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)
