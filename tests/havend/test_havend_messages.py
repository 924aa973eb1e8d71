# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that can happen has words, and every problem has its paragraph in docs/errors.md."""

import re
import time
from pathlib import Path

import pytest

from haven.contract.all_events import TABLE as EVENTS
from haven.contract.all_problems import TABLE
from haven.contract.event_log import REASONS, event_text, kind_of
from haven.contract.faults import fault, fault_text, faults
from haven.contract.freshness import shown_state
from haven.contract.message import message
from haven.contract.problems import problem
from haven.contract.severities import SEVERITIES
from haven.core import effects
from haven.core.clock import MILLISECOND, SECOND
from haven.core.effects import Doubted, Transition
from haven.core.tracking import LINK_DOWN, NO_SOURCE, TRACKED_DOWN
from haven.core.vrrp.advert import REASONS as DROP_REASONS
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.states import BACKUP
from haven.core.vrrp.states import TABLE as STATES
from haven.havend import diagnosis
from haven.havend.diagnosis import RECENT
from haven.havend.event_history import EventHistory
from haven.havend.last_transitions import LastTransitions, transition_facts
from haven.havend.restart_note import RestartNote, may_go_on
from tests.core.test_other_path import cut, settled, vouch
from tests.core.wire import Wire, group, pair, router

SOURCES = Path(diagnosis.__file__).parents[1]
ERRORS = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
PEER = bytes((10, 9, 0, 2))
FAULTS = ((LINK_DOWN, "br-lan"), (NO_SOURCE, "wan"), (TRACKED_DOWN, "wan"))
CHANGES = sorted({(before, after) for before, _event, _do, after, _where in STATES if before != after})
# What the text of a problem, of its remedy or of an event names.
NAMED = re.compile(r"{([a-z_]+)}")


def _words(change: Transition) -> str:
    return event_text("transition", transition_facts(change))


# Another router was heard, or there would be no such reason.
HEARD = ("silence", "unanswered", "session", "resigned", "preempt", "higher", "stalled", "handed_over")


@pytest.mark.parametrize(
    ("reason", "peer"),
    [
        (reason, peer)
        for reason in effects.REASONS
        for peer in (None, PEER, bytes(15) + b"\1")
        if peer is not None or reason not in HEARD
    ],
)
def test_each_reason_has_words(reason: str, peer: bytes | None) -> None:
    for before, after in CHANGES:
        found = FAULTS if reason == "fault" else ()
        change = Transition("gateway", before, after, reason, "lan", peer, 100, 3610000, found)
        text = _words(change)
        assert text.startswith("gateway: %s -> " % before.capitalize())
        assert text.count(": ") >= 2 and "None" not in text and "%" not in text and "{" not in text
        assert "the Active another" not in text and "  " not in text and text == text.strip()


@pytest.mark.parametrize("priority", [0, 50])
@pytest.mark.parametrize("heard_on", ["lan", "wan"])
def test_whoever_was_heard_on_one_link_alone_is_named_or_left_out(priority: int, heard_on: str) -> None:
    # Its farewell, or a lower priority, may be the first that is heard of a router.
    wire = Wire()
    node = wire.node("a", pair(preempt=True))
    node.start()
    spec = node.member(heard_on).spec
    destination = spec.destinations()[0]
    advert = Advert(spec.version, spec.vrid, priority, spec.advert_interval_us, spec.addresses)
    node.hear(encode(advert, PEER, destination), PEER, heard_on)
    wire.run(5 * SECOND)
    change = node.said(Transition)[-1][1]
    assert (change.after, change.reason) == ("active", "preempt" if priority else "resigned")
    text = _words(change)
    assert "  " not in text and "None" not in text and text == text.strip()
    assert ("50" in text) == bool(priority)


def test_the_reasons_are_those_of_the_engine_and_one_of_the_agents() -> None:
    assert set(REASONS) == {*effects.REASONS, "restart"}


def test_a_transition_is_told_by_its_code_and_its_facts() -> None:
    told: list[dict] = []
    history, events = LastTransitions(), EventHistory(told.append)
    change = Transition("lan", "backup", "active", "silence", "vr", PEER, 100, 3610000)
    events.add_transition(change.router, history.record(change))
    reason = message("silence", peer="10.9.0.2", silence_us=3610000)
    assert {key: told[0][key] for key in ("kind", "code", "group", "virtual_router")} == {
        "kind": "transition",
        "code": "transition",
        "group": "lan",
        "virtual_router": "vr",
    }
    assert (told[0]["from"], told[0]["to"], told[0]["reason"]) == ("backup", "active", "silence")
    assert told[0]["facts"] == {"group": "lan", "from": "backup", "to": "active", "reason": reason}
    last = history.last("lan")
    assert last is not None and last["facts"] == reason["facts"] and last["text"] == told[0]["text"]


