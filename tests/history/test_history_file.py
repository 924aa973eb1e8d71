# SPDX-License-Identifier: GPL-2.0-or-later
"""The file of the history: bounded, and readable whatever has become of it."""

import calendar
import contextlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from haven.contract.history_words import LARGEST
from haven.history.availability import availability, month_of, months_of
from haven.history.history_file import HistoryFile

NOW = 1_800_000_000.0
ROOT = Path(__file__).parents[2]


def begun(at: float, last: float | None = None, boot: str = "one") -> dict:
    return {"kind": "begun", "at": at, "up": 1, "boot": boot, "node": "r1", "last": last}


def role(at: float, state: str = "active") -> dict:
    return {"kind": "role", "at": at, "up": 2, "group": "gateway", "state": state, "reason": "silence"}


def out(at: float, outage_ms: int = 400) -> dict:
    more = {"silence_ms": outage_ms, "forward_ms": 0, "outage_ms": outage_ms}
    return {"kind": "outage", "at": at, "up": 3, "group": "gateway", "reason": "silence", **more}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "etc/haven/history"


def test_what_was_written_is_read_in_its_order(path: Path):
    file = HistoryFile(str(path))
    assert file.read(NOW).entries == []
    file.append([begun(NOW - 9), role(NOW - 8)])
    file.append([out(NOW - 7)])
    found = HistoryFile(str(path)).read(NOW)
    assert [each["kind"] for each in found.entries] == ["begun", "role", "outage"] and found.damage == {}


def test_a_file_cut_short_anywhere_loses_the_last_entry_at_most(path: Path):
    file = HistoryFile(str(path))
    file.append([begun(NOW - 99), role(NOW - 98), out(NOW - 97)])
    whole = path.read_bytes()
    first = [at + 1 for at, octet in enumerate(whole) if octet == 10]
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        left = file.read(NOW)
        # A line without its end is whole all the same.
        ended = sum(length >= end - 1 for end in first)
        assert len(left.entries) == ended
        assert left.damage in ({}, {"cut": 1})
        # And what is written next is not spoiled by it.
        file.append([role(NOW - 1, "backup")])
        assert file.read(NOW).entries[-1]["state"] == "backup"
        assert len(file.read(NOW).entries) == ended + 1


def test_what_is_no_entry_is_counted_and_passed_over(path: Path):
    file = HistoryFile(str(path))
    file.append([begun(NOW - 99)])
    good = path.read_bytes()
    rng = random.Random(5)
    for _ in range(200):
        path.write_bytes(rng.randbytes(rng.randrange(300)) + b"\n" + good + bytes(rng.randrange(50)))
        found = file.read(NOW)
        assert [each["kind"] for each in found.entries] == ["begun"] and set(found.damage) <= {"cut"}


def test_entries_from_the_future_and_of_a_newer_haven_are_named_and_not_fatal(path: Path):
    file = HistoryFile(str(path))
    file.append([begun(NOW - 99), role(NOW + 1_000_000), {"kind": "dream", "at": NOW - 1, "up": 3}])
    found = file.read(NOW)
    assert [each["kind"] for each in found.entries] == ["begun"]
    assert found.damage == {"future": 1, "newer": 1}


def test_a_clock_that_is_set_moves_what_was_noted_since_the_boot(path: Path):
    file = HistoryFile(str(path))
    file.append([begun(NOW - 5000, boot="one"), role(NOW - 4000)])
    # No clock of its own: at the boot it stands where it stood last.
    file.append([begun(NOW - 3999, last=NOW - 4000, boot="two"), role(NOW - 3990, "backup")])
    file.append([{"kind": "step", "at": NOW - 80, "up": 20, "by": 3900.0}, role(NOW - 70)])
    times = [each["at"] for each in file.read(NOW).entries]
    assert times == [NOW - 5000, NOW - 4000, NOW - 99, NOW - 90, NOW - 80, NOW - 70]


def test_years_of_events_stay_under_the_size_and_months_are_kept(path: Path):
    file = HistoryFile(str(path))
    start = calendar.timegm((2026, 1, 1, 0, 0, 0))
    file.append([begun(start)])
    at, count = float(start), 0
    while at < start + 340 * 86_400:
        at += 86_400 / 8
        file.append([out(at, 500)])
        count += 1
        sizes = [each.stat().st_size for each in path.parent.iterdir()]
        assert sum(sizes) <= LARGEST
    found = file.read(at)
    assert found.damage == {} and len(found.entries) < count / 2
    told = availability([found.entries], at)["year"]
    assert (told["count"], told["outage_ms"]) == (count, 500 * count)
    assert abs(told["known_s"] - 340 * 86_400) < 5


