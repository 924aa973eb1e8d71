# SPDX-License-Identifier: GPL-2.0-or-later
"""Plan documents for the tests, made by the compiler for a machine that only exists here."""

import json
from pathlib import Path
from typing import Any

from haven.config.load import load_text
from haven.contract.plan import Plan, read_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts
from haven.plan.machine import Machine as Facts


def section(kind: str, name: str, **options: object) -> str:
    """Return a UCI section; a tuple becomes a list."""
    lines = [f"config {kind} '{name}'"]
    for key, value in options.items():
        if isinstance(value, tuple):
            lines += [f"    list {key} '{item}'" for item in value]
        else:
            lines.append(f"    option {key} '{value}'")
    return "\n".join(lines) + "\n"


def lan(name: str = "lan", **changes: object) -> str:
    """Return a virtual router that suits cable(), in a group of its own."""
    options: dict[str, object] = {
        "device": "lan",
        "vrid": 51,
        "priority": 100,
        "advert_interval": 100,
        "address": ("10.9.0.100/24",),
        "announce_refresh": 0,
    }
    return section("virtual_router", name, **{**options, **changes})


MAIN = section("haven", "main", enabled=1, node="r1", realtime=0)


def document(*sections: str, main: str = MAIN, devices: tuple[str, ...] = ("lan", "wan")) -> dict[str, Any]:
    """Compile sections to a plan document."""
    model, problems = load_text(main + "".join(sections), "haven")
    assert model is not None, problems
    links = {
        name: DeviceFacts(index, name, bytes((2, 0, 0, 0, 0, index)), 1500, True, 1)
        for index, name in enumerate(devices, 2)
    }
    plan, problems = compile_plan(model, Facts(links), "haven")
    assert plan is not None, problems
    return plan


def write(folder: Path, content: object, name: str = "plan.json") -> str:
    """Write a document to a file and return its path."""
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def plan_of(folder: Path, *sections: str, devices: tuple[str, ...] = ("lan", "wan")) -> Plan:
    """Compile sections and read the plan as havend does."""
    return read_plan(write(folder, document(*sections, devices=devices)))
