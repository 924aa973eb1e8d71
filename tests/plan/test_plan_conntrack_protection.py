# SPDX-License-Identifier: GPL-2.0-or-later
"""The protected link of two routers in the plan: both sides fit, and no key is shown."""

import json
import re
from typing import Any

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.contract.hidden import HIDDEN, hide_passwords
from haven.plan.assemble import compile_plan
from haven.plan.machine import Machine
from haven.plan.sequences import with_sequences

FILE = "/etc/config/haven"
SECRET = "0123456789abcdefghijklmnopqrstuvwxyz"
TEXT = """
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	option address '10.0.0.1/24'
config conntrack
	option enabled '1'
	option device 'lan'
	option address '{own}'
	list peer_address '{peer}'
	option protect '{secret}'
"""


def plan_of(own: str = "10.0.0.2", peer: str = "10.0.0.3", secret: str = SECRET) -> dict[str, Any]:
    model, problems = load_text(TEXT.format(own=own, peer=peer, secret=secret), FILE)
    assert model is not None, [str(problem) for problem in problems]
    plan, problems = compile_plan(model, Machine({}), FILE)
    assert plan is not None, [str(problem) for problem in problems]
    return plan


def command(plan: dict[str, Any], code: str, stage: str = "setup") -> dict[str, Any]:
    (found,) = [each for each in plan["commands"][stage] if each["code"] == code]
    return found


def facts(plan: dict[str, Any]) -> dict[str, str]:
    """Return what WireGuard is told."""
    script = command(plan, "protected-link")["stdin"]
    found = dict(re.findall(r"^(\w+) = (.*)$", script, re.MULTILINE))
    return {**found, "peer": re.findall(r"echo (\S+) \| wg pubkey", script)[0]}


def test_conntrackd_and_the_agents_speak_through_the_link() -> None:
    part = plan_of()["parts"]["conntrack"]
    assert (part["device"], part["address"], part["peers"]) == (
        "haven-sync",
        "fd68:6176:656e::1",
        ["fd68:6176:656e::2"],
    )
    assert (
        "Interface haven-sync" in part["conf"]
        and "IPv6_Destination_Address fd68:6176:656e::2" in part["conf"]
    )
    ignored = re.findall(r"IPv\d_address (\S+)\n", part["conf"].partition("Address Ignore")[2])
    assert {"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd68:6176:656e::1", "fd68:6176:656e::2"} <= set(ignored)


@pytest.mark.parametrize(("own", "peer"), [("10.0.0.2", "10.0.0.3"), ("fd99::b", "fd99::a")])
def test_what_the_two_are_told_fits(own: str, peer: str) -> None:
    here, there = facts(plan_of(own, peer)), facts(plan_of(peer, own))
    assert (here["PrivateKey"], here["peer"]) == (there["peer"], there["PrivateKey"])
    assert here["PresharedKey"] == there["PresharedKey"]
    assert len({here["PrivateKey"], here["peer"], here["PresharedKey"]}) == 3
    assert {here["AllowedIPs"], there["AllowedIPs"]} == {"fd68:6176:656e::1/128", "fd68:6176:656e::2/128"}
    assert here["ListenPort"] == there["ListenPort"] == "3782"
    assert here["Endpoint"] == ("[%s]:3782" % peer if ":" in peer else "%s:3782" % peer)


def test_another_secret_makes_other_keys() -> None:
    one, other = facts(plan_of()), facts(plan_of(secret=SECRET + "!"))
    assert not {one["PrivateKey"], one["peer"], one["PresharedKey"]} & set(other.values())


def test_a_link_local_peer_is_on_the_device() -> None:
    assert facts(plan_of("fe80::2", "fe80::3"))["Endpoint"] == "[fe80::3%lan]:3782"


def test_the_outer_port_is_the_peers_and_the_link_is_the_two_routers_alone() -> None:
    rules = command(plan_of(), "peer-rules")["stdin"]
    assert 'iifname "lan" ip saddr { 10.0.0.3 } udp dport { 3782 } accept' in rules
    inner = 'iifname "haven-sync" ip6 saddr { fd68:6176:656e::2 } udp dport { 3780, 3781 } accept'
    assert inner in rules
    assert "\tudp dport { 3782 } drop" in rules and "\tudp dport { 3780, 3781 } drop" in rules
    assert 'oifname "haven-sync" drop' in rules and 'iifname "haven-sync" drop' in rules
    untracked = command(plan_of(), "untracked-rules")["stdin"]
    assert 'oifname "lan" udp dport { 3782 } notrack' in untracked


def test_neither_the_secret_nor_a_key_is_shown() -> None:
    plan = plan_of()
    keys = [facts(plan)[name] for name in ("PrivateKey", "PresharedKey", "peer")]
    assert not [key for key in keys for word in command(plan, "protected-link")["argv"] if key in word]
    assert SECRET not in json.dumps(plan)
    shown = hide_passwords(with_sequences(plan))
    assert command(shown, "protected-link")["stdin"] == HIDDEN
    for text in (json.dumps(shown), show_plan(shown)):
        assert not [key for key in keys if key in text]
    assert "set up the protected link haven-sync to 10.0.0.3" in show_plan(shown)


def test_a_protected_link_may_be_where_clients_are() -> None:
    assert "sync-shared" not in [warning["code"] for warning in plan_of()["warnings"]]


def test_without_the_secret_the_link_is_taken_away() -> None:
    assert "ip link del haven-sync" in command(plan_of(), "protected-link-away", "teardown")["stdin"]
    text = TEXT.replace("\toption protect '{secret}'\n", "").format(own="10.0.0.2", peer="10.0.0.3")
    model, _problems = load_text(text, FILE)
    assert model is not None
    plan, _problems = compile_plan(model, Machine({}), FILE)
    assert plan is not None and "protected-link" not in json.dumps(plan["commands"])


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("option protect 'short'", "is 5 octets long; 32 at least are needed"),
        (f"option protect '{'x' * 129}'", "is 129 octets long; 128 at most are carried"),
        (
            f"option protect '{SECRET}'\n\tlist peer_address '10.0.0.4'",
            "protects a link to one peer_address; here are 2",
        ),
    ],
)
def test_what_cannot_protect_is_refused(more: str, wanted: str) -> None:
    text = TEXT.replace("option protect '{secret}'", more).format(own="10.0.0.2", peer="10.0.0.3")
    _model, problems = load_text(text, FILE)
    assert [problem.message for problem in problems] == [wanted]
