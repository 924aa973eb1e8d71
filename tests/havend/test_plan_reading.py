# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan that is not whole is refused by its file's name, and nothing of it gets further."""

import copy
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haven.config.options import GROUP, VIRTUAL_ROUTER
from haven.contract.diagnostics import Diagnostic
from haven.contract.plan import VERSION, Plan, PlanError, empty_plan, read_plan
from haven.core.clock import SECOND
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, LinkChanged, Maintenance, Shutdown, Startup
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.vrrp.advert import Advert, encode
from haven.havend import diagnosis, plan_commands
from haven.havend.netlink_batch import StepFailure
from haven.havend.plan_in_force import PlanInForce
from tests.agent.plans import CONNTRACK
from tests.havend.plans import document, lan, section, write

ELSEWHERE: Any = "big" if sys.byteorder == "little" else "little"
ROUTE = "default via 10.9.0.254"
GOOD = document(
    section("group", "gateway", preempt=1, preempt_delay=5),
    lan(group="gateway", route=(ROUTE,), virtual_mac=1, accept=0, track_interface=("wan:20",)),
    lan("six", group="gateway", vrid=52, address=("fe80::1", "2001:db8::1/64"), source_address="fe80::9"),
    lan(
        "old",
        vrid=53,
        version=2,
        advert_interval=2000,
        auth_pass="secret",
        address=("10.9.1.1/24",),
        unicast_peer=("10.9.0.7",),
    ),
)

# What need not be there, what the engine cannot run without, and its settings that have a default.
OPTIONAL = {"made_from", "interface", "source", "auth", "virtual_mac", "address", "renew", "stdin", "upgrade"}
NEEDED = {"vrid", "version", "priority", "advert_interval_us", "checksum"}
SETTINGS = {each.key for row in (GROUP, VIRTUAL_ROUTER) for each in row.options if each.engine} - NEEDED
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


def _at(path: tuple[Any, ...]) -> Any:
    part = GOOD
    for key in path:
        part = part[key]
    return part


def _read_and_run(folder: Path, content: object) -> None:
    """Read a plan, and where it is not refused, do with it what havend would."""
    try:
        plan = read_plan(write(folder, content))
    except PlanError:
        return
    _run(plan)


def _run(plan: Plan) -> None:
    """Let the engine elect by a plan, hear others and end; say what goes wrong with its steps."""
    for router in plan.routers.values():
        steps = router.setup + router.takeover + router.release + router.teardown
        for step in steps:
            assert all(16 <= offset <= len(step.octets) - 4 for offset, _device in step.patch)
        told = diagnosis.of_failures({"lan": [StepFailure(0, step, "no reason") for step in steps]})
        assert len(told) == len(steps)
        assert hash(router.spec.wire())
    for command in plan.setup_commands + plan.teardown_commands:
        assert plan_commands._failure(command, "no reason")["code"] == "setup-failed"
    engine, now = Engine(), 1 << 40
    engine.load(plan.groups, now)
    for router in plan.routers.values():
        engine.handle(LinkChanged(router.device, True), now)
        for family, own in ((4, bytes((10, 9, 0, 1))), (6, bytes.fromhex("fe80" + 13 * "00" + "09"))):
            engine.handle(AddressesChanged(router.device, family, (own,)), now)
    engine.handle(Startup(), now)
    for turn in range(40):
        now = min(max(now, engine.next_deadline()), now + 60 * SECOND)
        engine.tick(now)
        for router in plan.routers.values():
            _hear_another(engine, router.spec, 50 + 2 * turn, now)
    engine.handle(Maintenance(True), now)
    engine.handle(Shutdown(), now)


def _hear_another(engine: Engine, spec: RouterSpec, priority: int, now: int) -> None:
    to = spec.destinations()[0]
    other = bytes((10, 9, 0, 7)) if spec.family == 4 else bytes.fromhex("fe80" + 13 * "00" + "07")
    interval = spec.advert_interval_us
    advert = Advert(spec.version, spec.vrid, priority, interval, spec.addresses, spec.auth, spec.checksum)
    engine.hear(spec.device, spec.family, other, to, 255, encode(advert, other, to), now)


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


@pytest.mark.parametrize("version", [0, 1, 2, 4, "3", None, True])
def test_another_version_is_refused_and_both_are_named(tmp_path: Path, version: object) -> None:
    text = _refusal(tmp_path, {**GOOD, "version": version})
    assert "version %s" % version in text and "reads version %d" % VERSION in text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="none.json.*No such file"):
        read_plan(str(tmp_path / "none.json"))
    with pytest.raises(PlanError, match="it is not a regular file"):
        read_plan(str(tmp_path))


