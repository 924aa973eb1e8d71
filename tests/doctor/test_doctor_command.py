# SPDX-License-Identifier: GPL-2.0-or-later
"""The command doctor: text for 80 columns, exit status, one run at a time, and what its note holds."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from haven.cli import doctor_command
from haven.cli.main import main
from haven.contract.doctor import STEPS, check_report, finding
from haven.contract.doctor_checks import CHECKS
from haven.doctor import examination
from haven.doctor.beside import Beside
from haven.doctor.run_note import RunNote
from haven.paths import DOCTOR_NOTE
from tests.doctor.looks import look
from tests.lab.wait import wait_until

MASQUERADE = finding("masquerade", node="r2", network="10.77.0.0/24", device="wan", address="198.51.100.1")
ADVICE = finding("no-copies")


def report(*findings: dict[str, Any]) -> dict[str, Any]:
    """Return a report of a pair with these findings of one check."""
    checks = []
    for check in CHECKS:
        found = list(findings) if check.name == "nat" else []
        row = {"name": check.name, "looked_at": check.looks_at, "well": "" if found else check.well}
        checks.append({**row, "state": "found" if found else "well", "findings": found, "unable": []})
    wrong = [each for each in findings if each["severity"] != "advice"]
    routers = [{"node": "r\x1b[1", "asked": True, "why": ""}]
    document = {"version": 1, "node": "r1", "at": 1.0, "took_s": 6.0, "well": not wrong}
    return check_report({**document, "routers": routers, "checks": checks})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Let doctor find what a test says; returns how it is called."""

    def ask(made: dict[str, Any], *words: str) -> int:
        def examine(_root: str, _config: str, _run_dir: str, _asking: Any, tell: Any) -> dict[str, Any]:
            tell("looking", "r2")
            tell("listening", "5")
            tell("listening", "4")
            return made

        monkeypatch.setattr(examination, "examine", examine)
        return main(["--run-dir", str(tmp_path), "doctor", *words])

    return ask


def test_text_has_what_it_means_and_what_to_do_within_80_columns(asked: Any, capsys: Any):
    assert asked(report(MASQUERADE)) == 1
    out, err = capsys.readouterr()
    assert out.startswith("1 thing is wrong. Looked at: r\\x1b[1, in 6 s.")
    words = " ".join(out.split())
    for key in ("found", "means", "do"):
        assert MASQUERADE[key] in words
    assert max(map(len, out.splitlines())) <= 80
    # A line for each step, where nobody sees it change.
    assert err.splitlines() == [
        "Looking here, and asking r2 ...",
        "Listening on the links: 5 s left ...",
    ]


def test_advice_is_shown_and_is_no_failure(asked: Any, capsys: Any):
    assert asked(report(ADVICE)) == 0
    out = capsys.readouterr().out
    assert out.startswith("Nothing wrong was found") and "Could be better:" in out and "!!" not in out


def test_json_is_the_report_alone_and_the_note_has_it_too(asked: Any, capsys: Any, tmp_path: Path):
    made = report(MASQUERADE)
    assert asked(made, "--json") == 1
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (made, "")
    note = json.loads((tmp_path / DOCTOR_NOTE).read_text())
    assert note["report"] == made and note["step"] == ""


def test_a_second_run_is_refused(asked: Any, capsys: Any, tmp_path: Path):
    with RunNote(str(tmp_path)):
        assert asked(report()) == 1
    assert "at work here already" in capsys.readouterr().err
    assert asked(report()) == 0


def test_without_a_run_directory_it_looks_all_the_same(asked: Any, monkeypatch: Any, tmp_path: Path):
    monkeypatch.setattr(doctor_command, "RunNote", lambda _dir: RunNote(str(tmp_path / "missing")))
    assert asked(report()) == 0


def test_every_step_has_its_words():
    for step in STEPS:
        assert doctor_command.step_text(step, "3").endswith(" ...")


def test_beside_answers_whole_or_not_at_all():
    big = Beside(lambda: "x" * 300_000)
    while not big.is_over():
        pass
    assert big.result() == "x" * 300_000
    failing = Beside(lambda: 1 / 0)
    while not failing.is_over():
        pass
    assert failing.result() is None
    reading, writing = os.pipe()
    hanging = Beside(lambda: os.read(reading, 1).decode())
    assert not hanging.is_over()
    hanging.end()
    assert hanging.is_over() and hanging.result() is None
    os.close(reading)
    os.close(writing)


def test_a_router_that_does_not_answer_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examination, "FAILED_AGAIN_S", 0.0)
    asked = tmp_path / "asked"

    def look_of(_node: str) -> dict[str, Any]:
        with asked.open("a") as note:
            note.write("x")
        if asked.stat().st_size < 3:
            raise examination.NotAnswered("r2 is not reached now")
        return look(2)

    other = examination.OtherLook(examination.DoctorAsking(dict, list, look_of), "r2")
    wait_until(other.is_over, 20, "it has answered")
    seen, why = other.take()
    assert seen is not None and (seen.node, why) == ("r2", "") and asked.stat().st_size == 3


def test_a_router_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(examination, "LAST_TRY_S", 0.1)

    def look_of(_node: str) -> dict[str, Any]:
        raise examination.NotAnswered("r2 is not reached now")

    other = examination.OtherLook(examination.DoctorAsking(dict, list, look_of), "r2")
    wait_until(other.is_over, 20, "it is given up")
    assert other.take() == (None, "r2 is not reached now")
    hanging = examination.OtherLook(examination.DoctorAsking(dict, list, lambda _node: time.sleep(60)), "r2")
    assert not hanging.is_over()
    assert hanging.take() == (None, "no answer in time")
