# SPDX-License-Identifier: GPL-2.0-or-later
"""How often everything is sent again, by the option and by what the kernels keep quiet flows for."""

from pathlib import Path

import pytest

from haven.agent.conntrack import renewal as module
from haven.agent.conntrack.renewal import SHORTEST_S, USUAL_S, Renewal

STREAM, ESTABLISHED = "nf_conntrack_udp_timeout_stream", "nf_conntrack_tcp_timeout_established"


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel with the usual timeouts, and without some modules."""
    monkeypatch.setattr(module, "FOLDER", f"{tmp_path}/")
    for name, seconds in ((STREAM, 120), (ESTABLISHED, 7440), ("nf_conntrack_udp_timeout", 5)):
        (tmp_path / name).write_text(f"{seconds}\n")
    return tmp_path


def test_with_the_usual_timeouts_it_is_as_it_was(kernel: Path) -> None:
    assert Renewal(None, "r1").look([]) == USUAL_S == 30


@pytest.mark.parametrize(
    ("name", "seconds", "every_s"),
    [(STREAM, 10, 10 / 3), (ESTABLISHED, 60, 20), (STREAM, 1, SHORTEST_S), (STREAM, 0, USUAL_S)],
)
def test_it_follows_the_shortest_that_matters(kernel: Path, name: str, seconds: int, every_s: float) -> None:
    renewal = Renewal(None, "r1")
    renewal.look([])
    (kernel / name).write_text(str(seconds))
    renewal.read_timeouts()
    assert renewal.look([]) == every_s
    if seconds:
        told = {"timeout_name": name, "timeout_s": seconds}
        assert renewal.told() == told
        assert renewal.account() == {"renew_ms": int(every_s * 1000), "timeout_node": "r1", **told}


def test_a_copy_lives_by_the_peers_timeouts(kernel: Path) -> None:
    renewal = Renewal(None, "r1")
    peers = [
        {"address": "192.0.2.2"},
        {"address": "192.0.2.3", "node": "r3", "timeout_name": STREAM, "timeout_s": 12},
    ]
    assert renewal.look(peers) == 4
    assert renewal.account()["timeout_node"] == "r3" and renewal.told()["timeout_s"] == 120


@pytest.mark.parametrize(("configured_s", "codes"), [(60, []), (61, ["conntrack-renew-long"]), (0, [])])
def test_what_is_set_too_long_is_named_and_done_all_the_same(
    kernel: Path, configured_s: int, codes: list[str]
) -> None:
    renewal = Renewal(configured_s * 1_000_000, "r1")
    assert renewal.look([]) == configured_s
    assert [each["code"] for each in renewal.problems()] == codes


def test_a_kernel_that_does_not_track_yet_says_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "FOLDER", f"{tmp_path}/nothing/")
    renewal = Renewal(300_000_000, "r1")
    assert renewal.look([]) == 300 and renewal.problems() == [] and renewal.told() == {}
    assert Renewal(None, "r1").look([]) == USUAL_S