def test_silence_is_told_in_a_unit_that_suits() -> None:
    def words(silence: int | None) -> str:
        reason = "nobody" if silence is None else "silence"
        return _words(
            Transition("lan", "backup", "active", reason, peer=PEER, peer_priority=1, silence=silence)
        )

    assert words(3610000) == "lan: Backup -> Active: the Active 10.9.0.2 was silent for 3.61 s"
    assert words(31000).endswith("was silent for 31 ms")
    assert words(None).endswith("no Active was heard")


def test_each_fault_has_words_and_is_a_state_of_its_own() -> None:
    assert [fault_text(fault(*each)) for each in FAULTS] == [
        "the link of br-lan is down",
        "there is no address on wan to advertise from",
        "the tracked device wan is down",
    ]
    assert [fault_text(each) for each in faults(FAULTS)] == [fault_text(fault(*each)) for each in FAULTS]
    assert shown_state("initialize", FAULTS) == "fault"
    assert shown_state("initialize", ()) == "initialize"
    assert shown_state("active", FAULTS) == "active"


def _fact(name: str) -> object:
    if name.endswith("_us"):
        return 100_000_000
    return 100 if name.endswith("_s") else "the 100% of {it}"


def _filled(text: str) -> str:
    return NAMED.sub(lambda found: "100 s" if found[1].endswith("_s") else "the 100% of {it}", text)


def test_each_problem_says_what_is_the_matter_and_what_to_do() -> None:
    assert len({code for code, *_rest in TABLE}) == len(TABLE)
    for code, severity, text, do in TABLE:
        # What a fact holds is no template.
        facts = {name: _fact(name) for name in NAMED.findall(text + do)}
        found = problem(code, "lan", **facts)
        assert found["code"] == code and found["about"] == "lan" and found["facts"] == facts
        assert found["severity"] == severity and severity in SEVERITIES
        begin = text.split(" ")[0]
        # A name, an address or a number may begin it.
        assert begin[0].isupper() or begin == "conntrackd" or NAMED.match(begin)
        assert found["do"] == _filled(do)
        assert do[0].isupper() or do[0] == "'"
        assert do.endswith(".")
        # A fault begins the sentence here, and stands behind a colon elsewhere.
        assert found["message"] == _filled(text).replace("the 100%", "The 100%", code == "fault")
        for name in facts:
            with pytest.raises(KeyError):
                problem(code, "lan", **{other: facts[other] for other in facts if other != name})


def test_a_message_within_a_problem_is_told_in_words_too() -> None:
    found = problem("fault", "lan", fault=fault(NO_SOURCE, "wan"))
    assert found["message"] == "There is no address on wan to advertise from." and found["facts"][
        "fault"
    ] == {
        "code": NO_SOURCE,
        "facts": {"device": "wan"},
    }
    step = message("address-add", address="10.9.0.100/32", device="lan")
    found = problem("step-failed", "lan", step=step, error="No such device")
    assert found["message"] == "A step failed: add 10.9.0.100/32 to lan: No such device."
    found = problem("setup-failed", "set-up", command=message("accept-rules"), error="no nft")
    assert found["message"] == (
        "The set-up failed: drop what is addressed to the virtual addresses (no nft)."
    )
    found = problem("conntrack-down", "conntrack", error="")
    assert found["message"] == "conntrackd does not run; it is being started again."


def test_each_event_has_words_made_of_its_facts() -> None:
    assert len({code for code, *_rest in EVENTS}) == len(EVENTS)
    for code, kind, text in EVENTS:
        names = NAMED.findall(text)
        # Lengths of time are numbers; everything else is shown as it is, and is no template.
        facts = {name: _fact(name) for name in names}
        told = event_text(code, facts)
        assert kind_of(code) == kind
        shown = [told.count(each) for each in ("the 100% of {it}", " 100 s", " 100.00 s")]
        assert sum(shown) == len(names), code
        for name in names:
            with pytest.raises(KeyError):
                event_text(code, {other: facts[other] for other in facts if other != name})


def test_each_reason_to_drop_a_packet_is_a_problem_but_a_stranger() -> None:
    node = Wire().node("a", group())
    node.start()
    gateway = node.engine.groups["gateway"]
    # Another VRID is nobody's mistake: it is another virtual router.
    reasons = set(DROP_REASONS) - {"vrid"}
    gateway.members[0].drops = dict.fromkeys(reasons, (PEER, 5))
    told = diagnosis.of_group(gateway, 6)
    assert all(found["about"] == "lan" and found["facts"] == {"peer": "10.9.0.2"} for found in told)
    assert {found["code"] for found in told} == {"dropped-" + reason for reason in reasons}
    assert diagnosis.of_group(gateway, RECENT + 5) == []


