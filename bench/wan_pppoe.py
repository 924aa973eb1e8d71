# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a new Active dials by PPPoE, with the word that ends the dead router's session and without it."""

import contextlib
from collections.abc import Callable, Iterator

from bench.table import Figures
from tests.lab.dialled import dialled_pair
from tests.lab.network import Network
from tests.lab.pppoe_provider import HastyNode, PppoeNode, PppoeProvider, kernel_has_ppp
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
    """Hand over, cut the power of a router that has dialled, and yield how long the other one takes."""
    if not kernel_has_ppp():
        raise SystemExit("this kernel has no PPP: run the bench on one that has, as in a virtual machine")
    for kind, how in ((PppoeNode, ""), (HastyNode, ", lcp-restart 1")):
        handed, cut = (Limited(what + how) for what in ("switchover", "power cut, its session ended"))
        cut.limit_s = LIMIT_S
        for _ in range(runs):
            _hand_over_and_cut(kind, handed, cut)
        yield from (cut, handed)
    # Routers that are not paired know nothing of each other's session; the provider's patience is seen once.
    left = Limited("power cut, its session left")
    with _pair(PppoeNode, is_paired=False) as (network, provider, _first, second):
        left.add(_until_in(second, provider, lambda: network.power_cut("r1")))
    yield left


def _hand_over_and_cut(kind: type[PppoeNode], handed: Limited, cut: Limited) -> None:
    with _pair(kind) as (network, provider, first, second):
        handed.add(_until_in(second, provider, lambda: first.ask("switchover", budget=20, group=None)))
        second.wait_wan("up")
        wait_until(lambda: knows_session(first) and not first.has_session(), 30, "r1 knows the session of r2")
        cut.add(_until_in(first, provider, lambda: network.power_cut("r2")))


def _until_in(node: PppoeNode, provider: PppoeProvider, act: Callable[[], object]) -> dict[str, float]:
    began = now_ns()
    act()
    wait_until(node.has_session, BUDGET_S, f"{node.name} is in", interval=0.1)
    return {"seconds": (now_ns() - began) / 1e9, "most sessions": provider.most}


@contextlib.contextmanager
def _pair(
    kind: type[PppoeNode], is_paired: bool = True
) -> Iterator[tuple[Network, PppoeProvider, PppoeNode, PppoeNode]]:
    network = Network(2)
    provider = PppoeProvider(network)
    try:
        first, second = dialled_pair(network, kind, is_paired)
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
