# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's scripts: in order, one at a time, each with its time, and only the last wanted state."""

import json
import os
import select
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven import PLAN_VERSION
from haven.agent.scripts.part import ScriptsPart
from tests.lab.wait import wait_until

LONG_S = 1000.0


class Desk:
    """The part with a folder of scripts that write into one file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.record = folder / "scripts", folder / "record"
        self.folder.mkdir(exist_ok=True)
        self.record.touch()
        self.run_dir = folder
        (folder / "plan.json").write_text(json.dumps({"version": PLAN_VERSION, "node": "r1"}))
        # The same clock as the part's own, at its end.
        self.now = time.monotonic()
        self.part = self.make()

    def make(self) -> ScriptsPart:
        """Return the part of an agent that has just started."""
        return ScriptsPart(str(self.run_dir), str(self.folder), LONG_S)

    def script(self, name: str, text: str = "") -> Path:
        """Leave a script that says what it was told."""
        path = self.folder / name
        path.write_text(f'echo "{name} $ACTION $GROUP $NODE" >>{self.record}\n{text}\n')
        return path

    def roles(self, **groups: str) -> None:
        self.part.hear({"kind": "roles", "groups": groups})

    def transition(self, group: str, before: str, after: str) -> None:
        event = {"group": group, "from": before, "to": after, "reason": "silence", "at": time.time()}
        self.part.hear({"kind": "transition", **event})

    def turn(self) -> None:
        descriptor = self.part.fileno()
        if descriptor is not None:
            select.select([descriptor], [], [], 0.02)
        self.part.drive(self.now)

    def until(self, condition: Callable[[], object], what: str) -> None:
        def turned() -> object:
            self.turn()
            return condition()

        wait_until(turned, 30, what)

    def settle(self) -> list[str]:
        """Go on until there is nothing to do; return what was told, and forget it."""
        self.until(lambda: self.part.fileno() is None, "the scripts end")
        told = self.record.read_text().splitlines()
        self.record.write_text("")
        return told


@pytest.fixture
def desk(tmp_path: Path):
    made = Desk(tmp_path)
    yield made
    made.now += LONG_S
    made.turn()
    made.part.close()


def test_the_scripts_are_told_in_the_order_of_their_names(desk: Desk):
    for name in ("20-b", "10-a", "9-z"):
        desk.script(name)
    desk.roles(lan="backup")
    assert desk.settle() == ["10-a backup lan r1", "20-b backup lan r1", "9-z backup lan r1"]
    desk.transition("lan", "backup", "active")
    assert [line.split()[1] for line in desk.settle()] == ["active"] * 3
    desk.transition("lan", "active", "fault")
    assert [line.split()[1] for line in desk.settle()] == ["fault"] * 3


def test_each_is_sourced_as_hotplug_call_does_and_leaves_the_next_alone(desk: Desk, capfd):
    told = f'echo "$1 $HOTPLUG_TYPE $X" >>{desk.record}'
    desk.script("10-a", f"{told}\nX=1\nexport X\ncd /\nexit 3").chmod(0o600)
    desk.script("20-b", told)
    (desk.folder / "30-folder").mkdir()
    (desk.folder / ".hidden").write_text("exit 9")
    desk.roles(lan="active")
    assert desk.settle() == ["10-a active lan r1", "haven haven ", "20-b active lan r1", "haven haven "]
    said = capfd.readouterr().err.splitlines()
    assert said == [f"haven-agent: {desk.folder}/10-a for lan, active: ended with status 3"]


def test_what_they_print_is_in_the_log(desk: Desk, capfd):
    desk.script("10-a", "echo said; echo complained >&2")
    desk.roles(lan="active")
    desk.settle()
    assert capfd.readouterr().err == "said\ncomplained\n"


def test_only_the_last_state_is_told_of_those_that_piled_up(desk: Desk):
    gate = desk.run_dir / "gate"
    desk.script("10-a", f"until [ -e {gate} ]; do sleep 0.05; done")
    desk.script("20-b")
    desk.roles(lan="backup")
    desk.until(lambda: desk.record.read_text(), "the first script runs")
    for before, after in (
        ("backup", "active"),
        ("active", "fault"),
        ("fault", "backup"),
        ("backup", "active"),
    ):
        desk.transition("lan", before, after)
    desk.turn()
    assert desk.record.read_text() == "10-a backup lan r1\n"
    gate.touch()
    assert [line.rpartition(" lan")[0] for line in desk.settle()] == [
        "10-a backup", "20-b backup", "10-a active", "20-b active"
    ]  # fmt: skip


def test_a_state_that_was_told_already_is_not_told_again(desk: Desk):
    gate = desk.run_dir / "gate"
    desk.script("10-a", f"until [ -e {gate} ]; do sleep 0.05; done")
    desk.roles(lan="active")
    desk.until(lambda: desk.record.read_text(), "the script runs")
    desk.transition("lan", "active", "backup")
    desk.transition("lan", "backup", "active")
    gate.touch()
    assert desk.settle() == ["10-a active lan r1"]


def test_groups_are_told_one_after_the_other(desk: Desk):
    desk.script("10-a", f"[ ! -e {desk.run_dir}/lock ] || echo overlap >>{desk.record}")
    desk.script("20-b", f"touch {desk.run_dir}/lock; sleep 0.1; rm {desk.run_dir}/lock")
    desk.roles(lan="active", wan="backup")
    assert desk.settle() == [
        "10-a active lan r1", "20-b active lan r1", "10-a backup wan r1", "20-b backup wan r1"
    ]  # fmt: skip


def test_one_that_does_not_end_is_ended_with_what_it_has_started(desk: Desk, capfd):
    pids = desk.run_dir / "pids"
    desk.script("10-a", f"sleep 1000 & echo $$ $! >{pids}.new; mv {pids}.new {pids}; wait")
    desk.script("20-b")
    desk.roles(lan="active")
    desk.until(pids.exists, "the script runs")
    assert desk.part.next_deadline() == desk.now + LONG_S
    desk.now += LONG_S - 1
    desk.turn()
    assert desk.part.fileno() is not None
    desk.now += 1
    assert desk.settle() == ["10-a active lan r1", "20-b active lan r1"]
    wait_until(lambda: not any(_lives(pid) for pid in pids.read_text().split()), 10, "both have ended")
    assert "10-a for lan, active: killed, it was not done after 1000 s" in capfd.readouterr().err


def test_what_a_script_leaves_running_goes_on(desk: Desk):
    pids = desk.run_dir / "pids"
    desk.script("10-a", f"sleep 1000 >/dev/null 2>&1 & echo $! >{pids}")
    desk.roles(lan="active")
    assert len(desk.settle()) == 1
    pid = int(pids.read_text())
    assert _lives(str(pid))
    os.kill(pid, 9)


def test_nothing_is_waited_for(desk: Desk):
    gate = desk.run_dir / "gate"
    desk.script("10-a", f"until [ -e {gate} ]; do sleep 0.05; done")
    desk.roles(lan="active")
    # A part that waited for the script would never come back: the gate opens only after this.
    for _ in range(5):
        desk.turn()
    gate.touch()
    assert desk.settle() == ["10-a active lan r1"]


def test_an_agent_that_is_started_again_tells_what_has_changed_and_no_more(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="active", wan="backup")
    assert len(desk.settle()) == 2
    desk.part = desk.make()
    desk.roles(lan="active", wan="active")
    assert desk.settle() == ["10-a active wan r1"]


def test_initialize_is_no_state_for_scripts_but_the_end_of_active(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="initialize")
    assert desk.settle() == []
    desk.transition("lan", "initialize", "backup")
    desk.transition("lan", "backup", "active")
    assert desk.settle() == ["10-a active lan r1"]
    desk.transition("lan", "active", "initialize")
    assert desk.settle() == ["10-a backup lan r1"]


def test_a_fault_before_the_first_backup_is_told(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="initialize")
    desk.part.hear({"kind": "fault", "group": "lan", "at": time.time(), "text": "lan: down"})
    assert desk.settle() == ["10-a fault lan r1"]


def test_what_is_left_is_told_before_the_end(desk: Desk):
    desk.script("10-a", "sleep 0.1")
    desk.script("20-b")
    desk.roles(lan="active")
    desk.turn()
    desk.transition("lan", "active", "initialize")
    desk.part.close()
    assert [line.split()[1] for line in desk.record.read_text().splitlines()] == ["active"] * 2 + [
        "backup"
    ] * 2


@pytest.mark.parametrize("record", ["", "{", "[1]", json.dumps({"lan": 1})])
def test_a_record_that_cannot_be_read_is_none(desk: Desk, record: str):
    (desk.run_dir / "hotplug.json").write_text(record)
    desk.part = desk.make()
    desk.script("10-a")
    desk.roles(lan="active")
    assert desk.settle() == ["10-a active lan r1"]


def test_without_a_folder_nothing_happens(tmp_path: Path):
    part = ScriptsPart(str(tmp_path), str(tmp_path / "nowhere"))
    part.hear({"kind": "roles", "groups": {"lan": "active"}})
    part.drive(0)
    assert part.fileno() is None and part.next_deadline() is None
    part.close()


def test_a_record_that_cannot_be_written_is_said(desk: Desk, capfd):
    (desk.run_dir / "hotplug.json").mkdir()
    desk.script("10-a")
    desk.roles(lan="active")
    assert desk.settle() == ["10-a active lan r1"]
    assert "hotplug.json: Is a directory" in capfd.readouterr().err


def _lives(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