def test_every_missing_key_is_named(tmp_path: Path) -> None:
    for path in PLACES:
        key = path[-1]
        if isinstance(key, int) or key in OPTIONAL | SETTINGS or path == ("version",):
            continue
        if "facts" not in path[:-1]:
            assert "%s is missing" % key in _refusal(tmp_path, _without(path)), path


@pytest.mark.parametrize("key", sorted(SETTINGS))
def test_a_setting_that_is_missing_is_named_or_has_its_default(tmp_path: Path, key: str) -> None:
    for path in PLACES:
        if path[-1] == key:
            _read_and_run(tmp_path, _without(path))


@pytest.mark.parametrize("key", [None, "device", "address"])
def test_a_step_whose_facts_are_not_whole_is_refused_or_told(tmp_path: Path, key: str | None) -> None:
    for path in PLACES:
        if path[-1] == "facts":
            facts = {} if key is None else {name: fact for name, fact in _at(path).items() if name != key}
            _read_and_run(tmp_path, _changed(path, facts))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), st.sampled_from(OTHERS))
def test_a_wrong_value_anywhere_is_refused_or_harmless(
    tmp_path: Path, path: tuple[Any, ...], value: object
) -> None:
    _read_and_run(tmp_path, _changed(path, value))


# Whatever a class has by itself, what its instances have, and what its functions call their arguments.
NAMES = sorted(
    {*dir(RouterSpec), *dir(GroupSpec), "self", "routers", "settings", "name", "", "a b", "hold_us"}
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "path", [("virtual_routers", 0), ("groups", 0), ("virtual_routers", 0, "takeover", 0)]
)
def test_a_key_that_nobody_knows_means_nothing(tmp_path: Path, path: tuple[Any, ...], name: str) -> None:
    if name not in _at(path):
        _run(read_plan(write(tmp_path, _changed((*path, name), 1))))


@pytest.mark.parametrize("name", ["code", "self", "template", "say"])
def test_a_fact_may_have_any_name(tmp_path: Path, name: str) -> None:
    for path in (("virtual_routers", 0, "takeover", 0), ("commands", "setup", 0)):
        _run(read_plan(write(tmp_path, _changed((*path, "facts", name), 1))))


def test_a_document_that_is_nested_too_deep_is_refused(tmp_path: Path) -> None:
    for path in PLACES:
        deep: Any = "x"
        for _ in range(700):
            deep = [deep] if path[-1] != "facts" else {"device": deep}
        if path[-1] in ("facts", "warnings", "node", "parts"):
            assert "truncated or is not JSON" in _refusal(tmp_path, _changed(path, deep))


def test_a_step_that_is_not_known_is_told_in_its_own_words(tmp_path: Path) -> None:
    # Of a newer compiler, whose plan has the same version.
    path = ("virtual_routers", 0, "takeover", 0)
    step = {**_at(path), "code": "tunnel-up", "facts": {"tunnel": "t0"}, "say": "set tunnel t0 up"}
    plan = read_plan(write(tmp_path, _changed(path, step)))
    failed = StepFailure(0, plan.routers["lan"].takeover[0], "no reason")
    (found,) = diagnosis.of_failures({"lan": [failed]})
    assert "set tunnel t0 up" in found["message"]


