# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven setup` on a folder: what it prints, what it takes for an answer, and what it refuses."""

import io
import json
import os
from pathlib import Path

import pytest

from haven.cli.main import main
from haven.contract.fields import check_object
from haven.contract.setup import PROPOSAL
from haven.peers.identity import ensure
from haven.peers.store import Peer, PeerStore
from haven.plan.machine import Machine
from haven.setup import live_facts
from haven.setup.trial import Trial
from haven.setup.trial_folder import PENDING, boot_id
from tests.setup.boxes import RouterBox
from tests.setup.test_setup_trial import begun

ROUTER = """
config virtual_router 'lan'
	option interface 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
"""
Capture = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch


def setup(box: RouterBox, *words: str) -> int:
    """Run `haven setup` on the box."""
    return main(["setup", "--root", str(box.root), "--run-dir", str(box.run_dir), *words])


@pytest.fixture(autouse=True)
def quick(monkeypatch: Patch) -> None:
    """A machine without devices, whatever this one has."""
    monkeypatch.setattr(live_facts, "read_machine", Machine)
    monkeypatch.setattr(live_facts, "listen", lambda devices, _seconds: dict.fromkeys(devices))


def types(monkeypatch: Patch, *lines: str) -> None:
    """Let a person type these lines, and then end the input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(line + "\n" for line in lines)))


def test_the_proposal_is_a_document_and_changes_nothing(box: RouterBox, capsys: Capture):
    before = box.files()
    assert setup(box, "--json") == 0
    document = check_object(json.loads(capsys.readouterr().out), PROPOSAL, "proposal")
    assert document["answers"]["own_address"] == "192.168.1.2" and document["role"] == "first"
    assert {"sign": "+", "package": "haven", "section": "main", "option": "node", "value": "r1"} in document[
        "changes"
    ]
    assert box.files() == before and box.calls() == []


def test_answers_come_from_a_file_or_from_standard_input(
    box: RouterBox, capsys: Capture, tmp_path: Path, monkeypatch: Patch
):
    text = json.dumps({"own_address": "192.168.1.9", "preempt": True, "priority": 200, "sync": None})
    (tmp_path / "answers").write_text(text)
    assert setup(box, "--json", "--answers", str(tmp_path / "answers")) == 0
    one = json.loads(capsys.readouterr().out)
    stream = io.TextIOWrapper(io.BytesIO(text.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert setup(box, "--json", "--answers=-") == 0
    assert json.loads(capsys.readouterr().out) == one
    answers = one["answers"]
    assert [answers[name] for name in ("own_address", "preempt", "priority", "sync")] == [
        "192.168.1.9", "1", "200", "none",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "answers-unreadable"),
        ("{", "answers-unreadable"),
        ("[" * 100_000, "answers-unreadable"),
        ("[1]", "answers-no-object"),
        ('{"colour": "blue"}', "answer-unknown"),
        ('{"own_address": {"deep": 1}}', "not-address"),
        ('{"own_address": "\\u001b[2J"}', "not-address"),
    ],
)
def test_answers_that_are_none_are_refused_as_a_document(
    box: RouterBox, capsys: Capture, tmp_path: Path, text: str, code: str
):
    (tmp_path / "answers").write_text(text)
    assert setup(box, "--json", "--answers", str(tmp_path / "answers")) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["code"] == code and err.startswith("haven: ") and "Traceback" not in err


def test_a_file_of_answers_that_is_not_there_is_named(box: RouterBox, capsys: Capture):
    assert setup(box, "--json", "--answers", "/nowhere/answers") == 1
    assert "/nowhere/answers: No such file" in capsys.readouterr().err


def test_a_person_who_says_no_changes_nothing(box: RouterBox, capsys: Capture, monkeypatch: Patch):
    before = box.files()
    types(monkeypatch, "", "", "10.0.0.1", *[""] * 13, "n")
    assert setup(box) == 1
    out = capsys.readouterr().out
    assert "own_address: 10.0.0.1 is outside of 192.168.1.0/24, the network of lan" in out
    assert "Own address of this router on it\n[192.168.1.2] (" in out
    assert "\n/etc/config/network\n  - network.lan.ipaddr=192.168.1.1/24\n" in out
    # The link between the routers is the LAN here, as no port is free.
    warned = out.index("Warning: conntrack 'conntrack', option 'interface': 'lan' is that of virtual_router")
    assert out.index("/etc/config/haven\n") < warned < out.index("Change this now?")
    assert out.endswith("Nothing was changed.\n") and box.files() == before and box.calls() == []


def test_a_person_who_goes_away_changes_nothing(box: RouterBox, capsys: Capture, monkeypatch: Patch):
    before = box.files()
    types(monkeypatch, "", "")
    assert setup(box) == 1
    assert "nobody is there to answer: nothing was changed" in capsys.readouterr().err
    assert box.files() == before


def test_the_outcome_of_a_failed_trial_is_told(box: RouterBox, capsys: Capture, monkeypatch: Patch):
    before = box.files()
    # This machine has no br-lan, which is why the trial fails.
    monkeypatch.setattr("haven.setup.trial.start_keeper", lambda *_: box.keeper(times=(1, 0.2, 1)))
    assert setup(box, "--yes") == 1
    assert capsys.readouterr().err == (
        "haven: br-lan did not get 192.168.1.2: everything is as it was before\n"
    )
    assert box.files() == before
    assert setup(box, "--yes", "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["state"], document["facts"]["device"]) == ("own-address-late", "br-lan")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--confirm"], "there is nothing to confirm: no setup waits for it"),
        (["--undo"], "there is nothing to undo: no setup was confirmed on this router"),
    ],
)
def test_without_a_trial_there_is_nothing_to_say(
    box: RouterBox, capsys: Capture, words: list[str], said: str
):
    assert setup(box, *words) == 1
    assert capsys.readouterr().err == f"haven: {said}\n"


def test_whoever_has_confirmed_is_told_what_is_next(box: RouterBox, capsys: Capture):
    begun(box, boot=boot_id())
    assert setup(box, "--confirm") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Next: 'haven pair'")


def test_an_undo_shows_what_it_brings_back_and_asks(box: RouterBox, capsys: Capture, monkeypatch: Patch):
    before = box.files()
    folder = begun(box)
    folder.put_in_place()
    folder.confirm()
    box.config("network").write_text("\nconfig interface 'lan'\n\toption proto 'static'\n")
    types(monkeypatch, "no")
    assert setup(box, "--undo") == 1
    out = capsys.readouterr().out
    assert "  + network.lan.ipaddr=192.168.1.1/24\n" in out and out.endswith("Nothing was changed.\n")
    types(monkeypatch, "yes")
    assert setup(box, "--undo") == 0
    assert capsys.readouterr().out.endswith("everything is as it was before\n") and box.files() == before


@pytest.mark.parametrize("words", [("--undo",), ("--undo", "--yes")])
def test_an_undo_warns_of_a_gateway_that_another_router_goes_on_with(
    box: RouterBox, capsys: Capture, monkeypatch: Patch, tmp_path: Path, words: tuple[str, ...]
):
    folder = begun(box)
    folder.put_in_place()
    folder.confirm()
    text = box.config("haven").read_text()
    box.config("haven").write_text(text + ROUTER)
    types(monkeypatch, "yes")
    monkeypatch.setattr(Trial, "undo", lambda self: None)
    setup(box, *words)
    assert "Warning" not in capsys.readouterr().out
    store = PeerStore(f"{box.root}/etc/haven/peers")
    store.put(Peer("r2", ensure(str(tmp_path / "r2")).pem, ["192.168.1.3"]))
    types(monkeypatch, "yes")
    setup(box, *words)
    out = capsys.readouterr().out
    warned = out.index("Warning: 192.168.1.1 becomes this router's own again, and r2 goes on with it")
    assert "--yes" in words or warned < out.index("Bring this back?")


def test_an_undo_says_first_that_it_ends_the_session_it_is_told_in(
    box: RouterBox, capsys: Capture, monkeypatch: Patch
):
    folder = begun(box)
    folder.put_in_place()
    folder.confirm()
    own = "\nconfig interface 'lan'\n\toption proto 'static'\n\toption ipaddr '192.168.1.9/24'\n"
    box.config("network").write_text(own)
    monkeypatch.setattr(Trial, "undo", lambda self: print("undone"))
    for address, is_named in (("192.168.1.9", True), ("192.168.1.1", False), ("fd00::9", False)):
        monkeypatch.setenv("SSH_CONNECTION", f"192.168.1.50 40000 {address} 22")
        setup(box, "--undo", "--yes")
        out = capsys.readouterr().out
        assert ("Warning: this session goes to 192.168.1.9" in out.partition("undone")[0]) is is_named
    assert "reached at 192.168.1.1." in out or not is_named


def test_an_undo_on_the_first_router_says_that_it_is_still_paired(
    box: RouterBox, capsys: Capture, tmp_path: Path
):
    folder = begun(box)
    folder.put_in_place()
    folder.confirm()
    store = PeerStore(f"{box.root}/etc/haven/peers")
    store.put(Peer("r2", ensure(str(tmp_path / "r2")).pem, ["192.168.1.3"]))
    assert setup(box, "--undo", "--yes") == 0
    assert "Warning: this router and r2 still know each other: 'haven unpair NODE'" in capsys.readouterr().out


def test_a_trial_that_waits_is_in_the_way_of_another(box: RouterBox, capsys: Capture):
    begun(box)
    assert setup(box, "--json") == 1
    document = json.loads(capsys.readouterr().out)
    assert document["code"] == "trial-waits" and 0 < document["facts"]["left_s"] <= 60
    assert box.trial.folder.is_there(PENDING)


def test_only_root_sets_up(box: RouterBox, capsys: Capture, monkeypatch: Patch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert setup(box, "--yes") == 1
    assert capsys.readouterr().err == "haven: haven setup needs root\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["setup", "--confirm", "--undo"], "setup: --confirm and --undo do not go together"),
        (["setup", "--confirm", "--answers", "x"], "setup: --confirm and --answers do not go together"),
        (["status", "--answers", "x"], "status does not have --answers"),
        (["setup", "now"], "setup: 'now' is one word too many"),
    ],
)
def test_wrong_usage_is_status_2(capsys: Capture, words: list[str], said: str):
    assert main(words) == 2
    assert capsys.readouterr().err == f"haven: {said}\nTry 'haven --help'.\n"


def test_a_root_that_is_no_folder_is_named(capsys: Capture):
    assert main(["setup", "--root", "/nowhere"]) == 1
    assert capsys.readouterr().err == "haven: /nowhere is no folder\n"


def test_a_network_that_is_no_uci_is_named(box: RouterBox, capsys: Capture):
    box.config("network").write_text("<html>\n")
    assert setup(box, "--yes") == 1
    err = capsys.readouterr().err
    assert err.startswith(f"haven: {box.config('network')}: this is no UCI configuration: ")
    assert box.calls() == []