@pytest.mark.parametrize("stop", range(5))
def test_a_power_cut_while_the_files_take_turns_loses_nothing(path: Path, stop: int, monkeypatch):
    """Each call of the kernel's that changes a name or writes may be the last one."""
    file = HistoryFile(str(path))
    at = NOW - 1e6
    file.append([begun(at)])
    while not (path.parent / "history.old").exists():
        at += 10
        file.append([out(at, 1)])
    while path.stat().st_size < LARGEST // 2 - 200:
        at += 10
        file.append([out(at, 1)])
    before = availability([file.read(NOW).entries], NOW)["year"]["count"]
    calls = 0

    def counting(real):
        def act(*args, **more):
            nonlocal calls
            calls += 1
            if calls > stop:
                raise KeyboardInterrupt
            return real(*args, **more)

        return act

    with monkeypatch.context() as patched:
        for name in ("replace", "write", "unlink", "fsync"):
            patched.setattr(os, name, counting(getattr(os, name)))
        with contextlib.suppress(KeyboardInterrupt):
            file.append([out(at + 10, 1), out(at + 20, 1)])
    file = HistoryFile(str(path))
    file.append([role(NOW - 5)])
    after = availability([file.read(NOW).entries], NOW)["year"]["count"]
    assert before <= after <= before + 2


def test_a_writer_that_is_killed_at_any_moment_leaves_a_file_that_is_read(path: Path):
    code = (
        "import sys\nfrom haven.history.history_file import HistoryFile\n"
        "file = HistoryFile(sys.argv[1])\nnumber = 0\n"
        "while True:\n number += 1\n"
        " file.append([{'kind': 'outage', 'at': float(number), 'up': 1, 'group': 'g', 'reason': 'silence',"
        " 'silence_ms': 1, 'forward_ms': 0, 'outage_ms': 1}])\n print(number, flush=True)\n"
    )
    rng = random.Random(11)
    for turn in range(1, 6):
        argv = [sys.executable, "-c", code, str(path)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT / "src") as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(rng.random() / 10)
            writer.kill()
            said = [int(line) for line in writer.stdout.read().split() if line]
        found = HistoryFile(str(path)).read(NOW)
        # The kernel itself may end in the midst of a line, where a page of the file does.
        assert found.damage.get("cut", 0) <= turn and set(found.damage) <= {"cut"}
        assert not said or max(each["at"] for each in found.entries) >= said[-1]


def test_availability_counts_what_is_known_and_no_more():
    day = 86_400
    entries = [begun(NOW - 2 * day), out(NOW - 3600, 36_000), begun(NOW - 1800, last=NOW - 3600, boot="two")]
    told = availability([entries], NOW)
    assert told["day"] == {
        "known_s": day - 1800,
        "outage_ms": 36_000,
        "count": 1,
        "share": 1 - 36 / (day - 1800),
    }
    # What the other one knows fills the hole.
    told = availability([entries, [begun(NOW - 2 * day)]], NOW)
    assert told["day"]["known_s"] == day
    assert availability([[]], NOW)["year"]["share"] is None


def test_the_months_of_a_span_are_those_of_the_calendar():
    start = float(calendar.timegm((2027, 12, 30, 0, 0, 0)))
    sums = months_of([begun(start), out(start + 40 * 86_400, 7)], start + 70 * 86_400)
    assert [(each["month"], each["known_s"] / 86_400, each["outage_ms"]) for each in sums] == [
        ("2027-12", 2, 0),
        ("2028-01", 31, 0),
        ("2028-02", 29, 7),
        ("2028-03", 8, 0),
    ]
    assert month_of(0) == "1970-01"


def test_a_full_flash_is_told_and_loses_nothing_that_was_there(path: Path, monkeypatch):
    file = HistoryFile(str(path))
    file.append([begun(NOW - 99)])
    write = os.write
    entries = [role(NOW - 98), out(NOW - 97), out(NOW - 96)]
    monkeypatch.setattr(os, "write", lambda to, octets: write(to, octets[: len(octets) * 5 // 6]))
    with pytest.raises(OSError, match="room"):
        file.append(entries)
    monkeypatch.undo()
    assert [each["kind"] for each in file.read(NOW).entries] == ["begun"]
    # What had room is not there twice when all of it has.
    file.append(entries)
    found = file.read(NOW)
    assert [each["kind"] for each in found.entries] == ["begun", "role", "outage", "outage"]
    assert found.damage == {}


def test_a_drill_of_hundreds_of_groups_that_lacked_a_lot_is_noted_in_part(path: Path):
    missing = [{"code": "service", "facts": {"name": "a-service-%d" % at * 9}} for at in range(5)]
    drill = {"drill": "hard", "ok": False, "code": "missing", "facts": {"missing": missing}, "legs": []}
    more = {"groups": ["group%d" % at for at in range(500)], "before": 1, "after": 0, "missing": missing}
    file = HistoryFile(str(path))
    file.append([begun(NOW - 9), {"kind": "drill", "at": NOW - 8, "up": 4, **drill, **more}])
    file.append([role(NOW - 7)])
    found = file.read(NOW)
    assert [each["kind"] for each in found.entries] == ["begun", "drill", "role"] and found.damage == {}
    noted = found.entries[1]
    assert (noted["code"], noted["before"], noted["groups"][0]) == ("missing", 1, "group0")
    assert all(each in missing for each in noted["missing"])
