# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that can happen has words, and every problem has its paragraph in docs/errors.md."""

import re
import time
from pathlib import Path

import pytest

from haven.agent.conntrack import problems as agent_problems
from haven.core import effects
from haven.core.effects import Transition
from haven.core.tracking import LINK_DOWN, NO_SOURCE, TRACKED_DOWN
from haven.core.vrrp.advert import REASONS as DROP_REASONS
from haven.core.vrrp.states import TABLE as STATES
from haven.havend import diagnosis
from haven.havend.last_transitions import LastTransitions
from haven.havend.messages import fault_text, state_name, transition_text
from haven.havend.restart_note import RestartNote

ERRORS = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
PEER = bytes((10, 9, 0, 2))
AGENT_CODES = [code for code, _message, _do in agent_problems.TABLE]
FAULTS = ((LINK_DOWN, "br-lan"), (NO_SOURCE, "wan"), (TRACKED_DOWN, "wan"))
CHANGES = sorted({(before, after) for before, _event, _do, after, _where in STATES if before != after})


@pytest.mark.parametrize("reason", effects.REASONS)
@pytest.mark.parametrize("peer", [None, PEER, bytes(15) + b"\1"])
def test_each_reason_has_words(reason: str, peer: bytes | None) -> None:
    for before, after in CHANGES:
        faults = FAULTS if reason == "fault" else ()
        change = Transition("gateway", before, after, reason, "lan", peer, 100, 3610000, faults)
        text = transition_text(change)
        assert text.startswith("gateway: %s -> " % before.capitalize())
        assert text.count(": ") >= 2 and "None" not in text and "%" not in text
        assert "the Active another" not in text


def test_silence_is_told_in_a_unit_that_suits() -> None:
    def words(silence: int | None) -> str:
        return transition_text(
            Transition("lan", "backup", "active", "silence", peer=PEER, peer_priority=1, silence=silence)
        )

    assert words(3610000) == "lan: Backup -> Active: the Active 10.9.0.2 was silent for 3.61 s"
    assert words(31000).endswith("was silent for 31 ms")
    assert words(None).endswith("no Active was heard")


def test_each_fault_has_words_and_is_a_state_of_its_own() -> None:
    assert [fault_text(fault) for fault in FAULTS] == [
        "the link of br-lan is down",
        "wan has no address to advertise from",
        "the tracked device wan is down",
    ]
    assert state_name("initialize", FAULTS) == "fault"
    assert state_name("initialize", ()) == "initialize"
    assert state_name("active", FAULTS) == "active"


def test_each_problem_says_what_is_the_matter_and_what_to_do() -> None:
    for code, message, do in diagnosis.TABLE:
        found = diagnosis.problem(code, "lan", "the 100% of %s")
        assert found["code"] == code and found["about"] == "lan"
        assert found["message"][0].isupper() and found["do"] == do
        assert do[0].isupper() or do[0] == "'"
        assert do.endswith(".")
        assert ("he 100% of %s" in found["message"]) == ("%s" in message)


def test_each_reason_to_drop_a_packet_is_a_problem_but_a_stranger() -> None:
    codes = {code for code, _message, _do in diagnosis.TABLE}
    drops = {("lan", reason): (PEER, 5) for reason in DROP_REASONS}
    told = {found["code"] for found in diagnosis.of_drops(drops, 6)}
    # Another VRID is nobody's mistake: it is another virtual router.
    assert told == {"dropped-" + reason for reason in DROP_REASONS if reason != "vrid"}
    assert told <= codes
    assert diagnosis.of_drops(drops, diagnosis.RECENT + 5) == []


def test_each_problem_has_its_heading_in_the_documentation() -> None:
    text = ERRORS.read_text()
    headings = re.findall(r"^### `([a-z_-]+)`$", text, re.MULTILINE)
    assert sorted(headings) == sorted([*(code for code, _message, _do in diagnosis.TABLE), *AGENT_CODES])
    for heading in headings:
        paragraph = text.split("### `%s`\n" % heading)[1].split("\n#")[0].strip()
        assert len(paragraph.split()) >= 15, heading


def test_each_message_of_the_documentation_is_in_the_program() -> None:
    sources = Path(diagnosis.__file__).parents[1]
    files = [*sources.glob("contract/*.py"), *sources.glob("havend/*.py"), *sources.glob("cli/*.py")]
    program = re.sub(r"%[sdr]", "…", " ".join(path.read_text() for path in files))
    program = program.replace("… connections", "32 connections")
    quoted = re.findall(r"^\| `havend?: ([^`]*)` \|", ERRORS.read_text(), re.MULTILINE)
    assert len(quoted) > 20
    for message in quoted:
        assert all(part.strip(" :") in program for part in re.split("…|not started:", message)), message


def test_history_tells_since_when_and_why() -> None:
    history = LastTransitions()
    begun = history.since("lan")
    assert history.last("lan") is None
    change = Transition("lan", "initialize", "initialize", "fault", faults=FAULTS)
    history.note(change, "words")
    noted = history.last("lan")
    assert noted is not None and noted["to"] == "fault" and noted["text"] == "words"
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
    assert first.read() == (0, ())
    first.set_groups(["gateway", "guest"], 1000)
    first.touch(2000)
    assert RestartNote(path).read() == (2000, ("gateway", "guest"))
    first.set_groups([], 3000)
    assert RestartNote(path).read() == (3000, ())
    first.remove()
    assert not (tmp_path / "alive").exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"soon\nlan\n", "²\nlan".encode(), b"\n\n"])
def test_a_damaged_alive_file_means_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "alive"
    path.write_bytes(content)
    assert RestartNote(str(path)).read() == (0, ())


def test_alive_bears_a_full_disk_and_a_lost_file(tmp_path: Path) -> None:
    alive = RestartNote("/dev/full")
    alive.set_groups(["lan"], 1)
    alive.touch(2)
    lost = RestartNote(str(tmp_path / "alive"))
    (tmp_path / "alive").unlink()
    lost.remove()