def test_a_part_that_is_not_known_may_have_anything(tmp_path: Path) -> None:
    assert read_plan(write(tmp_path, _changed(("parts", "tunnel"), {"any": ["thing"]}))).parts == ("tunnel",)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        (("virtual_routers", 0, "vrid"), "51", "vrid is not a whole number in 1..255"),
        (("groups", 0, "heartbeat_us"), "10", "groups[0]: heartbeat_us is not a whole number"),
        (("groups", 0, "heartbeat_us"), -1, "heartbeat_us is not a whole number"),
        (("virtual_routers", 0, "hold_us"), 1.5, "virtual_routers[0]: hold_us is not a whole number"),
        (("virtual_routers", 0, "vrid"), 256, "vrid is not a whole number in 1..255"),
        (("virtual_routers", 0, "vrid"), True, "vrid is not a whole number in 1..255"),
        (("virtual_routers", 0, "advert_interval_us"), 0, "advert_interval_us is not a whole number"),
        (("virtual_routers", 2, "advert_interval_us"), 10000, "advert_interval_us is not one of version 2"),
        (("virtual_routers", 0, "addresses"), ["fe80::1/64"], "addresses are not all of IPv4"),
        (("virtual_routers", 1, "addresses"), ["10.9.0.1/24"], "addresses are not all of IPv6"),
        (("virtual_routers", 0, "addresses"), ["10.9.0/24"], "addresses is not a list of which each is an"),
        (("virtual_routers", 0, "addresses"), [], "addresses is not a list of 1 to 255"),
        (("virtual_routers", 0, "unicast_peers"), ["fe80::1"], "unicast_peers are not all of IPv4"),
        (("virtual_routers", 0, "source"), "fe80::9", "source is not"),
        (("virtual_routers", 0, "announce_refresh_us"), "x", "announce_refresh_us is not a whole number"),
        (("virtual_routers", 2, "unicast_hops"), "x", "unicast_hops is not a whole number in 0..254"),
        (("virtual_routers", 0, "group"), "nobody", "groups are not those of the virtual routers"),
        (("virtual_routers", 0, "virtual_mac"), "0011", "virtual_mac is not a MAC address"),
        (("virtual_routers", 0, "takeover", 1, "patch"), [[9999, "lan"]], "patch is not within"),
        (("virtual_routers", 0, "takeover", 1, "octets"), 20 * "00", "octets are not a netlink message"),
        (
            ("virtual_routers", 0, "takeover", 1, "octets"),
            (20).to_bytes(4, ELSEWHERE).hex() + 16 * "00",
            "octets are of a machine with the other byte order; make it anew",
        ),
        (("virtual_routers", 0, "takeover", 1, "octets"), "zz", "octets is not octets in hexadecimal"),
        (("virtual_routers", 0, "takeover", 1, "tolerate"), ["EEXIST"], "tolerate is not a list of which"),
        (("virtual_routers", 0, "takeover", 1, "code"), 7, "code is not a text"),
        (("virtual_routers", 0, "takeover", 1, "facts"), [], "facts is not an object"),
        (("virtual_routers", 1, "name"), "lan", "virtual_routers: a name or a VRID stands there twice"),
        (("virtual_routers", 2, "vrid"), 51, "virtual_routers: a name or a VRID stands there twice"),
        (("groups", 0, "name"), "empty", "groups are not those of the virtual routers"),
        (("groups", 1, "name"), "gateway", "groups: a name stands there twice"),
        (("groups", 0, "preempt"), 1, "preempt is not true or false"),
        (("groups", 0, "preempt_delay_us"), "5", "preempt_delay_us is not a whole number"),
        (("groups", 0, "sync_wait_us"), -1, "sync_wait_us is not a whole number"),
        (("warnings",), [{"text": "x"}], "warnings[0]: file is missing"),
        (("parts", "conntrack"), 5, "parts: conntrack is not an object"),
        (("parts", "tunnel"), [], "parts: tunnel is not an object"),
        (("parts", "conntrack"), {}, "parts: conntrack: device is missing"),
        (("parts", "conntrack"), {**CONNTRACK, "agent_port": 0}, "agent_port is not a whole number"),
        (("parts", "conntrack"), {**CONNTRACK, "peers": ["x"]}, "peers is not a list of which each is an"),
        (("virtual_routers", 0, "takeover", 1, "facts", "left_s"), 1e999, "is not JSON"),
        (("commands", "setup", 0, "argv"), [], "commands: setup: argv is empty"),
        (("commands", "setup", 0, "argv"), [7], "argv is not a list of which each is a text"),
        (("commands", "setup", 0, "facts"), None, "facts is not an object"),
    ],
)
def test_a_wrong_value_is_explained(tmp_path: Path, path: tuple[Any, ...], value: object, text: str) -> None:
    assert text in _refusal(tmp_path, _changed(path, value))


WRITTEN = json.dumps(GOOD).encode()
DAMAGES = st.tuples(
    st.integers(0, len(WRITTEN)),
    st.integers(0, 40),
    st.sampled_from([b"", b"null", b"[", b"{", b'"', b"\xff", b"1e999", b"-", b"9" * 30, b"NaN", b"\0"]),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAMAGES, min_size=1, max_size=4))
def test_a_file_with_damaged_octets_is_read_or_refused(tmp_path: Path, damages: list[tuple[int, int, bytes]]):
    octets = WRITTEN
    for at, gone, put in damages:
        octets = octets[:at] + put + octets[at + gone :]
    path = tmp_path / "plan.json"
    path.write_bytes(octets)
    try:
        assert isinstance(read_plan(str(path)), Plan)
    except PlanError as refusal:
        assert str(path) in str(refusal)


def test_a_link_without_an_address_is_a_problem_as_long_as_the_plan_says_so() -> None:
    plan = empty_plan("r2", "/etc/config/haven")
    in_force = PlanInForce(plan)
    assert in_force.problems() == []
    plan.warnings = [
        Diagnostic("conntrack-unplaced", {"place": "conntrack"}).as_dict(),
        Diagnostic("device-missing", {"device": "eth9"}).as_dict(),
    ]
    (found,) = in_force.problems()
    assert found["code"] == "conntrack-unplaced" and "haven.conntrack" in found["do"]
