# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven status` says: each status/NAME.json becomes status/NAME.txt.

UPDATE=1 writes the texts anew; read the difference as a user would.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.cli.status_text import render
from haven.contract import status as contract
from haven.contract.at_risk import at_risk, is_unpaired
from haven.contract.fields import Field, keys_of
from haven.contract.freshness import PEER_FRESH_MS
from haven.contract.status import check_status, is_status

FOLDER = Path(__file__).parent / "status"
CASES = sorted(path.stem for path in FOLDER.glob("*.json"))
# As havend wrote them before it told facts and severities; a new command has to read them.
FIRST_RELEASE = [name for name in CASES if name.startswith("first_release_")]
NOW = 1_800_000_000.0


def document(name: str) -> dict:
    """Read a recorded status document."""
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_status_reads_as_agreed(name: str) -> None:
    text = render(document(name), NOW)
    golden = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", CASES)
def test_all_is_well_only_where_a_takeover_would_lose_nothing(name: str) -> None:
    status = document(name)
    status.setdefault("at_risk", [])
    if name not in FIRST_RELEASE:
        told = status["conntrack"], status["peers"], status["state"] == "active", is_unpaired(status)
        assert status["at_risk"] == at_risk(*told)
    if render(status, NOW).startswith("All is well"):
        assert "not in sync" not in render(status, NOW) and "not heard" not in render(status, NOW)