def test_each_problem_has_its_heading_in_the_documentation() -> None:
    text = ERRORS.read_text()
    headings = re.findall(r"^### `([a-z_-]+)`$", text, re.MULTILINE)
    assert sorted(headings) == sorted(code for code, *_rest in TABLE)
    for heading in headings:
        paragraph = text.split("### `%s`\n" % heading)[1].split("\n#")[0].strip()
        assert len(paragraph.split()) >= 15, heading


def test_each_message_of_the_documentation_is_in_the_program() -> None:
    files = [SOURCES / "arguments.py"]
    for folder in ("contract", "havend", "cli"):
        files += (SOURCES / folder).glob("*.py")
    program = re.sub(r"%[sdr]|{[a-z_]+}", "…", " ".join(path.read_text() for path in files))
    program = program.replace("… connections", "32 connections")
    quoted = re.findall(r"^\| `havend?: ([^`]*)` \|", ERRORS.read_text(), re.MULTILINE)
    assert len(quoted) > 20
    missing = [
        text
        for text in quoted
        if not all(part.strip(" :") in program for part in re.split("…|not started:", text))
    ]
    assert missing == []


def test_each_reason_is_explained_in_the_documentation() -> None:
    rows = ERRORS.read_text().split("| reason | meaning |")[1].split("\n\n")[0]
    explained = re.findall(r"^\| ([^|]*) \|", rows, re.MULTILINE)
    told = [NAMED.sub("…", REASONS[code]) for code in effects.REASONS if code != "fault"]
    assert sorted(explained) == sorted([*told, "anything about a link, an address or a tracked device"])


def test_history_tells_since_when_and_why() -> None:
    history = LastTransitions()
    begun = history.since("lan")
    assert history.last("lan") is None
    change = Transition("lan", "initialize", "initialize", "fault", faults=FAULTS)
    facts = history.record(change)
    noted = history.last("lan")
    assert noted is not None and noted["to"] == "fault" and noted["text"] == event_text("transition", facts)
    assert noted["reason"] == "fault" and noted["facts"] == {"faults": faults(FAULTS)}
    assert noted["at"] == pytest.approx(history.since("lan"), abs=1)
    assert history.since("wan") == pytest.approx(begun, abs=1)


def test_a_clock_that_is_set_right_does_not_move_the_past_away(monkeypatch: pytest.MonkeyPatch) -> None:
    history = LastTransitions()
    leap = 400 * 86400
    begun, wall = history.since("lan"), time.time
    monkeypatch.setattr(time, "time", lambda: wall() + leap)
    assert history.since("lan") == pytest.approx(begun + leap, abs=5)


def test_alive_tells_the_next_process_who_was_active(tmp_path: Path) -> None:
    path = str(tmp_path / "alive")
    first = RestartNote(path)
    assert first.read() == {}
    first.set_groups([("gateway", ["lan", "wan"]), ("guest", ["guest"])], 1000)
    # A group that speaks often says nothing of one that speaks seldom.
    first.spoke("wan")
    first.write(2000)
    assert RestartNote(path).read() == {"gateway": 2000, "guest": 1000}
    first.set_groups([("guest", ["guest"]), ("office", ["office"])], 3000)
    assert RestartNote(path).read() == {"guest": 1000, "office": 3000}
    # Who spoke in the turn in which another group changed has spoken all the same.
    first.spoke("guest")
    first.set_groups([("guest", ["guest"])], 3500)
    assert RestartNote(path).read() == {"guest": 3500}
    first.set_groups([], 4000)
    assert RestartNote(path).read() == {}
    first.remove()
    assert not (tmp_path / "alive").exists()


@pytest.mark.parametrize("interval_ms", [10, 16, 17, 1000])
def test_alive_is_not_kept_where_no_restart_can_be_in_time(interval_ms: int) -> None:
    spec = group(router("lan", advert_interval_us=interval_ms * MILLISECOND))
    assert may_go_on(spec) == (interval_ms > 16)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"soon\nlan\n", "²\nlan".encode(), b"\n\n"])
def test_a_damaged_alive_file_means_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "alive"
    path.write_bytes(content)
    assert RestartNote(str(path)).read() == {}


def test_alive_bears_a_full_disk_and_a_lost_file(tmp_path: Path) -> None:
    alive = RestartNote("/dev/full")
    alive.set_groups([("lan", ["lan"])], 1)
    alive.spoke("lan")
    alive.write(2)
    lost = RestartNote(str(tmp_path / "alive"))
    (tmp_path / "alive").unlink()
    lost.remove()


def test_a_link_is_deaf_only_until_it_brings_an_advertisement_itself() -> None:
    wire, active, backup = settled()
    gateway = backup.engine.groups["gateway"]

    def named() -> list[str]:
        return [found["code"] for found in diagnosis.of_group(gateway, wire.now)]

    cut(wire, active, backup)
    wire.run_until(lambda: backup.said(Doubted))
    vouch(active, backup)
    assert "deaf" in named()
    wire.heal()
    wire.run(2 * SECOND)
    assert gateway.state == BACKUP and "deaf" not in named()
