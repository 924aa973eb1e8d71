# SPDX-License-Identifier: GPL-2.0-or-later
"""Places, recognition, versions and documents, each by itself."""

import base64
import builtins
import os
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.config.uci.package import PackageSection
from haven.contract.strict_json import read_json
from haven.sync.change_documents import SyncError, _stamp
from haven.sync.recognition import Known, recognise
from haven.sync.section_places import LONGEST_PLACE, is_place, place_between, places_between, standing
from haven.sync.shape import to_json
from haven.sync.versions import Item, Version, joined, merged, written
from tests.sync.routers import Router, exchange_all, tell

RULES = "".join(f"\nconfig rule\n\toption name 'rule{n}'\n\toption dest_port '{n}'\n" for n in range(4))


@given(st.lists(st.tuples(st.integers(0, 1 << 30), st.booleans()), max_size=60))
def test_a_place_is_between_its_neighbours(puts: list[tuple[int, bool]]):
    row = places_between("", "", [str(number) for number in range(5)])
    for number, (where, _) in enumerate(puts):
        at = where % (len(row) + 1)
        before, after = row[at - 1] if at else "", row[at] if at < len(row) else ""
        row.insert(at, place_between(before, after, f"new{number}"))
    assert row == sorted(set(row)) and all(map(is_place, row))


def test_places_at_an_end_stay_short():
    for at_end in (True, False):
        row: list[str] = []
        for number in range(3000):
            ends = (row[-1], "") if at_end and row else ("", row[0]) if row else ("", "")
            row.insert(len(row) if at_end else 0, place_between(*ends, str(number)))
        assert row == sorted(set(row))
        assert max(map(len, row)) < LONGEST_PLACE / 2


def test_two_who_put_different_sections_into_one_gap_have_two_places():
    assert place_between("A", "B", "one") != place_between("A", "B", "other")
    assert place_between("A", "B", "one") == place_between("A", "B", "one")


def test_as_many_stand_as_can():
    assert standing(["a", "b", "c"]) == [True] * 3
    assert standing(["c", "a", "b"]) == [False, True, True]
    assert standing([]) == []


def ids(old: dict[str, dict], new: list[dict], type: str = "rule") -> list[str]:
    known = [Known(id, type, options) for id, options in old.items()]
    return recognise("firewall", known, [(PackageSection(type), options) for options in new], set(old))


def test_a_section_is_recognised_by_what_it_is():
    old = {"@a_0": {"name": "x", "p": "1", "q": "1"}, "@b_0": {"name": "y", "p": "2", "q": "1"}}
    one, other = old.values()
    assert ids(old, [other, one]) == ["@b_0", "@a_0"]
    # By its name, though most of it is the other's.
    assert ids(old, [{"name": "y", "p": "1", "q": "1"}]) == ["@b_0"]
    # By most of it, when the name was changed.
    assert ids(old, [other, {"name": "z", "p": "1", "q": "1"}]) == ["@b_0", "@a_0"]
    # One that has little in common is another one.
    (new,) = ids(old, [{"name": "z", "p": "3", "q": "1"}])
    assert new not in old


def test_a_new_section_has_the_mark_that_it_has_on_the_other_router():
    rule = {"name": "x", "p": "1"}
    assert ids({}, [rule]) == ids({"@other_0": {"name": "y"}}, [rule])
    # The natural key counts, not what else is in it.
    assert ids({}, [rule]) == ids({}, [{**rule, "p": "2"}])
    twice = ids({}, [rule, rule])
    assert twice[0] != twice[1] and twice[0] == ids({}, [rule])[0]
    assert ids({}, [{"p": "1"}], "plain") != ids({}, [{"p": "2"}], "plain")


def test_of_two_writings_the_one_that_knew_the_other_stands():
    first = Item((Version("a", (("r1/1", 1),)),))
    second = written(first, "b", ("r2/1", 1))
    one, both = {"r1/1": 1}, {"r1/1": 1, "r2/1": 1}
    for found in (merged(first, second, one, both), merged(second, first, both, one)):
        assert found is not None and found.value == "b" and not found.conflict


