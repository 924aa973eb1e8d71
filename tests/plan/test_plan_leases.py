# SPDX-License-Identifier: GPL-2.0-or-later
"""Common leases in the plan: the LANs, and nothing where no section wants them."""

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.contract.fields import DocumentError
from haven.contract.plan import check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import Machine
from haven.plan.sequences import with_sequences

FILE = "/etc/config/haven"
TEXT = """
config virtual_router 'home'
	option interface 'lan'
	option group 'gateway'
	option vrid '1'
	list address '192.168.1.1/24'
config group 'gateway'
config dhcp
	option interface 'lan'
	option leases '%d'
	option lease_file '/data/leases'
"""


def plan_of(wanted: int) -> dict:
    model, problems = load_text(TEXT % wanted, FILE)
    assert model is not None, problems
    plan, problems = compile_plan(model, Machine({}), FILE, lambda name: f"br-{name}")
    assert plan is not None, problems
    return check_plan(plan)


def test_a_lan_is_named_with_its_device_and_group():
    lan = {"interface": "lan", "device": "br-lan", "group": "gateway", "address": "192.168.1.1/24"}
    plan = plan_of(1)
    assert plan["parts"] == {"leases": {"lans": [lan], "lease_file": "/data/leases"}}
    assert "DHCP leases of lan (br-lan, 192.168.1.1/24)" in show_plan(with_sequences(plan))


def test_who_does_not_want_them_has_no_part():
    assert plan_of(0)["parts"] == {} and "DHCP leases" not in show_plan(with_sequences(plan_of(0)))


def test_a_row_that_lacks_something_is_refused():
    plan = plan_of(1)
    del plan["parts"]["leases"]["lans"][0]["group"]
    with pytest.raises(DocumentError, match="group"):
        check_plan(plan)
