# SPDX-License-Identifier: GPL-2.0-or-later
"""The method `doctor`: a run begins once, what its note says is told, and why there is none."""

import json
from pathlib import Path

import pytest

from haven.agent.ubus import doctor_calls
from haven.paths import DOCTOR_NOTE
from haven.ubus.server import INVALID_ARGUMENT, OK
from tests.agent.test_ubus_methods import Desk
from tests.agent.turns import Turns

NOTE = {"began": 5.0, "step": "waiting", "words": "r2", "report": None}


@pytest.fixture
def desk(tmp_path: Path, turns: Turns) -> Desk:
    return Desk(tmp_path, turns)


def told(desk: Desk, **arguments: object) -> dict:
    ((status, document),) = desk.call("doctor", **arguments).answers
    assert status == OK
    return document


def test_before_the_first_run_there_is_nothing(desk: Desk):
    assert told(desk)["report"] is None and not told(desk)["running"]


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff", json.dumps(NOTE)])
def test_a_note_is_told_and_one_that_is_none_is_not(desk: Desk, tmp_path: Path, text: str):
    (tmp_path / DOCTOR_NOTE).write_text(text, encoding="latin-1")
    assert told(desk)["step"] == ("waiting" if text == json.dumps(NOTE) else None)


def test_a_run_begins_once_and_its_failure_is_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    began = tmp_path / "began"
    script = (
        f"echo run >> {began}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo no room >&2; exit 3"
    )
    monkeypatch.setattr(doctor_calls, "argv_of", lambda *_words: ["sh", "-c", script])
    (tmp_path / DOCTOR_NOTE).write_text(json.dumps(NOTE))
    first = told(desk, begin=True)
    # What is noted there is of the run before.
    assert first["running"] and first["step"] is None
    assert told(desk, begin=True)["running"] and told(desk)["step"] == "waiting"
    (tmp_path / "go").touch()
    desk.until(lambda: not told(desk)["running"], "it has ended")
    assert told(desk)["failure"] == "no room" and began.read_text() == "run\n"


def test_a_word_that_is_not_known_is_refused(desk: Desk):
    assert desk.call("doctor", begin="yes").answers == [(INVALID_ARGUMENT, {})]
    assert desk.call("doctor", device="lan").answers == [(INVALID_ARGUMENT, {})]
