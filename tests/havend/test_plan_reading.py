# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan that is not whole is refused by its file's name, and nothing of it gets further."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.contract.plan import PlanError, read_plan
from tests.havend.plans import document, lan, section, write

ROUTE = "default via 10.9.0.254"
GOOD = document(
    section("group", "gateway", preempt=1, preempt_delay=5),
    lan(group="gateway", route=(ROUTE,), virtual_mac=1, accept=0, track_interface=("wan:20",)),
    lan("six", group="gateway", vrid=52, address=("fe80::1", "2001:db8::1/64"), source_address="fe80::9"),
    lan("old", vrid=53, version=2, advert_interval=2000, auth_pass="secret", address=("10.9.1.1/24",)),
)

OPTIONAL = {
    "conntrack",
    "preempt_hold_us",
    "made_from",
    "enabled",
    "warnings",
    "sysctls",
    "commands",
    "interface",
    "virtual_mac",
    "auth",
} | {
    "source",
    "address",
    "renew",
    "tolerate",
    "stdin",
    "setup",
    "teardown",
}
# Read by other programs only.
NOT_OURS = {"address_lifetime_us", "accept", "say"}
OTHERS = (None, True, -1, 1 << 70, "x", "", [], {}, [None], [[1, 2]], {"x": 1})


def _places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(part, dict):
        for key, value in part.items():
            yield from _places(value, (*path, key))
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from _places(value, (*path, index))


PLACES = sorted(_places(GOOD), key=repr)


def _changed(path: tuple[Any, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return changed


def _without(path: tuple[Any, ...]) -> dict[str, Any]:
    changed = _changed(path, None)
    part = changed
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    return changed


def _refusal(folder: Path, content: object) -> str:
    path = write(folder, content)
    with pytest.raises(PlanError) as error:
        read_plan(path)
    assert str(error.value).startswith(path + ": ")
    assert "Traceback" not in str(error.value) and "\n" not in str(error.value)
    return str(error.value)


def test_a_plan_of_the_compiler_is_read(tmp_path: Path) -> None:
    plan = read_plan(write(tmp_path, GOOD))
    assert sorted(plan.routers) == ["lan", "old", "six"]
    assert [(group.name, len(group.routers), group.preempt) for group in plan.groups] == [
        ("gateway", 2, True),
        ("old", 1, False),
    ]
    lan_plan = plan.routers["lan"]
    assert lan_plan.virtual_mac == bytes.fromhex("00005e000133")
    assert lan_plan.places() == {(lan_plan.address_device, bytes((10, 9, 0, 100)))}
    assert plan.routers["old"].spec.auth == b"secret"
    assert plan.routers["six"].spec.source == bytes.fromhex("fe80" + 13 * "00" + "09")
    assert plan.setup_commands[0]["argv"][0] == "nft"


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(GOOD)
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        assert "truncated or is not JSON" in _refusal(tmp_path, whole[:length])


@pytest.mark.parametrize("text", ["[" * 100000, "\x00", '{"version": 1e999}', "null", "3", '"text"'])
def test_what_is_no_plan_at_all_is_refused(tmp_path: Path, text: str) -> None:
    _refusal(tmp_path, text)


@pytest.mark.parametrize("version", [0, 1, "2", None, True])
def test_another_version_is_refused_and_both_are_named(tmp_path: Path, version: object) -> None:
    text = _refusal(tmp_path, {**GOOD, "version": version})
    assert "version %s" % version in text and "reads version 2" in text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="none.json.*No such file"):
        read_plan(str(tmp_path / "none.json"))
    with pytest.raises(PlanError, match="Is a directory"):
        read_plan(str(tmp_path))


def test_every_missing_key_is_named(tmp_path: Path) -> None:
    for path in PLACES:
        key = path[-1]
        if isinstance(key, int) or key in OPTIONAL | NOT_OURS | {"version"} or "sysctls" in path:
            continue
        # The steps that havend knows how to do itself have nothing to read in them.
        step = GOOD["virtual_routers"][path[1]][path[2]][path[3]] if len(path) == 5 else {}
        if key in ("setup", "takeover", "release", "teardown") or step.get("do", "netlink") == "netlink":
            assert "%s is missing" % key in _refusal(tmp_path, _without(path)), path


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.sampled_from(OTHERS))
def test_a_wrong_value_anywhere_is_refused_or_harmless(
    tmp_path: Path, path: tuple[Any, ...], value: object
) -> None:
    try:
        plan = read_plan(write(tmp_path, _changed(path, value)))
    except PlanError:
        return
    for router in plan.routers.values():
        for step in router.setup + router.takeover + router.release + router.teardown:
            assert all(16 <= offset <= len(step.octets) - 4 for offset, _device in step.patch)
        assert hash(router.spec.wire())


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("virtual_routers", 0, "vrid"), "51", "vrid is not a whole number in 1..255"),
        (("virtual_routers", 0, "vrid"), 256, "vrid is not a whole number in 1..255"),
        (("virtual_routers", 0, "vrid"), True, "vrid is not a whole number in 1..255"),
        (("virtual_routers", 0, "interval_us"), 0, "interval_us is not a whole number"),
        (("virtual_routers", 2, "interval_us"), 10000, "interval_us is not a whole number"),
        (("virtual_routers", 0, "addresses"), ["fe80::1/64"], "addresses is not an IPv4 address"),
        (("virtual_routers", 0, "addresses"), [], "addresses is not a list of 1 to 255 addresses"),
        (("virtual_routers", 0, "group"), "nobody", "its group nobody is missing"),
        (("virtual_routers", 0, "virtual_mac"), "0011", "virtual_mac is not a MAC address"),
        (("virtual_routers", 0, "takeover", 1, "patch"), [[9999, "lan"]], "patch is not within"),
        (("virtual_routers", 0, "takeover", 1, "octets"), 20 * "00", "octets is not a netlink message"),
        (("virtual_routers", 0, "takeover", 1, "octets"), "zz", "octets is not octets in hexadecimal"),
        (("virtual_routers", 0, "takeover", 1, "tolerate"), ["EEXIST"], "tolerate is not a list of error"),
        (("virtual_routers", 1, "name"), "lan", "virtual_routers is not a list of different names"),
        (("groups", 0, "name"), "empty", "group empty has no virtual routers"),
        (("groups", 0, "preempt"), 1, "preempt is not true or false"),
        (("commands", "setup", 0, "argv"), [], "argv is not a program"),
    ],
)
def test_a_wrong_value_is_explained(tmp_path: Path, path: tuple[Any, ...], value: object, text: str) -> None:
    assert text in _refusal(tmp_path, _changed(path, value))
