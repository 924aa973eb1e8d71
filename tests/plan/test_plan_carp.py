# SPDX-License-Identifier: GPL-2.0-or-later
"""CARP in the plan, from the configuration to what the engine is told."""

import pytest

from haven.cli.plan_text import show_plan
from haven.contract.fields import DocumentError
from haven.contract.hidden import hide_passwords
from haven.contract.plan import Plan, check_plan
from haven.core.carp.carp_spec import CarpSpec
from haven.plan.sequences import with_sequences
from tests.plan.test_plan_sequences import plan_of, section

CARP = {"protocol": "carp", "password": "secretpw"}


def lan(**more: object) -> str:
    return section("lan", address=("192.168.1.1/24", "192.168.1.9/24"), **{**CARP, **more})


def test_the_engine_is_told_all_that_carp_speaks_by():
    plan = plan_of(lan(advskew=7, advert_interval=2000, broadcast=1))
    (router,) = plan["virtual_routers"]
    assert (router["version"], router["priority"], router["auth"]) == (2, 247, b"secretpw".hex())
    spec = Plan(check_plan(plan)).routers["lan"].spec
    assert isinstance(spec, CarpSpec)
    assert (spec.advskew, spec.advbase(), spec.broadcast, spec.auth) == (7, 2, True, b"secretpw")
    assert spec.hashed == spec.addresses


def test_an_advskew_is_made_of_the_priority():
    for priority, advskew in ((254, 0), (100, 154), (1, 253)):
        (router,) = plan_of(lan(priority=priority))["virtual_routers"]
        assert (router["carp"]["advskew"], router["priority"]) == (advskew, priority)


def test_the_digest_covers_both_families_of_one_vhid_on_one_device():
    plan = plan_of(
        lan(),
        section("six", address=("2001:db8::1/64",), **CARP),
        section("other", vrid=9, address=("10.0.0.1",), **CARP),
    )
    found = {each["name"]: each["carp"]["hashed"] for each in plan["virtual_routers"]}
    both = ["192.168.1.1", "192.168.1.9", "2001:db8::1"]
    assert found == {"lan": both, "six": both, "other": ["10.0.0.1"]}


def test_the_mac_address_is_carps_for_both_families():
    plan = plan_of(section("six", address=("2001:db8::1/64",), virtual_mac=1, **CARP))
    assert plan["virtual_routers"][0]["virtual_mac"] == "00005e000133"


def test_vrrp_has_nothing_of_it():
    (router,) = plan_of(section("lan", address=("192.168.1.1/24",)))["virtual_routers"]
    assert "carp" not in router and "protocol" not in router


def test_the_password_is_shown_to_nobody():
    assert b"secretpw".hex() not in str(hide_passwords(plan_of(lan())))


def test_a_person_reads_of_advskew_and_of_the_time_it_makes():
    text = show_plan(with_sequences(plan_of(lan(advskew=128))))
    assert "VHID 51, advskew 128, CARP for IPv4" in text
    assert "takes over after 3.500 s of silence" in text


def test_a_person_reads_by_which_word_carp_leaves():
    text = show_plan(with_sequences(plan_of(lan())))
    assert "advertisement with advbase and advskew 255 for lan" in text
    assert "priority 0" not in text


@pytest.mark.parametrize(
    "broken",
    [{"advskew": 255}, {"hashed": []}, {"hashed": ["x"]}, {"broadcast": 1}, {"advskew": None}],
    ids=str,
)
def test_a_plan_that_is_broken_is_refused(broken: dict[str, object]):
    plan = plan_of(lan())
    plan["virtual_routers"][0]["carp"].update(broken)
    with pytest.raises(DocumentError, match="carp"):
        check_plan(plan)


def test_a_plan_without_a_password_is_refused():
    plan = plan_of(lan())
    plan["virtual_routers"][0]["auth"] = None
    with pytest.raises(DocumentError, match="password"):
        check_plan(plan)
