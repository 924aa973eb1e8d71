# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a new Active dials by PPPoE, with the word that ends the dead router's session and without it."""

import contextlib
from collections.abc import Iterator

from bench.table import Figures
from tests.lab.dialled import dialled_pair
from tests.lab.network import Network
from tests.lab.pppoe_provider import PppoeNode, PppoeProvider, kernel_has_ppp
from tests.lab.wait import now_ns, wait_until

LIMIT_S = 5.0
# An access concentrator gives a dead customer up after a minute.
BUDGET_S = 150


class Limited(Figures):
    """Figures of which one has a limit, in seconds."""

    limit_s: float | None = None

    def kept(self) -> bool:
        """Tell whether every run was within the limit, and never more than one session stood."""
        late = self.limit_s is not None and max(self.values["seconds"]) > self.limit_s
        return not late and max(self.values["most sessions"]) <= 1


def dialled(runs: int) -> Iterator[Figures]:
    """Cut the power of a router that has dialled, and yield how long it takes until the other one is in."""
    if not kernel_has_ppp():
        raise SystemExit("this kernel has no PPP: run the bench on one that has, as in a virtual machine")
    # Routers that are not paired know nothing of each other's session; the provider's patience is seen once.
    rows = (
        ("power cut, its session ended", "power cut", True, runs, LIMIT_S),
        ("switchover", "switchover", True, runs, LIMIT_S),
        ("power cut, its session left", "power cut", False, 1, None),
    )
    for what, event, is_paired, times, limit_s in rows:
        row = Limited(what)
        row.limit_s = limit_s
        for _ in range(times):
            row.add(_run(event, is_paired))
        yield row


def _run(event: str, is_paired: bool) -> dict[str, float]:
    with _pair(is_paired) as (network, provider, first, second):
        began = now_ns()
        if event == "power cut":
            network.power_cut("r1")
        else:
            first.ask("switchover", group=None)
        wait_until(lambda: has_session(second), BUDGET_S, "r2 is in", interval=0.05)
        return {"seconds": (now_ns() - began) / 1e9, "most sessions": provider.most}


def has_session(node: PppoeNode) -> bool:
    """Tell whether a router has an address of its PPPoE session."""
    return any(
        link.get("addr_info")
        for link in node.router.namespace.ip_json("-4", "address", "show", "up")
        if link.get("ifname") == "pppoe-wan"
    )


@contextlib.contextmanager
def _pair(is_paired: bool) -> Iterator[tuple[Network, PppoeProvider, PppoeNode, PppoeNode]]:
    network = Network(2)
    provider = PppoeProvider(network)
    try:
        first, second = dialled_pair(network, PppoeNode, is_paired)
        if is_paired:
            wait_until(lambda: knows_session(second), 20, "the standby knows the session")
        yield network, provider, first, second
    except BaseException:
        print(network.story())
        raise
    finally:
        provider.stop()
        network.delete()


def knows_session(node: PppoeNode) -> bool:
    """Tell whether a standby knows the session of the Active."""
    return bool(node.wan().get("session"))
