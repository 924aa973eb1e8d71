# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether another router may bring packages: the option, on its way from the configuration to the agent."""

import subprocess
import sys

from haven.config.load import load_text
from haven.contract.plan import Plan, check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.sync.table import LOCAL, PACKAGES

FILE = "/etc/config/haven"
CONFIG = """config haven 'main'
	option enabled '1'
	option node 'r1'
%s
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
"""
DEVICES = Machine({"lan": DeviceFacts(2, "lan", bytes(6), 1500, True, 1)})


def plan_document(line: str) -> dict:
    model, problems = load_text(CONFIG % line, FILE)
    assert model is not None, problems
    return check_plan(compile_plan(model, DEVICES, FILE)[0])


def test_a_paired_router_may_unless_the_user_says_no() -> None:
    assert plan_document("")["upgrade"] is True
    assert plan_document("\toption upgrade '0'")["upgrade"] is False


def test_a_reload_with_another_answer_is_news_to_the_agent() -> None:
    allowing, refusing = (Plan(plan_document(line)) for line in ("", "\toption upgrade '0'"))
    assert not allowing.asks_for_the_same(refusing)


def test_the_answer_is_each_routers_own() -> None:
    (row,) = [row for row in PACKAGES["haven"] if "upgrade" in row.options]
    assert (row.section, row.kind) == ("@haven", LOCAL)


def test_nobody_has_any_of_it_in_memory_before_somebody_asks() -> None:
    code = "import sys, haven.agent.agent, haven.havend.start; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "haven.agent.channel.orders" in done.stdout.split()
    assert [name for name in done.stdout.split() if "upgrade" in name or "package_orders" in name] == []
