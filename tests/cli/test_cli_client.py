# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way in which havend can fail to answer is a sentence and status 1."""

import itertools
import json
import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.cli import control_client, own_words
from haven.cli.main import main
from haven.contract import status as contract
from haven.contract.control import Refusal, read_answer
from haven.contract.fields import Field
from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import EVENT, STATUS, argv
from tests.havend.machines import environment

Fake = Callable[..., FakeHavend]

ROUTER = """
config virtual_router 'lan'
	option device 'br-lan'
	option vrid '51'
	list address '192.0.2.1/24'

"""
NOT_UNDERSTOOD = "haven: havend's answer is not understood; are all programs of haven of one version?\n"
HUNG_UP = "haven: havend hung up before it had answered\n"


def complaint(capsys: pytest.CaptureFixture[str], run_dir: Path, *words: str) -> str:
    """Run a command that must fail and return its reason."""
    assert main([*words, "--run-dir", str(run_dir)]) == 1
    out, err = capsys.readouterr()
    assert not out
    return err


@pytest.mark.parametrize("command", ("status", "events", "stop", "switchover", "reload"))
def test_no_socket_is_not_running(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, tmp_path / "nowhere", command) == "haven: havend is not running\n"
    assert complaint(capsys, tmp_path, command) == "haven: havend is not running\n"


@pytest.mark.parametrize("command", ("status", "events", "stop", "switchover", "maintenance on", "reload"))
def test_disabled_haven_is_named_as_the_reason_with_what_to_do(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "haven"
    config.write_text(ROUTER + "config haven 'main'\n\toption enabled '0'\n")
    expected = (
        "haven: havend is not running, because haven is disabled: "
        f"set option enabled '1' in section haven of {config}, then start it\n"
    )
    assert complaint(capsys, tmp_path, "--config", str(config), *command.split()) == expected
    # With a mistake in it nobody knows what it says.
    config.write_text("config haven 'main'\n\toption enabld '0'\n")
    expected = f"havend is not running, and cannot start: 1 problem in {config}; 'haven validate' names them"
    said = complaint(capsys, tmp_path, "--config", str(config), *command.split())
    assert said == f"haven: {expected}\n"


@pytest.mark.parametrize("command", ("status", "events"))
def test_on_a_router_from_the_factory_the_two_ways_on_are_named(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "haven"
    config.write_text("config haven 'main'\n\toption enabled '0'\n")
    said = complaint(capsys, tmp_path, "--config", str(config), command)
    assert "not set up" in said and "'haven setup'" in said and "'haven join CODE'" in said


def test_socket_left_behind_is_not_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "havend.sock"))
    assert complaint(capsys, tmp_path, "status") == "haven: havend is not running\n"


