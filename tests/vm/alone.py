# SPDX-License-Identifier: GPL-2.0-or-later
"""One router and nothing around it, which asks no more of a kernel than cables."""

import tempfile
from pathlib import Path

from tests.lab.namespace import Namespace, lab_number
from tests.lab.network import Router, memory_folder
from tests.lab.wiring import Wiring

SEGMENTS = ("lan", "wan", "sync")


class Alone:
    """In place of a Network: the far ends of its cables are up, and nobody is there."""

    def __init__(self) -> None:
        number = lab_number()
        self._temporary = tempfile.TemporaryDirectory(prefix="hv", dir=memory_folder())
        self.folder = Path(self._temporary.name)
        self.logs: dict[str, Path] = {}
        router = Router("r1", 1, Namespace("r1", number), Wiring())
        self.routers = {"r1": router}
        for segment in SEGMENTS:
            router.namespace.ip(
                f"link add {segment} address {router.mac(segment)} type veth peer name far-{segment}",
                f"link set far-{segment} up",
                f"link set {segment} up",
                f"address add {router.address(segment)}/24 dev {segment}",
            )

    def __getitem__(self, name: str) -> Router:
        return self.routers[name]

    def delete(self) -> None:
        """End what runs there and take it away."""
        self.routers["r1"].namespace.delete()
        self._temporary.cleanup()