WRITERS = ("r1/a", "r2/b", "r3/c")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from("abc")), max_size=25))
def test_all_end_with_the_same_versions_in_whatever_order_they_hear(steps: list[tuple[int, int, str]]):
    items: list[Item | None] = [None] * 3
    known: list[dict[str, int]] = [{}, {}, {}]

    def hear(one: int, other: int) -> None:
        items[one] = merged(items[one], items[other], known[one], known[other])
        known[one] = joined(known[one], known[other])

    for one, other, value in steps:
        if one == other:
            number = known[one].get(WRITERS[one], 0) + 1
            items[one] = written(items[one], value, (WRITERS[one], number))
            known[one] = {**known[one], WRITERS[one]: number}
        else:
            hear(one, other)
    for _ in range(2):
        for one in range(3):
            for other in range(3):
                hear(one, other)
    ends = [{(each.value, each.dots) for each in item.versions} if item else set() for item in items]
    assert ends[0] == ends[1] == ends[2]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Router, Router]:
    one, two = (Router(tmp_path, name, firewall=RULES) for name in ("r1", "r2"))
    exchange_all([one, two])
    return one, two


def test_two_who_move_one_section_to_different_places_are_in_conflict(pair: tuple[Router, Router]):
    for router, order in zip(pair, ((3, 0, 1, 2), (0, 3, 1, 2)), strict=True):
        sections = router.sections("firewall")
        router.change("firewall", [sections[at] for at in order])
    exchange_all(list(pair))
    for router in pair:
        (conflict,) = router.replica.conflicts()
        assert conflict["kind"] == "place"
    pair[0].replica.take("r2")
    exchange_all(list(pair))
    names = [each.options["name"] for each in pair[0].sections("firewall")]
    assert names == ["rule0", "rule3", "rule1", "rule2"]
    assert pair[0].sections("firewall") == pair[1].sections("firewall")


def test_a_look_at_what_has_not_changed_reads_nothing(
    pair: tuple[Router, Router], monkeypatch: pytest.MonkeyPatch
):
    one = pair[0]
    one.file("/etc/openvpn/a").write_text("x")
    one.replica.scan()
    old = 1_000_000_000
    # As if nobody had written for a while; the time of the change itself cannot be set.
    monkeypatch.setattr("time.time_ns", lambda: os.stat(one.path("firewall")).st_ctime_ns + 10 * old)
    one.replica.scan()
    read: list[str] = []

    def noting(real: Any) -> Any:
        return lambda path, *more, **keys: read.append(path) or real(path, *more, **keys)

    monkeypatch.setattr(os, "open", noting(os.open))
    monkeypatch.setattr(builtins, "open", noting(builtins.open))
    for _ in range(3):
        assert not one.replica.scan()
    assert read == []
    one.set("firewall", "rule1", "dest_port", "9")
    assert one.replica.scan()


def body_of(one: Router, two: Router) -> tuple[dict[str, Any], dict[str, Any]]:
    one.set("firewall", "rule1", "dest_port", "99")
    (part,) = one.replica.changes_for(two.replica.summary())
    return part, read_json(zlib.decompress(base64.b64decode(part["data"])))


def packed(part: dict[str, Any], body: Any) -> dict[str, Any]:
    data = base64.b64encode(zlib.compress(to_json(body))).decode()
    return {**part, "data": data, "digest": _stamp(data)}


def change(body: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("base",), []),
        (("base",), {"r1": 1}),
        (("known",), {"r1/a": -1}),
        (("known",), {"r1/a": "1"}),
        (("known",), {}),
        (("dots",), 5),
        (("dots",), [[["r1/a", 10**6]]]),
        (("dots",), [[["r1/a"]]]),
        (("units",), {}),
        (("units", 0), []),
        (("units", 0, 0), "../passwd"),
        (("units", 0, 0), ".hidden"),
        (("units", 0, 1), "a b"),
        (("units", 0, 2), [["rule", "other"], 0]),
        (("units", 0, 2), [["ru le", ""], 0]),
        (("units", 0, 2), [["rule", ""], 99]),
        (("units", 0, 2), []),
        (("units", 0, 3), ["/", 0]),
        (("units", 0, 3), ["A" * 1000, 0]),
        (("units", 0, 4), {}),
        (("units", 0, 4), [["a b", ["x", 0]]]),
        (("units", 0, 4), [["a", ["x\0y", 0]]]),
        (("units", 0, 4), [["a", ["x\ud800", 0]]]),
        (("units", 0, 4), [["a", ["", 0]]]),
        (("units", 0, 4), [["a", [[], 0]]]),
        (("units", 0, 4), [["a", [5, 0]]]),
        (("units", 0, 4), [["a", ["x" * 70000, 0]]]),
        (("units", 0, 4), [["a", ["x", 0]], ["a", ["y", 0]]]),
        (("files",), [["/etc/../etc/passwd", [None, 0]]]),
        (("files",), [["relative", [None, 0]]]),
        (("files",), [["/etc/x", [[0o4755, "0" * 64, 1], 0]]]),
        (("files",), [["/etc/x", [["600", "0" * 64, 1], 0]]]),
        (("blobs",), {"0" * 64: "QQ=="}),
        (("blobs",), {"x": "QQ=="}),
        (("blobs",), {"0" * 64: 5}),
    ],
)
def test_a_bad_field_costs_its_document_and_nothing_else(
    pair: tuple[Router, Router], path: tuple[Any, ...], value: Any
):
    one, two = pair
    part, body = body_of(one, two)
    change(body, path, value)
    before = two.text("firewall")
    with pytest.raises(SyncError) as caught:
        two.replica.receive(packed(part, body))
    assert caught.value.code == "document-wrong" and str(caught.value).startswith("r1 sent ")
    assert two.text("firewall") == before
    assert two.replica.receive(part).code == "applied"


