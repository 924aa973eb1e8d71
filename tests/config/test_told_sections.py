# SPDX-License-Identifier: GPL-2.0-or-later
"""`config metrics` and `config notify`: what they need, what they cannot be, what of them nobody may read."""

import copy
import json
from typing import Any

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.config.passwords import is_secret
from haven.contract.hidden import hide_arguments, hide_passwords
from haven.contract.plan import check_plan
from haven.plan.assemble import compile_plan
from haven.plan.sequences import with_sequences
from tests.havend.plans import MAIN, lan, section
from tests.structure.test_additions import DEVICES

SECRET = "https://me:pw@ntfy.sh/s3cret"


def codes(text: str) -> list[tuple[str, str | None]]:
    """Return what is wrong with a configuration, and where."""
    return [(each.code, each.option) for each in load_text(MAIN + lan() + text, "haven", "r1")[1]]


def plan(*texts: str) -> dict[str, Any]:
    """Return the plan of a configuration, checked as its readers do."""
    model, problems = load_text("".join([MAIN, lan(), *texts]), "haven", "r1")
    assert model is not None, problems
    found, problems = compile_plan(model, DEVICES, "haven")
    assert found is not None, problems
    return check_plan(json.loads(json.dumps(found)))


def test_without_sections_the_plan_has_nothing_of_them() -> None:
    assert not {"metrics", "notify"} & set(plan()["parts"])
    assert "metrics" not in plan(section("metrics", "m", address=("10.9.0.1",)))["parts"]


def test_without_an_address_nobody_else_is_answered() -> None:
    found = plan(section("metrics", "m", enabled=1))["parts"]["metrics"]
    assert found == {"addresses": ["127.0.0.1", "::1"], "port": 9781}


def test_all_addresses_may_stand_there() -> None:
    addresses = ("10.9.0.1", "127.0.0.1", "2001:db8::1", "::1")
    found = plan(section("metrics", "m", enabled=1, port=9999, address=addresses))["parts"]["metrics"]
    assert found == {"addresses": list(addresses), "port": 9999}


@pytest.mark.parametrize(
    "options, wrong",
    [
        ({"address": ("10.9.0.1/24",)}, ("address-prefixed", "address")),
        ({"address": ("r1.lan",)}, ("address-wrong", "address")),
        ({"address": ("0.0.0.0",)}, ("address-no-host", "address")),
        ({"address": ("fe80::1",)}, ("address-link-local", "address")),
        ({"address": ("ff02::1",)}, ("address-multicast", "address")),
        ({"port": 0}, ("value-whole", "port")),
        ({"port": 65536}, ("value-whole", "port")),
        ({"enabled": "maybe"}, ("value-flag", "enabled")),
        ({"realm": "x"}, ("option-unknown", "realm")),
    ],
)
def test_what_is_wrong_with_metrics_is_named(options: dict[str, object], wrong: tuple[str, str]) -> None:
    assert codes(section("metrics", "m", **options)) == [wrong]


def test_metrics_are_one_section() -> None:
    assert codes(section("metrics", "m") + section("metrics", "n")) == [("section-single", None)]


def test_a_notify_section_says_everything_when_it_says_little() -> None:
    (found,) = plan(section("notify", "phone", ntfy=SECRET))["parts"]["notify"]["sections"]
    assert found == {
        "name": "phone",
        "on": ["role", "problem", "peer", "drill"],
        "severity": "warning",
        "way": "ntfy",
        "to": SECRET,
        "interval_us": 60_000_000,
        "timeout_us": 30_000_000,
    }


@pytest.mark.parametrize(
    "options, wrong",
    [
        ({}, ("option-needs-one", None)),
        ({"mail": "root", "command": "true"}, ("option-needs-one-only", None)),
        ({"mail": "root", "on": ("roles",)}, ("value-choice", "on")),
        ({"mail": "root", "severity": "bad"}, ("value-choice", "severity")),
        ({"mail": "root", "timeout": 0}, ("value-whole", "timeout")),
        ({"mail": "root", "interval": 86401}, ("value-whole", "interval")),
        ({"mail": "-oX@example.org"}, ("value-mail", "mail")),
        ({"mail": "me@"}, ("value-mail", "mail")),
        ({"mail": "me@example.org,you@example.org"}, ("value-mail", "mail")),
        ({"command": " "}, ("value-shell-command", "command")),
        ({"ntfy": "ntfy.sh/topic"}, ("value-url", "ntfy")),
        ({"ntfy": "ftp://ntfy.sh/topic"}, ("value-url", "ntfy")),
        ({"webhook": "https:///hook"}, ("value-url", "webhook")),
        ({"webhook": "https://r1/a b"}, ("value-url", "webhook")),
        ({"webhook": "https://r1/" + "x" * 1024}, ("value-url", "webhook")),
    ],
    ids=range(15),
)
def test_what_is_wrong_with_a_notify_section_is_named(
    options: dict[str, object], wrong: tuple[str, str]
) -> None:
    assert codes(section("notify", "phone", **options)) == [wrong]


def test_a_notify_section_has_a_name_by_which_the_other_router_knows_it() -> None:
    assert codes("config notify\n\toption mail 'root'\n") == [("section-unnamed", None)]


def test_no_message_tells_a_wrong_address() -> None:
    (problem,) = load_text(MAIN + lan() + section("notify", "x", ntfy="ntfy.sh/s3cret"), "haven", "r1")[1]
    assert "s3cret" not in json.dumps(problem.as_dict())
    assert is_secret("ntfy") and is_secret("webhook")


def test_what_is_read_of_a_plan_has_no_secret() -> None:
    made = plan(
        section("notify", "phone", ntfy=SECRET),
        section("notify", "hook", webhook="https://example.org/hook?token=s3cret"),
        section("notify", "own", command="tell --token s3cret"),
        section("metrics", "m", enabled=1),
    )
    own = hide_passwords(with_sequences(copy.deepcopy(made)))
    text = show_plan(own)
    assert "s3cret" not in json.dumps(hide_arguments(copy.deepcopy(own)))
    assert text.count("s3cret") == 1 and "a command: tell --token s3cret" in text
    assert "ntfy: https://ntfy.sh/..." in text and "a webhook: https://example.org/..." in text
    assert "port 9781 at 127.0.0.1, ::1" in text
