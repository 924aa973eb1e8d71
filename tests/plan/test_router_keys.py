# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys from UCI to the engine: what is refused, what is counted, and who may see them."""

import copy
import json
from pathlib import Path

import pytest

from haven.cli.plan_text import show_plan
from haven.config.load import load_text
from haven.config.options import VIRTUAL_ROUTER
from haven.config.passwords import is_secret
from haven.contract.fields import DocumentError
from haven.contract.hidden import HIDDEN, hide_passwords
from haven.contract.plan import Plan, check_plan
from haven.core.auth.auth_spec import AuthSpec
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.plan.sequences import with_sequences
from tests.havend.plans import document, lan

WORD = "correct horse battery staple, and 7"
DIGITS = "00ff" * 16
OTHER = "9:" + "b" * 40


def complaints(**options: object) -> list[str]:
    model, problems = load_text("config haven 'main'\n" + lan(**options), "haven", "r1")
    assert (model is None) == bool(problems)
    said = [str(each).split("option ", 1)[-1] for each in problems]
    return [each.replace("'", "").replace(":", "", 1) for each in said]


@pytest.mark.parametrize(
    "text, number, octets",
    [
        (WORD, 1, WORD.encode()),
        (f"7:{WORD}", 7, WORD.encode()),
        (f"hex:{DIGITS}", 1, bytes.fromhex(DIGITS)),
        (f"255:hex:{DIGITS.upper()}", 255, bytes.fromhex(DIGITS)),
        ("a:" + "b" * 40, 1, b"a:" + b"b" * 40),
    ],
)
def test_a_key_has_an_id_and_octets(text: str, number: int, octets: bytes) -> None:
    option = VIRTUAL_ROUTER.option("auth_key")
    assert option is not None and option.kind.parse(text) == (number, octets)
    assert complaints(auth_key=text) == []


@pytest.mark.parametrize(
    "options, told",
    [
        ({"auth_key": "short"}, "auth_key is 5 octets long; 32 at least are needed"),
        ({"auth_key": "x" * 65}, "auth_key is 65 octets long; 64 at most are carried"),
        ({"auth_key": "0:" + WORD}, "auth_key begins with an id that is not a whole number from 1 to 255"),
        ({"auth_key": "256:" + WORD}, "auth_key begins with an id that is not a whole number from 1 to 255"),
        ({"auth_key": "hex:" + "0g" * 32}, "auth_key has something behind hex:"),
        ({"auth_key": "hex:" + "0" * 65}, "auth_key has something behind hex:"),
        ({"auth_key": WORD, "auth_key_other": "1:" + "y" * 32}, "auth_key_other has the id 1 of auth_key"),
        ({"auth_mode": "receive"}, "auth_mode says nothing without auth_key"),
        ({"auth_key": WORD, "auth_mode": "enforced"}, "auth_mode"),
        ({"auth_key": WORD, "auth_window": 301}, "auth_window"),
        (
            {"auth_key": WORD, "auth_window": 9, "auth_replay": "monotonic"},
            "auth_window goes with auth_replay time only",
        ),
        (
            {"auth_key": WORD, "protocol": "carp", "password": "open sesame", "advert_interval": 1000},
            "auth_key",
        ),
        (
            {"auth_key": WORD, "auth_pass": "old", "version": 2, "advert_interval": 1000},
            "auth_key goes with no auth_pass",
        ),
    ],
)
def test_what_does_not_fit_is_told_without_the_key(options: dict, told: str) -> None:
    (found,) = complaints(**options)
    assert found.startswith(told)
    for key in ("auth_key", "auth_key_other"):
        assert str(options.get(key, "no such word")) not in found


def test_the_plan_carries_them_to_the_engine_and_to_nobody_else() -> None:
    made = document(lan(auth_key=f"7:hex:{DIGITS}", auth_key_other=OTHER, auth_mode="permissive"))
    spec = Plan(made).groups[0].routers[0].authentication
    keys = ((7, bytes.fromhex(DIGITS)), (9, b"b" * 40))
    assert spec == AuthSpec(keys, "permissive", "time", 5_000_000)
    shown = hide_passwords(with_sequences(copy.deepcopy(made)))
    assert shown["virtual_routers"][0]["authentication"]["keys"] == [[7, HIDDEN], [9, HIDDEN]]
    text = json.dumps(shown) + show_plan(shown)
    assert DIGITS not in text and "b" * 40 not in text and (b"b" * 40).hex() not in text
    assert "permissive: signs with key 7, understands key 9 as well, clocks within 5 s" in show_plan(shown)
    assert is_secret("auth_key") and is_secret("auth_key_other")


def test_sequences_are_those_of_a_pair_that_understands_each_other() -> None:
    with_key, without = (with_sequences(document(lan(**more))) for more in ({"auth_key": WORD}, {}))
    assert with_key["groups"][0]["sequences"] == without["groups"][0]["sequences"]


def test_without_a_key_the_plan_says_nothing_of_it() -> None:
    assert "authentication" not in document(lan())["virtual_routers"][0]
    spec = Plan(document(lan())).groups[0].routers[0]
    assert spec.authentication is None


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": []},
        {"keys": [[7, "00" * 31]]},
        {"keys": [[0, "00" * 32]]},
        {"keys": [[7, "00" * 32], [7, "11" * 32]]},
        {"keys": [["7", "00" * 32]]},
        {"keys": [[7, "zz" * 32]]},
        {"keys": None},
        {"mode": "off"},
        {"replay": "never"},
        {"window_us": 0},
    ],
)
def test_a_plan_that_somebody_has_changed_is_refused(changes: dict) -> None:
    made = document(lan(auth_key=WORD))
    check_plan(made)
    made["virtual_routers"][0]["authentication"].update(changes)
    with pytest.raises(DocumentError):
        check_plan(made)


def test_the_mtu_has_room_for_the_signature_or_it_is_told(tmp_path: Path) -> None:
    # 20 of IP, 8 of VRRP, 4 for each address: without a signature it fits to the octet.
    addresses = tuple(f"10.9.{n // 200}.{n % 200 + 1}/32" for n in range(100))
    links = {"lan": DeviceFacts(2, "lan", bytes((2, 0, 0, 0, 0, 2)), 428, True, 1)}

    def told(**more: object) -> list[str]:
        text = "config haven 'main'\n" + lan(address=addresses, **more)
        model, problems = load_text(text, "haven", "r1")
        assert model is not None, problems
        _plan, problems = compile_plan(model, Machine(links), "haven")
        return [each.code for each in problems]

    assert told() == told(auth_key=WORD, auth_mode="receive") == []
    assert told(auth_key=WORD) == told(auth_key=WORD, auth_mode="permissive") == ["advertisement-large"]
