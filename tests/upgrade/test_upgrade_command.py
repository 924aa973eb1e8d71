# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven upgrade` as it is called: what is wrong with a file is said before anybody is asked."""

import json
from pathlib import Path

import pytest

from haven.cli.main import main
from haven.upgrade.inbox import Inbox
from haven.upgrade.rollout_note import NoteFile, RolloutNote
from tests.upgrade.packages import ipk, new_apk


class Command:
    """The command on a router on which nothing runs."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        (folder / "run").mkdir()
        self.notes = NoteFile(str(folder / "root"))

    def __call__(self, *words: object) -> tuple[int, str, str]:
        where = ["--root", str(self.folder / "root"), "--run-dir", str(self.folder / "run")]
        status = main(["upgrade", *map(str, words), *where])
        said = self._capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, capsys)


def test_without_a_file_there_is_nothing_to_do(command: Command) -> None:
    status, _out, complaint = command()
    assert (status, complaint.splitlines()[0]) == (2, "haven: upgrade needs FILE")


def test_files_that_do_not_go_together_are_named(command: Command, tmp_path: Path) -> None:
    one, strange = ipk(tmp_path), ipk(tmp_path, name="dropbear")
    other = one.with_name("copy.ipk")
    other.write_bytes(one.read_bytes())
    page = ipk(tmp_path, name="luci-app-haven")
    for files, complaint in (
        ([strange], "is 'dropbear', which is no package of haven's"),
        ([one, other], "copy.ipk is haven, as another one is"),
        ([page, new_apk(tmp_path)], "is of another kind than the others"),
        ([one, tmp_path / "missing"], "missing: No such file"),
    ):
        status, _out, said = command("--yes", *files)
        assert status == 1 and complaint in said, files
    assert (
        command("--yes", one)[2]
        == "haven: haven-agent is not running; is haven enabled and started ('haven status')?\n"
    )


def test_a_program_gets_the_reason_as_a_document(command: Command, tmp_path: Path) -> None:
    status, out, _complaint = command("--json", "--yes", tmp_path / "missing")
    assert status == 1 and json.loads(out)["code"] == "file-unreadable"


def test_where_it_stands_is_told_without_anybody_running(command: Command, tmp_path: Path) -> None:
    assert command("--status")[:2] == (0, "No upgrade is under way.\n")
    packages = {"haven": "2.0"}
    command.notes.write(
        RolloutNote(packages=packages, step="installs", facts={"node": "r2"}, files=["/gone"])
    )
    assert "An upgrade to haven 2.0 was interrupted" in command("--status")[1]
    assert json.loads(command("--status", "--json")[1])["interrupted"] is True
    assert "name them again" in command("--yes")[2]
    assert command("--forget")[0] == 0 and command.notes.read() is None
    assert command("--forget")[2] == "haven: no upgrade was interrupted\n"


def test_one_at_a_time(command: Command, tmp_path: Path) -> None:
    with Inbox(str(tmp_path / "root"), str(tmp_path / "run")).leading("aa"):
        assert "under way already" in command("--yes", ipk(tmp_path))[2]
        assert command("--status")[1] == "An upgrade begins.\n"
        assert "under way already" in command("--forget")[2]
