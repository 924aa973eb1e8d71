# SPDX-License-Identifier: GPL-2.0-or-later
"""haven's BFD with FRR's bfdd, BIRD and keepalived's bfd instance: up, down, other intervals, on purpose."""

import pytest

from tests.interop.bfd_peers import KINDS, THERE
from tests.interop.keepalived import KeepalivedNode
from tests.lab.bfd_node import BfdHaven
from tests.lab.busy import busy_loops
from tests.lab.network import Network
from tests.lab.wait import holds_for, wait_until

# A session is down after three of them: sooner than an Active is missed, and later than most stalls.
BFD_MS, INTERVAL_MS = 200, 400

kinds = pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.skipif(not THERE[kind], reason=f"{kind} is not installed"))
        for kind in KINDS
    ],
)


def wait_up(haven: BfdHaven, side: str = "lan", detection_ms: float | None = None) -> None:
    """Wait until a session is up on both sides, and for its Detection Time."""

    def is_up() -> bool:
        told = haven.session(side)
        states = told["state"], told["peer_state"]
        return states == ("Up", "Up") and detection_ms in (None, told["detection_ms"])

    wait_until(is_up, 20, f"{haven.name} has a session that detects in {detection_ms} ms", 0.05)


def codes(haven: BfdHaven) -> list[str]:
    return [each["code"] for each in haven.events()]


@kinds
def test_session_is_negotiated_and_taken_down_and_comes_again(network: Network, kind: str) -> None:
    haven = BfdHaven(network, "r2", bfd_ms=100, segments=("lan",))
    peer = KINDS[kind](network, "r1", "r2", interval_ms=200, multiplier=4)
    peer.start()
    peer.be_realtime()
    haven.start().wait_state("active")
    # The slower of the two for each way, and the multiplier of who sends.
    wait_up(haven, detection_ms=4 * 200)
    wait_until(lambda: haven.session()["transmit_ms"] == 200, 5, "it sends as often as it is asked to")
    peer.change(300)
    wait_up(haven, detection_ms=4 * 300)
    wait_until(lambda: haven.session()["transmit_ms"] == 300, 5, "it sends as seldom as it is asked to")
    assert codes(haven).count("bfd-silence") == 0
    peer.disable()
    wait_until(lambda: haven.session()["state"] == "Down", 5, "the session is down")
    # BIRD only falls silent.
    assert {"frr": "bfd-peer-disabled", "bird": "bfd-silence"}[kind] in codes(haven)
    peer.disable(False)
    wait_up(haven)
    peer.kill9()
    wait_until(lambda: haven.session()["state"] == "Down", 5, "the silence is noticed")
    assert [each for each in codes(haven) if each.startswith("bfd")][-1] == "bfd-silence"
    peer.start()
    wait_up(haven)
    peer.wait_state("up")
    haven.stop()
    peer.wait_state("down")


@kinds
def test_standby_takes_over_when_the_session_with_the_active_fails(network: Network, kind: str) -> None:
    family = {"frr": 4, "bird": 6}[kind]
    options = {"segments": ("lan",), "families": (family,), "interval_ms": INTERVAL_MS}
    active = KeepalivedNode(network, "r1", priority=200, **options)
    peer = KINDS[kind](network, "r1", "r2", interval_ms=BFD_MS, family=family, passive=True)
    haven = BfdHaven(network, "r2", bfd_ms=BFD_MS, group_more={"heartbeat": 0}, **options)
    active.start().wait_state("active")
    peer.start()
    peer.be_realtime()
    haven.start().wait_state("backup")
    wait_until(lambda: haven.group()["detection"]["by"] == "bfd", 20, "a failure would be known by BFD")
    assert haven.group()["detection"]["after_ms"] == 3 * BFD_MS
    network.power_cut("r1")
    haven.wait_state("active")
    assert haven.group()["last_transition"]["reason"] == "session"


def test_keepalived_and_haven_keep_a_session(network: Network) -> None:
    options = {"segments": ("lan",), "interval_ms": INTERVAL_MS}
    keepalived = WithBfd(network, "r1", priority=200, **options)
    haven = BfdHaven(network, "r2", bfd_ms=BFD_MS, group_more={"heartbeat": 0}, **options)
    keepalived.start().wait_state("active")
    haven.start().wait_state("backup")
    wait_up(haven, detection_ms=3 * BFD_MS)
    wait_until(lambda: haven.group()["detection"]["by"] == "bfd", 20, "a failure would be known by BFD")
    # In good order: its session goes down on purpose or not, and its VRRP says priority 0.
    keepalived.stop()
    haven.wait_state("active")


@kinds
def test_session_lives_on_a_busy_machine(network: Network, kind: str) -> None:
    # At 10 ms the bench does it: here other tests take the processors from whoever has no priority.
    haven = BfdHaven(network, "r2", bfd_ms=300, segments=("lan",))
    peer = KINDS[kind](network, "r1", "r2", interval_ms=300)
    peer.start()
    peer.be_realtime()
    haven.start().wait_state("active")
    wait_up(haven, detection_ms=3 * 300)
    before = codes(haven)
    with busy_loops():
        holds_for(lambda: haven.session()["state"] == "Up", 3, "the session is up", 0.2)
    assert [each for each in codes(haven)[len(before) :] if each.startswith("bfd")] == []


class WithBfd(KeepalivedNode):
    """keepalived with a BFD instance beside its VRRP."""

    def config_text(self) -> str:
        """Write the instance, too."""
        own, other = (self.network[name].address("lan") for name in ("r1", "r2"))
        lines = (f"neighbor_ip {other}", f"source_ip {own}", f"min_rx {BFD_MS}", f"min_tx {BFD_MS}")
        lines = (*lines, "multiplier 3")
        return super().config_text() + "bfd_instance peer {\n " + "\n ".join(lines) + "\n}\n"

    def command(self) -> list[str]:
        """Start the process of BFD, too."""
        words = [word for word in super().command() if word != "--vrrp"]
        return [*words, "--bfd", "--vrrp", "--bfd_pid", str(self.folder / "bfd.pid")]
