# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans that have work for the parts of the agent and none for havend."""

import json
from pathlib import Path
from typing import Any

from haven.contract.plan import VERSION, check_plan

CONNTRACK = {
    "device": "lo",
    "address": "127.0.0.1",
    "peers": ["127.0.0.2"],
    "port": 3780,
    "agent_port": 3781,
    "renew_us": 30_000_000,
    "guard": [],
    "conf": "",
}


def plan_for(**parts: Any) -> dict[str, Any]:
    """Return a plan without virtual routers."""
    return {
        "version": VERSION,
        "node": "r1",
        "config": "/nowhere/haven",
        "made_from": None,
        "enabled": True,
        "realtime": 0,
        "address_lifetime_us": 4_000_000,
        "renew_us": 1_000_000,
        "warnings": [],
        "groups": [],
        "virtual_routers": [],
        "sysctls": [],
        "commands": {"setup": [], "teardown": []},
        "parts": parts,
    }


def give_plan(run_dir: Path, plan: dict[str, Any]) -> None:
    """Leave a plan where the agent looks for it; whole, as the compiler does."""
    check_plan(plan)
    leave(run_dir, json.dumps(plan))


def leave(run_dir: Path, text: str) -> None:
    """Leave something where the agent looks for its plan."""
    aside = run_dir / "plan.json.aside"
    aside.write_text(text)
    aside.rename(run_dir / "plan.json")
