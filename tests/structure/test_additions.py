# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/design.md on additions: an option is one row, a part of the agent one folder and one word."""

import re
from pathlib import Path
from typing import Any

import pytest

from haven.agent.part import Part, Surroundings
from haven.config.load import load_text
from haven.config.options import VIRTUAL_ROUTER
from haven.config.options.kinds import Whole
from haven.config.options.option import Option
from haven.config.reference import reference
from haven.config.schema import schema
from haven.contract.plan import Plan, check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from tests.agent.agents import AgentThread
from tests.agent.stand_in_havend import StandInHavend

ROOT = Path(__file__).parents[2]
FILE = "/etc/config/haven"
CONFIG = """config haven 'main'
	option node 'r1'
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
	option added_by_test '7'
"""
DEVICES = Machine({"lan": DeviceFacts(2, "lan", bytes(6), 1500, True, 1)})


def test_an_option_is_one_row(monkeypatch: pytest.MonkeyPatch):
    assert load_text(CONFIG, FILE)[0] is None
    row = Option("added_by_test", Whole(0, 3600), "How long.", unit="s", default="0", engine=True)
    monkeypatch.setattr(VIRTUAL_ROUTER, "options", (*VIRTUAL_ROUTER.options, row))
    model, problems = load_text(CONFIG, FILE)
    assert model is not None and problems == []
    plan, _ = compile_plan(model, DEVICES, FILE)
    assert Plan(check_plan(plan)).routers["lan"].spec.added_by_test_us == 7_000_000  # type: ignore[attr-defined]
    (drawn,) = [each for each in schema()["sections"] if each["type"] == "virtual_router"]
    (field,) = [each for each in drawn["options"] if each["name"] == "added_by_test"]
    assert (field["unit"], field["low"], field["high"], field["default"]) == ("s", 0, 3600, "0")
    assert "| `added_by_test` |" in reference()
    (wrong,) = load_text(CONFIG.replace("'7'", "'3601'"), "")[1]
    assert (wrong.code, wrong.option) == ("value-whole", "added_by_test")


class NeighboursPart(Part):
    """The part of the example."""

    name = "neighbours"

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.turns = 0
        around.scope.every(0.05, self._count)

    def _count(self) -> None:
        self.turns += 1

    def account(self) -> dict[str, Any]:
        return {"neighbours": {"turns": self.turns}}


def test_a_part_is_one_folder_and_one_word(tmp_path: Path):
    with StandInHavend(tmp_path) as havend, AgentThread(tmp_path, NeighboursPart):
        line = havend.accept()
        line.answer({"lan": "backup"})
        line.report(lambda report: report["neighbours"]["turns"] > 2)


def test_every_test_that_a_manual_names_is_there():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    named = {name for page in pages for name in re.findall(r"\btests/[\w/.]*\w", page.read_text())}
    assert len(named) > 10
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_files_that_know_an_option_by_its_name_are_those_of_the_walk():
    walk = (ROOT / "docs/design.md").read_text().split("**`advert_interval` from UCI", 1)[1].split("\n\n")[1]
    rows = [row.split("|")[1] for row in walk.splitlines()[2:]]
    named = {name for row in rows for name in re.findall(r"`([\w/.]+)`", row)}
    sources = [(ROOT / "src/haven", "*.py"), (ROOT / "luasrc", "*.lua")]
    sources.append((ROOT / "files/www/luci-static/resources", "*.js"))
    found = {
        str(path.relative_to(folder))
        for folder, pattern in sources
        for path in folder.rglob(pattern)
        # What `make po` writes needs no hand.
        if "advert_interval" in path.read_text() and path.stem != "catalogue"
    }
    assert named == found


def test_every_file_that_the_design_names_is_there():
    text = (ROOT / "docs/design.md").read_text()
    named = set(re.findall(r"`((?:\w+/)+\w+\.(?:py|js))`", text))
    assert len(named) > 30
    places = [ROOT, ROOT / "src/haven", ROOT / "files/www/luci-static/resources"]
    assert [name for name in named if not any((place / name).is_file() for place in places)] == []
