# SPDX-License-Identifier: GPL-2.0-or-later
"""What a look starts from: this router's files, its plan, its status."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class NotSeen(Exception):
    """Something cannot be looked at: a code of UNABLE and its facts."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class AdvertPlace:
    """A device of virtual routers, for one family; `virtual` when one of them has a virtual MAC."""

    device: str
    family: int
    virtual: bool
    # Where ADVERTISEMENTs are sent, if not to the multicast group.
    peers: tuple[str, ...]


@dataclass
class Lookout:
    """One router as a look finds it; `plan` is empty when there is none.

    `status` asks havend, which may take seconds, and returns nothing when it does not answer.
    """

    root: str
    config: str
    run_dir: str
    plan: dict[str, Any]
    status: Callable[[], dict[str, Any]]

    @property
    def routers(self) -> list[dict[str, Any]]:
        """The virtual routers of the plan."""
        return list(self.plan.get("virtual_routers", ()))

    def places(self) -> list[AdvertPlace]:
        """Return where ADVERTISEMENTs go, each link once."""
        found: dict[tuple[str, int], AdvertPlace] = {}
        for router in self.routers:
            key = router["device"], router["family"]
            old = found.get(key, AdvertPlace(*key, False, ()))
            peers = tuple(dict.fromkeys((*old.peers, *router["unicast_peers"])))
            found[key] = AdvertPlace(*key, old.virtual or bool(router.get("virtual_mac")), peers)
        return [found[key] for key in sorted(found)]

    def copy_device(self) -> str:
        """Return the device over which connections are copied, empty for none."""
        return str(self.plan.get("parts", {}).get("conntrack", {}).get("device", ""))
