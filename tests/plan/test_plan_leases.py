# SPDX-License-Identifier: GPL-2.0-or-later
"""Common leases in the plan: the LANs, and nothing where no section wants them."""

import pytest

from haven.config.load import load_text
from haven.contract.fields import DocumentError
from haven.contract.plan import check_plan
from haven.plan.assemble import compile_plan
from haven.plan.machine import Machine

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


def parts(wanted: int) -> dict:
    model, problems = load_text(TEXT % wanted, FILE)
    assert model is not None, problems
    plan, problems = compile_plan(model, Machine({}), FILE, lambda name: f"br-{name}")
    assert plan is not None, problems
    return check_plan(plan)["parts"]


def test_a_lan_is_named_with_its_device_and_group():
    lan = {"interface": "lan", "device": "br-lan", "group": "gateway", "address": "192.168.1.1/24"}
    assert parts(1) == {"leases": {"lans": [lan], "lease_file": "/data/leases"}}


def test_who_does_not_want_them_has_no_part():
    assert parts(0) == {}


def test_a_row_that_lacks_something_is_refused():
    model, _ = load_text(TEXT % 1, FILE)
    assert model is not None
    plan, _ = compile_plan(model, Machine({}), FILE, lambda name: f"br-{name}")
    assert plan is not None
    del plan["parts"]["leases"]["lans"][0]["group"]
    with pytest.raises(DocumentError, match="group"):
        check_plan(plan)