def places(part: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the way to every value of every object in a document."""
    if isinstance(part, dict):
        yield from [(*path, key) for key in part]
    for key, value in (
        part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    ):
        yield from places(value, (*path, key))


@pytest.mark.parametrize("name", CASES)
def test_what_the_tables_let_be_missing_or_null_is_not_needed(name: str) -> None:
    for path in places(document(name)):
        for is_gone in (True, False):
            status = part = document(name)
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = None
            if is_gone:
                del part[path[-1]]
            if is_status(status):
                assert render(status, NOW), (path, is_gone)


@pytest.mark.parametrize("told", [{"fresh": False, "heard_ms": 60_000}, {"heard_ms": PEER_FRESH_MS}])
def test_a_peer_whose_word_is_old_is_not_heard(told: dict) -> None:
    status = document("copied")
    peer = status["peers"][0]
    del peer["fresh"]
    peer.update(told)
    text = " ".join(render(status, NOW).split())
    assert f"The agent of {peer['node']} is not heard." in text


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_lines_fit_a_terminal_of_80_columns(name: str) -> None:
    assert max(len(line) for line in render(document(name), NOW).splitlines()) <= 80


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("name", ["two_groups", "long_addresses", "two_actives"])
def test_long_names_stand_above_what_is_said_of_them(name: str, colour: bool) -> None:
    """Their columns made lines of 144."""
    status = document(name)
    for router in status["virtual_routers"]:
        for key in ("name", "group"):
            router[key] = f"the_{router[key]}_on_the_second_floor_of_the_house"
    text = re.sub(r"\x1b\[\d*m", "", render(status, NOW, colour=colour))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    last = status["virtual_routers"][-1]
    place = max(at for at, line in enumerate(lines) if line.endswith(last["name"]))
    assert lines[place + 1].split()[0] == last["state"].capitalize()
    assert last["addresses"][0] in lines[place + 2]


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize("name", CASES)
def test_colour_changes_no_letter(name: str) -> None:
    coloured = render(document(name), NOW, colour=True)
    assert re.sub(r"\x1b\[\d*m", "", coloured) == render(document(name), NOW)
    assert coloured.count("\x1b[0m") * 2 == coloured.count("\x1b[")


def test_clock_that_was_set_back_shows_no_negative_time() -> None:
    status = document("active")
    text = render(status, status["since"] - 1000)
    assert "(0 s)" in text


def test_hundreds_of_groups_leave_a_short_headline() -> None:
    status = document("two_groups")
    groups, router = [], status["virtual_routers"][0]
    for number in range(250):
        state = ("active", "backup")[number % 2]
        groups.append({**status["groups"][0], "name": f"g{number}", "state": state})
    status.update(groups=groups, problems=[])
    status["virtual_routers"] = [{**router, "name": g["name"], "group": g["name"]} for g in groups]
    headline = render(status, NOW).split("\n\n")[0]
    assert "Active for 125 groups and Backup for 125 groups" in " ".join(headline.split())


@pytest.mark.parametrize("name", ["fault", "first_release_fault"])
def test_node_that_hears_nobody_does_not_claim_to_know_the_active(name: str) -> None:
    status = document(name)
    for router in status["virtual_routers"]:
        active = router["active"]
        active["seen_ms"] += 7_200_000
        if "fresh" in active:
            active["fresh"] = False
    text = " ".join(render(status, NOW).split())
    assert "192.168.1.1 is Active" not in text
    assert "was Active when it was last heard, 2 h ago." in text


def test_somebody_heard_of_whom_the_address_is_not_told_is_nobodys_name() -> None:
    status = document("pulled_cable")
    for router in status["virtual_routers"]:
        router["active"].update(seen_ms=893, fresh=True)
    assert render(status, NOW) == render(document("pulled_cable"), NOW)
    assert "None" not in render(status, NOW)


def test_what_conntrackd_lost_long_ago_is_not_told() -> None:
    status = document("copy")
    status["conntrack"].update(lost=332)
    assert "332" not in render(status, NOW)


def test_what_an_active_does_not_hear_of_its_copies_costs_nothing() -> None:
    status = document("copied")
    status["conntrack"]["lately"].update(lost=3)
    assert "messages lost" not in render(status, NOW)
    codes = [each["code"] for each in at_risk(status["conntrack"], status["peers"], active=True)]
    assert codes == ["peer-behind"]


def test_an_active_that_advertises_says_to_whom_and_what() -> None:
    status = document("active")
    advert = {"advertising": True, "source": "fe80::1", "lifetime_s": 2700, "prefixes": ["2001:db8:1::/64"]}
    advert.update(sent=3, answered=1, next_ms=200000)
    status["virtual_routers"][0]["router_advert"] = advert
    name = status["virtual_routers"][0]["name"]
    text = " ".join(render(check_status(status), NOW).split())
    assert f"{name}: fe80::1 is the IPv6 hosts' router; prefix 2001:db8:1::/64." in text
    advert.update(ends_ms=12_000, prefixes=[])
    text = " ".join(render(check_status(status), NOW).split())
    assert (
        f"{name}: there is no way out by IPv6 now; for 12 s more fe80::1 is the IPv6 hosts' router." in text
    )
    advert.update(lifetime_s=0, ends_ms=None, prefixes=["fd00::/64", "fd01::/64"])
    text = " ".join(render(check_status(status), NOW).split())
    assert f"{name}: IPv6 hosts are told of no router, as there is no way out by IPv6; " in text
    assert "; prefixes fd00::/64, fd01::/64." in text
    advert["advertising"] = False
    assert "IPv6 hosts" not in render(check_status(status), NOW)


def test_one_failure_of_conntrackds_is_one() -> None:
    status = document("copy")
    status["conntrack"]["lately"].update(inject_failed=1, lost=2, errors=1, malformed=1)
    expected = (
        "In the last 2 min conntrackd counted 1 connection that this kernel did not take, 2 messages lost, "
        "1 error of receiving, 1 malformed message:"
    )
    assert expected in " ".join(render(status, NOW).split())


# What only those virtual routers have that do it, and what only those groups to which it has happened.
OF_SOME = {"authentication", "protocol", "router_advert", "transitions", "detections", "takeovers"}


def lacks(part: dict, table: tuple[Field, ...]) -> set[str]:
    """Return which keys of a table a document does not have."""
    return set(keys_of(table)) - set(part)


@pytest.mark.parametrize("name", CASES)
def test_recorded_documents_are_of_one_release_or_the_other(name: str) -> None:
    status = check_status(document(name))
    groups, routers = status["groups"], status["virtual_routers"]
    changes = [each["last_transition"] for each in groups + routers if each["last_transition"]]
    problems, actives = status["problems"], [router["active"] for router in routers]
    if name in FIRST_RELEASE:
        assert all(lacks(group, contract.GROUP) >= {"handover", "sync_wait_ms"} for group in groups)
        assert all(lacks(each, contract.TRANSITION) == {"facts"} for each in changes)
        assert all(lacks(each, contract.PROBLEM) == {"severity", "facts"} for each in problems)
        assert all(lacks(each, contract.ACTIVE) == {"fresh"} for each in actives)
        return
    for parts, table in (
        (groups, contract.GROUP),
        (routers, contract.VIRTUAL_ROUTER),
        (changes, contract.TRANSITION),
        (problems, contract.PROBLEM),
        (actives, contract.ACTIVE),
        ([status["conntrack"]] if status["conntrack"] else [], contract.CONNTRACK),
    ):
        assert [lacks(part, table) - OF_SOME for part in parts] == [set()] * len(parts)
    assert all({"heard_ms", "fresh"} <= set(peer) for peer in status["peers"])


def test_first_release_is_among_what_is_read() -> None:
    assert len(FIRST_RELEASE) >= 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reason": "silence", "facts": {"peer": "10.9.0.2", "silence_us": 358_000}},
         ": the Active 10.9.0.2 was silent for 358 ms."),
        ({"reason": "handed_over", "facts": {"peer": "10.9.0.2"}}, ": handed over to 10.9.0.2."),
        # Of a later release, or damaged on the way: its own words.
        ({"reason": "moon", "facts": {}}, ": the words of havend."),
        ({"reason": "silence", "facts": {"peer": "10.9.0.2"}}, ": the words of havend."),
        ({"reason": "silence", "facts": {"peer": "10.9.0.2", "silence_us": "x"}}, ": the words of havend."),
        ({"reason": "silence", "facts": None}, ": the words of havend."),
    ],
)  # fmt: skip
def test_reason_is_told_by_its_facts_and_in_the_words_of_havend_without(change: dict, expected: str) -> None:
    status = document("active")
    status["groups"][0]["last_transition"].update(change, text="the words of havend")
    assert expected in " ".join(render(check_status(status), NOW).split("\n\n")[0].split())


def test_words_that_name_the_group_do_not_have_its_name_before_them() -> None:
    status = document("two_groups")
    for group in status["groups"]:
        group["last_transition"].update(reason="silence", text=f"{group['name']}: the words of havend")
        del group["last_transition"]["facts"]
    headline = " ".join(render(check_status(status), NOW).split("\n\n")[0].split())
    name = max(status["groups"], key=lambda group: group["since"])["name"]
    assert f"): {name}: the words of havend." in headline and headline.count(f"{name}: ") == 1


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (("handover", "leaving"), "gateway is being handed over to another router."),
        (("leaving",), "gateway is being handed over to another router."),
        (("sync_wait_ms", "preempt_wait_ms"), "gateway waits for the connections"),
        (("preempt_wait_ms",), "gateway waits for the connections"),
    ],
)  # fmt: skip
def test_what_a_group_waits_for_is_told_under_its_first_name_too(
    keys: tuple[str, ...], sentence: str
) -> None:
    status = document("standby")
    group = status["groups"][0]
    assert sentence not in render(status, NOW)
    for key in ("handover", "leaving", "sync_wait_ms", "preempt_wait_ms"):
        del group[key]
    group.update(dict.fromkeys(keys, 41_500 if "wait" in keys[0] else "switchover"))
    text = render(status, NOW)
    assert sentence in text
    assert "wait" not in keys[0] or " ".join(text.split()).count("at most 42 s more.") == 1