def test_who_may_not_connect_needs_root(fake: Fake, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    path = tmp_path / "havend.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        path.chmod(0o600)
        os.chmod(tmp_path, 0o755)
        # Only the folder itself: pytest closes those above it to others.
        folder = os.open(tmp_path, os.O_RDONLY)
        child = os.fork()
        if child == 0:
            os._exit(_ask_as_nobody(folder))
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7


def _ask_as_nobody(folder: int) -> int:
    try:
        os.fchdir(folder)
        os.setgid(65534)
        os.setuid(65534)
        control_client.ask(".", "status")
    except control_client.Unanswered as why:
        told = (why.refusal.code, str(why))
        return 7 if told == ("not-root", "needs root: only root may talk to havend") else 1
    return 2


def test_path_that_is_too_long_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "too long" in complaint(capsys, tmp_path / ("x" * 200), "status")


@pytest.mark.parametrize("command", ("status", "events", "stop", "maintenance on", "switchover"))
def test_silence_does_not_last(
    command: str, fake: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "PATIENCE_S", 0.1)
    reason = complaint(capsys, fake().run_dir, *command.split())
    assert reason == "haven: havend does not answer\n"


def test_drops_of_an_answer_do_not_lengthen_the_wait(
    fake: Fake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "PATIENCE_S", 0.3)
    reason = complaint(capsys, fake(status=itertools.repeat(b" ")).run_dir, "status")
    assert reason == "haven: havend does not answer\n"


@pytest.mark.parametrize(
    "octets",
    (
        b"what?\n",
        b"\xff\xfe\n",
        b"[]\n",
        b"null\n",
        b'{"ok": true}\n',
        b'{"ok": false}\n',
        b'{"result": {}}\n',
        b'{"ok": true, "result": null}\n',
        b'{"ok": true, "result": {"version": 2}}\n',
        b'{"ok": true, "result": {"version": 1}}\n',
        b'{"ok": true, "result": {"version": 1, "groups": 7, "problems": [], "virtual_routers": []}}\n',
        b"[" * 100_000 + b"\n",
    ),
)
def test_answer_that_is_none_is_said(octets: bytes, fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, fake(status=octets).run_dir, "status") == NOT_UNDERSTOOD


@pytest.mark.parametrize("octets", (b"", b'{"ok": true, "result": {'))
def test_half_an_answer_is_said(octets: bytes, fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    # Octets are sent as they are, and then the fake hangs up.
    assert complaint(capsys, fake(status=octets or b"\r").run_dir, "status") == HUNG_UP


def needed(table: tuple[Field, ...]) -> list[str]:
    """Return the keys that must not be missing."""
    return [field.key for field in table if not field.optional]


def test_any_part_that_is_missing_is_said(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(STATUS.read_text())
    assert {"node", "groups", "virtual_routers", "problems"} < set(needed(contract.STATUS))
    for key in needed(contract.STATUS):
        broken = {name: value for name, value in document.items() if name != key}
        assert complaint(capsys, fake(status=broken).run_dir, "status") == NOT_UNDERSTOOD
    keys = needed(contract.VIRTUAL_ROUTER)
    assert {"name", "state", "since", "active", "addresses", "priority"} < set(keys)
    for place, key in [
        *[("virtual_routers", key) for key in keys],
        *[("groups", key) for key in needed(contract.GROUP)],
    ]:
        broken = json.loads(json.dumps(document))
        del broken[place][0][key]
        assert complaint(capsys, fake(status=broken).run_dir, "status") == NOT_UNDERSTOOD


GONE = object()
OTHERS = (GONE, None, True, -1, 1 << 70, "x", "", [], {}, [None], {"x": 1}, {"code": []}, 1e300, float("nan"))


def places(part: object, path: tuple = ()) -> Iterator[tuple]:
    """Yield the way to every part of a document."""
    if path:
        yield path
    for key, value in (
        part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    ):
        yield from places(value, (*path, key))


def changed(whole: dict, path: tuple, other: object) -> dict:
    """Return a copy of a document with another value, or GONE, at the end of a way."""
    document = part = json.loads(json.dumps(whole))
    for key in path[:-1]:
        part = part[key]
    if other is GONE:
        del part[path[-1]]
    else:
        part[path[-1]] = other
    return document


@pytest.mark.parametrize("name", ["copied", "fault", "first_release_copy"])
def test_no_damage_to_the_answer_brings_a_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads((STATUS.parent / f"{name}.json").read_text())
    understood = 0
    for path in places(whole):
        for other in OTHERS:
            document = changed(whole, path, other)
            monkeypatch.setattr(own_words, "ask", lambda *_words, told=document: told)
            status = main(["status"])
            understood += status == 0
            assert capsys.readouterr().err == ("" if status == 0 else NOT_UNDERSTOOD), (path, other)
    assert understood


@pytest.mark.parametrize("command", ["status", "events", "reload"])
def test_whoever_asks_for_json_gets_the_refusal_in_json(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--run-dir", str(tmp_path), command, "--json"]) == 1
    said = capsys.readouterr()
    assert said.err == "haven: havend is not running\n"
    assert json.loads(said.out) == {
        "ok": False,
        "error": "havend is not running",
        "code": "not-running",
        "facts": {},
    }


EVENTS = (
    EVENT,
    {**EVENT, "kind": "wait", "code": "sync-wait", "facts": {"group": "lan", "left_s": 4}},
    {
        **EVENT,
        "kind": "fault",
        "code": "fault",
        "facts": {"group": "lan", "faults": [{"code": "link-down", "facts": {"device": "x"}}]},
    },
)


def nested(depth: int) -> object:
    """Return lists in lists."""
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize("event", EVENTS, ids=[each["code"] for each in EVENTS])
def test_no_odd_fact_of_an_event_brings_a_traceback(
    event: dict, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = (*OTHERS, float("inf"), 10**30, nested(400))
    for path in places(event):
        for other in others:
            told = changed(event, path, other)
            monkeypatch.setattr(own_words, "ask", lambda *_words, told=told: [told])
            status = main(["events"])
            assert capsys.readouterr().err == ("" if status == 0 else NOT_UNDERSTOOD), (path, other)


def test_a_fact_of_another_kind_leaves_the_words_of_the_program(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {**EVENTS[1], "facts": {"group": "lan", "left_s": "soon"}, "text": "its own words"}
    assert main(["events", "--run-dir", str(fake(events=[event]).run_dir)]) == 0
    assert capsys.readouterr().out.endswith("  its own words\n")


ESCAPE = "\x1b[2J\x9b1m\x07"


def test_no_name_does_anything_to_the_terminal(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    status = json.loads(STATUS.read_text().replace('"lan"', json.dumps(ESCAPE)))
    event = {**EVENT, "facts": {**EVENT["facts"], "group": ESCAPE}}
    refused = Refusal("no-group", group=ESCAPE)
    havend = fake(status=status, events=[event], switchover=refused, maintenance={"still_active": [ESCAPE]})
    for words in (["status"], ["events"], ["switchover"], ["maintenance", "on"]):
        main([*words, "--run-dir", str(havend.run_dir)])
        said = "".join(capsys.readouterr())
        assert "\\x1b[2J\\x9b1m\\x07" in said.replace("\n", "").replace("  ", "")
        assert all(letter.isprintable() or letter == "\n" for letter in said)


def test_a_number_that_is_none_is_no_answer(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    octets = json.dumps({"ok": True, "result": json.loads(STATUS.read_text())}).replace(
        '"pid": ', '"pid": NaN, "x": '
    )
    assert complaint(capsys, fake(status=octets.encode() + b"\n").run_dir, "status") == NOT_UNDERSTOOD


def test_refusal_is_passed_on(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    havend = fake(status={}, switchover=Refusal("not-active"))
    reason = "haven: this node is not Active: there is nothing to hand over\n"
    assert complaint(capsys, havend.run_dir, "switchover") == reason


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("moon-full", {"moon": 1}),
        ("no-group", {"name": "moon"}),
        ("no-group", None),
        ("no-group", {"group": "moon", "code": "x"}),
        (7, {}),
    ],
)
def test_refusal_that_only_another_release_knows_is_passed_on_in_its_words(
    code: object, facts: object, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    later = {"ok": False, "error": "the moon is full", "code": code, "facts": facts}
    havend = fake(status={}, switchover=json.dumps(later).encode() + b"\n")
    assert complaint(capsys, havend.run_dir, "switchover") == "haven: the moon is full\n"
    with pytest.raises(Refusal) as refusal:
        read_answer(json.dumps(later).encode())
    # Who knows the code, a page of that release, has it still.
    if isinstance(code, str) and isinstance(facts, dict):
        assert (refusal.value.code, refusal.value.facts) == (code, facts)
    else:
        assert (refusal.value.code, refusal.value.facts) == ("request-wrong", {"error": "the moon is full"})


def test_refusal_of_the_first_release_is_passed_on(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    # Without a code.
    havend = fake(status={}, switchover=ValueError("this node is not Active"))
    assert complaint(capsys, havend.run_dir, "switchover") == "haven: this node is not Active\n"


def test_reader_who_has_had_enough_hears_no_complaint(fake: Fake) -> None:
    havend = fake(events=[EVENT] * 20_000)
    call = argv(havend.run_dir, Path("/none"), "events")
    with subprocess.Popen(call, stdout=-1, stderr=-1, env=environment()) as process:
        assert b"Backup" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize(("output", "status"), (("/dev/full", 1), ("&-", 0)))
def test_output_that_cannot_be_written_brings_no_traceback(output: str, status: int, fake: Fake) -> None:
    call = shlex.join(argv(fake(events=[EVENT]).run_dir, Path("/none"), "events"))
    done = subprocess.run(
        ["sh", "-c", f"{call} >{output}"], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert (done.returncode, done.stderr) == (status, "haven: No space left on device\n" if status else "")