def test_a_file_that_nobody_has_listed_is_not_written(pair: tuple[Router, Router]):
    one, two = pair
    part, body = body_of(one, two)
    octets = b"root::0:0:99999:7:::\n"
    digest = sha256(octets).hexdigest()
    item = [[0o600, digest, len(octets)], body["units"][0][2][1]]
    body["files"] = [[path, item] for path in ("/etc/haven/key", "/etc/openvpn/x", "/etc/shadow")]
    body["blobs"] = {digest: base64.b64encode(octets).decode()}
    assert two.replica.receive(packed(part, body)).code == "applied"
    assert not two.file("/etc/shadow").exists() and not two.file("/etc/haven/key").exists()
    assert two.file("/etc/openvpn/x").read_bytes() == octets


def test_a_file_without_its_content_is_refused(pair: tuple[Router, Router]):
    one, two = pair
    part, body = body_of(one, two)
    body["files"] = [["/etc/openvpn/x", [[0o600, "0" * 64, 1], body["units"][0][2][1]]]]
    with pytest.raises(SyncError) as caught:
        two.replica.receive(packed(part, body))
    assert caught.value.code == "document-wrong"
    assert two.get("firewall", "rule1", "dest_port") == "1"


def test_what_unpacks_to_too_much_is_refused(pair: tuple[Router, Router]):
    one, two = pair
    part, _body = body_of(one, two)
    bomb = base64.b64encode(zlib.compress(b"[" + b" " * (30 << 20) + b"]")).decode()
    with pytest.raises(SyncError) as caught:
        two.replica.receive({**part, "data": bomb, "digest": _stamp(bomb)})
    assert caught.value.code == "document-wrong"


def test_a_base_that_is_not_known_here_asks_anew(pair: tuple[Router, Router], tmp_path: Path):
    one, two = pair
    one.set("firewall", "rule1", "dest_port", "99")
    old = two.replica.summary()
    exchange_all([one, two])
    new = Router(tmp_path, "r3", firewall=RULES)
    documents = one.replica.changes_for({**old, "node": "r3"})
    assert [new.replica.receive(each).code for each in documents][-1:] == ["stale"]
    assert tell(one, new) == "applied"


@pytest.mark.parametrize("summary", [None, {}, {"version": 1, "node": "r2", "known": [], "refused": []}])
def test_a_bad_summary_is_refused(pair: tuple[Router, Router], summary: Any):
    with pytest.raises(SyncError) as caught:
        pair[0].replica.changes_for(summary)
    assert caught.value.code == "document-wrong"


def test_what_was_removed_is_forgotten_when_all_know(pair: tuple[Router, Router]):
    one, two = pair
    one.change("firewall", one.sections("firewall")[1:])
    one.set("firewall", "rule1", "dest_port", None)
    exchange_all([one, two])
    size = len(one.replica._store.memory.octets())
    for router, other in ((one, two), (two, one)):
        router.replica.settle([other.replica.summary()])
    assert len(one.replica._store.memory.octets()) < size
    one.set("firewall", "rule2", "dest_port", "22")
    exchange_all([one, two])
    assert one.sections("firewall") == two.sections("firewall") and len(two.sections("firewall")) == 3


def test_diff_says_what_would_change(pair: tuple[Router, Router]):
    one, two = pair
    one.set("firewall", "rule1", "dest_port", "99")
    one.write("wireless", "config wifi-iface 'w'\n\toption key 'geheim42'\n")
    rows = two.replica.diff(one.replica.changes_for(two.replica.summary()))
    assert {"path": "firewall.@rule[1].dest_port", "kind": "option", "was": "1", "now": "99"} in rows
    assert {"path": "wireless.w.key", "kind": "option", "was": None, "now": "hidden"} in rows
    assert two.get("firewall", "rule1", "dest_port") == "1"
