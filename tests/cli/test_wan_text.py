# SPDX-License-Identifier: GPL-2.0-or-later
"""The WANs as lines of the status."""

from pathlib import Path

import pytest

from haven.cli.main import main
from haven.cli.wan_text import wans
from tests.config.test_wan_sections import LAN
from tests.config.test_wan_sections import wan as section

LEASE = {"addresses": ["203.0.113.5/24"], "prefixes": [], "routes": [], "dns": [], "left_s": 1800}


def wan(**more: object) -> dict:
    """Return a WAN's part of the status."""
    told = {"name": "wan", "interface": "wan", "state": "down", "waits_for": ""}
    return {**told, "lease": None, "session": None, **more}


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"state": "up", "lease": LEASE}, "WAN wan: wan: is up, 203.0.113.5/24 for 30 min."),
        ({"lease": LEASE}, "WAN wan: wan: is down, would go on with 203.0.113.5/24 for 30 min."),
        ({"state": "waits", "waits_for": "r1"}, "WAN wan: wan: waits until r1 is down."),
        ({"state": "up", "session": {"id": 7}}, "WAN wan: wan: is up, session 7."),
        ({"session": {"id": 7}}, "WAN wan: wan: is down, the Active's session is 7."),
        ({"state": "of another release"}, "WAN wan: wan: of another release."),
    ],
)
def test_a_line_for_a_wan(more: dict, line: str):
    assert wans({"wan": {"wans": [wan(**more)]}}, 80) == [line]


def test_a_status_without_wans_has_none():
    assert wans({}, 80) == wans({"wan": {}}, 80) == wans({"wan": {"wans": []}}, 80) == []


def test_validate_says_what_is_against_a_wan(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    config = tmp_path / "haven"
    config.write_text(LAN + section())
    assert main(["validate", "--config", str(config)]) == 0
    assert "the routers are not paired" in capsys.readouterr().err
