# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan's octets do not depend on how many bits a word has: each number in them says its own size."""

import ast
import struct
from pathlib import Path

import pytest

from haven.plan import byte_order
from tests.machines.plans import ORDERS, plan_for

SOURCES = Path(byte_order.__file__).parent
# What struct takes as long, or aligns, as the processor has it.
OF_A_WORD = set("lLnNPqQd")


def _formats(path: Path) -> list[str]:
    """List the formats that a file gives to functions of struct's."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    asked = [each.args[0] for each in calls if ast.unparse(each.func).startswith("struct.")]
    return [str(part.value) for each in asked for part in ast.walk(each) if isinstance(part, ast.Constant)]


def test_no_number_of_a_plan_is_as_long_as_a_word() -> None:
    told = [form for path in SOURCES.glob("*.py") for form in _formats(path)]
    told += [byte_order.HEADER, *(form for form, _attributes in byte_order._ROWS.values())]
    assert "@HHI" in told and len(told) > 10
    native = [form for form in told if not form.startswith(("!", ">", "<", "="))]
    assert [form for form in native if OF_A_WORD & set(form)] == []
    # Nothing between them is left out for the sake of alignment either.
    plain = [form.lstrip("@") for form in native if form.strip("@")]
    assert [form for form in plain if struct.calcsize("@" + form) != struct.calcsize("=" + form)] == []


@pytest.mark.parametrize("order", ORDERS)
def test_a_plan_for_any_machine_is_whole(order: str) -> None:
    plan = plan_for(order)
    assert [each["name"] for each in plan["virtual_routers"]] == ["lan", "lan6", "guests"]
    octets = [step["octets"] for step in plan["virtual_routers"][0]["takeover"]]
    heads = {int.from_bytes(bytes.fromhex(each)[:4], order) for each in octets}
    assert heads == {len(each) // 2 for each in octets}
