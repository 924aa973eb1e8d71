# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/plan.md has what the contract's tables have, and nothing else."""

import re
from pathlib import Path

from haven.config.options import VIRTUAL_ROUTER
from haven.contract import plan, planned_parts, services
from haven.contract.diagnostics import Diagnostic
from haven.contract.fields import Field

DOCS = Path(__file__).parents[2] / "docs"
MANUAL = (DOCS / "plan.md").read_text()


def _rows(after: str) -> list[str]:
    """Return the names in the first column of the first table after some words."""
    table = MANUAL.split(after, 1)[1].split("| key | meaning |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return [name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def _names(fields: tuple[Field, ...]) -> list[str]:
    return [field.key for field in fields]


def test_every_key_of_the_plan_is_explained():
    assert _rows("## The file") == _names(plan.PLAN)
    assert _rows("\nA virtual router:") == _names(plan.VIRTUAL_ROUTER)
    assert _rows("## Steps") == _names(plan.STEP)
    assert _rows("### Diagnostics") == list(Diagnostic("nul", {}).as_dict())
    (commands,) = re.findall(r"\| `commands` \| .*?{(.*?)}", MANUAL)
    assert re.findall(r"\w+", commands) == _names(plan.COMMAND)
    (group,) = re.findall(r"\nA group has its (.*)", MANUAL)
    assert re.findall(r"`(\w+)`", group.split("; and")[0]) == _names(plan.GROUP)
    assert f"| `version` | {plan.VERSION}; see below |" in MANUAL


def test_every_key_of_every_part_is_explained():
    table = MANUAL.split("| part | keys |\n|---|---|\n")[1].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    found = {part.strip("`"): re.findall(r"`(\w+)`", keys) for part, keys in rows}
    assert found == {part: _names(fields) for part, fields in planned_parts.PARTS.items()}


def test_every_key_of_a_service_is_explained():
    (sentence,) = re.findall(r"\nA service has its .*", MANUAL)
    assert re.findall(r"`(\w+)`", sentence) == _names(services.PLANNED)


def test_every_setting_of_the_engine_is_named():
    (sentence,) = re.findall(r"Beside them stand the settings .*", MANUAL)
    named = re.findall(r"`(\w+)`", sentence.split("unit: ")[1].split(". Which")[0])
    assert sorted(named) == sorted(option.key for option in VIRTUAL_ROUTER.options if option.engine)
