# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven status` says: each status/NAME.json becomes status/NAME.txt.

UPDATE=1 writes the texts anew; read the difference as a user would.
"""

import json
import os
import re
from pathlib import Path

import pytest

from haven.cli.status_text import render

FOLDER = Path(__file__).parent / "status"
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))
NOW = 1_800_000_000.0


def document(name: str) -> dict:
    """Read a recorded status document."""
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_status_reads_as_agreed(name: str) -> None:
    text = render(document(name), NOW)
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_lines_fit_a_terminal_of_80_columns(name: str) -> None:
    assert max(len(line) for line in render(document(name), NOW).splitlines()) <= 80


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_colour_changes_no_letter(name: str) -> None:
    coloured = render(document(name), NOW, colour=True)
    assert re.sub(r"\x1b\[\d*m", "", coloured) == render(document(name), NOW)
    assert coloured.count("\x1b[0m") * 2 == coloured.count("\x1b[")


def test_clock_that_was_set_back_shows_no_negative_time() -> None:
    status = document("active")
    text = render(status, status["since"] - 1000)
    assert "(0 s)" in text


def test_hundreds_of_groups_leave_a_short_headline() -> None:
    status = document("two_groups")
    groups, router = [], status["virtual_routers"][0]
    for number in range(250):
        state = ("active", "backup")[number % 2]
        groups.append({**status["groups"][0], "name": f"g{number}", "state": state})
    status.update(groups=groups, problems=[])
    status["virtual_routers"] = [{**router, "name": g["name"], "group": g["name"]} for g in groups]
    headline = render(status, NOW).split("\n\n")[0]
    assert "Active for 125 groups and Backup for 125 groups" in " ".join(headline.split())


def test_node_that_hears_nobody_does_not_claim_to_know_the_active() -> None:
    status = document("fault")
    for router in status["virtual_routers"]:
        router["active"]["seen_ms"] += 7_200_000
    text = " ".join(render(status, NOW).split())
    assert "192.168.1.1 is Active" not in text
    assert "was Active when it was last heard, 2 h ago." in text
