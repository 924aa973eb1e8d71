# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's scripts: in order, one at a time, each with its time, and only the last wanted state."""

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.scripts.part import ScriptsPart
from tests.agent.processes import lives
from tests.agent.turns import Turns
from tests.lab.wait import wait_until

LONG_S = 1000.0


class Desk:
    """The part with a folder of scripts that write into one file."""

    def __init__(self, folder: Path, turns: Turns) -> None:
        self.folder, self.record = folder / "scripts", folder / "record"
        self.folder.mkdir(exist_ok=True)
        self.record.touch()
        self.run_dir, self.turns = folder, turns
        self.make()

    def make(self, node: str = "r1") -> ScriptsPart:
        """Return the part of an agent that has just started."""
        places = Places(str(self.run_dir), "", "/")
        self.around = Surroundings(self.turns.scope, places, Roles(), lambda: None)
        self.around.node = node
        self.part = ScriptsPart(self.around, str(self.folder), LONG_S)
        self.part.take_plan()
        self.part.take_roles()
        return self.part

    def script(self, name: str, text: str = "") -> Path:
        """Leave a script that says what it was told."""
        path = self.folder / name
        path.write_text(f'echo "{name} $ACTION $GROUP $NODE" >>{self.record}\n{text}\n')
        return path

    def roles(self, **groups: str) -> None:
        """Tell the state of all groups, as havend does when it is reached."""
        self.around.roles.compare(groups)
        self.part.take_roles()

    def event(self, **event: object) -> None:
        """Tell of something that has happened."""
        changes = self.around.roles.hear({**event, "at": time.time()})
        self.part.take_roles()
        for change in changes:
            self.part.take_change(change)

    def transition(self, group: str, before: str, after: str) -> None:
        self.event(kind="transition", group=group, **{"from": before, "to": after, "reason": "silence"})

    def turn(self) -> None:
        self.turns.turn()

    def until(self, condition: Callable[[], object], what: str) -> None:
        self.turns.until(condition, what)

    def settle(self) -> list[str]:
        """Go on until there is nothing to do; return what was told, and forget it."""
        self.turns.settle()
        told = self.record.read_text().splitlines()
        self.record.write_text("")
        return told


@pytest.fixture
def desk(tmp_path: Path, turns: Turns) -> Iterator[Desk]:
    made = Desk(tmp_path, turns)
    yield made
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
    desk.turns.advance(LONG_S - 1)
    assert desk.turns.watched and all(lives(pid) for pid in pids.read_text().split())
    desk.turns.advance(1)
    assert desk.settle() == ["10-a active lan r1", "20-b active lan r1"]
    wait_until(lambda: not any(lives(pid) for pid in pids.read_text().split()), 10, "both have ended")
    assert "10-a for lan, active: killed, it was not done after 1000 s" in capfd.readouterr().err


def test_what_a_script_leaves_running_goes_on(desk: Desk):
    pids = desk.run_dir / "pids"
    desk.script("10-a", f"sleep 1000 >/dev/null 2>&1 & echo $! >{pids}")
    desk.roles(lan="active")
    assert len(desk.settle()) == 1
    pid = int(pids.read_text())
    assert lives(pid)
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
    desk.make()
    desk.roles(lan="active", wan="active")
    assert desk.settle() == ["10-a active wan r1"]


def test_initialize_is_no_state_for_scripts_but_the_end_of_active(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="initialize")
    assert desk.settle() == []
    desk.transition("lan", "initialize", "backup")
    assert desk.settle() == ["10-a backup lan r1"]
    desk.transition("lan", "backup", "active")
    assert desk.settle() == ["10-a active lan r1"]
    desk.transition("lan", "active", "initialize")
    assert desk.settle() == ["10-a backup lan r1"]


def test_a_fault_before_the_first_backup_is_told(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="initialize")
    desk.event(kind="fault", group="lan", text="lan: down")
    assert desk.settle() == ["10-a fault lan r1"]


def test_what_is_left_is_told_before_the_end(desk: Desk):
    desk.script("10-a", "sleep 0.1")
    desk.script("20-b")
    desk.roles(lan="active")
    desk.turn()
    desk.transition("lan", "active", "initialize")
    ended: list[str] = []
    desk.part.end(lambda: ended.append("ended"))
    assert ended == []
    desk.until(lambda: ended, "it has ended")
    assert [line.split()[1] for line in desk.settle()] == ["active"] * 2 + ["backup"] * 2


def test_what_somebody_may_have_forgotten_is_told_again(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="active", wan="backup")
    desk.settle()
    desk.part.take_again({"lan"})
    assert desk.settle() == ["10-a active lan r1"]
    desk.part.take_again({"other"})
    assert desk.settle() == []


def test_what_is_forgotten_while_it_is_told_is_told_once_more(desk: Desk):
    gate = desk.run_dir / "gate"
    desk.script("10-a", f"until [ -e {gate} ]; do sleep 0.02; done")
    desk.roles(lan="active")
    desk.turn()
    for _ in range(3):
        desk.part.take_again({"lan"})
    gate.touch()
    assert desk.settle() == ["10-a active lan r1"] * 2


def test_one_that_has_nothing_left_to_tell_ends_at_once(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="active")
    desk.settle()
    ended: list[str] = []
    desk.part.end(lambda: ended.append("ended"))
    assert ended == ["ended"]


def test_a_handover_waits_for_no_script(desk: Desk):
    desk.script("10-a", "sleep 1000")
    desk.roles(lan="active")
    desk.turn()
    prepared: list[str] = []
    desk.part.prepare(lambda: prepared.append("prepared"))
    assert prepared == ["prepared"]


def test_the_node_has_the_name_that_it_has_now(desk: Desk):
    desk.script("10-a")
    desk.roles(lan="backup")
    desk.settle()
    desk.around.node = "r7"
    desk.transition("lan", "backup", "active")
    assert desk.settle() == ["10-a active lan r7"]


@pytest.mark.parametrize("record", ["", "{", "[1]", json.dumps({"lan": 1})])
def test_a_record_that_cannot_be_read_is_none(desk: Desk, record: str):
    (desk.run_dir / "hotplug.json").write_text(record)
    desk.make()
    desk.script("10-a")
    desk.roles(lan="active")
    assert desk.settle() == ["10-a active lan r1"]


def test_without_a_folder_nothing_happens(desk: Desk):
    desk.folder.rmdir()
    desk.roles(lan="active")
    desk.turn()
    assert desk.turns.watched == 0
    ended: list[str] = []
    desk.part.end(lambda: ended.append("ended"))
    assert ended == ["ended"]


def test_a_record_that_cannot_be_written_is_said(desk: Desk, capfd):
    (desk.run_dir / "hotplug.json").mkdir()
    desk.script("10-a")
    desk.roles(lan="active")
    assert desk.settle() == ["10-a active lan r1"]
    assert "hotplug.json: Is a directory" in capfd.readouterr().err
