# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router takes of what it is offered, and that nothing of it is half done."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from haven.contract.upgrade import PIECE, UpgradeRefused
from haven.upgrade import inbox as inbox_module
from haven.upgrade import installer
from haven.upgrade.inbox import INSTALLING, LEADING, OFFER, Inbox, take_lock
from haven.upgrade.package_file import PackageFile, read_package
from haven.upgrade.rollout_note import NoteFile, RolloutNote
from tests.lab.wait import wait_until
from tests.upgrade.packages import ipk, new_apk, router_root

TOKEN, OTHER = "aa" * 16, "bb" * 16


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return router_root(tmp_path, haven="1.0-r1", luci__app__haven="1.0-r1")


@pytest.fixture
def inbox(root: Path, tmp_path: Path) -> Inbox:
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    return Inbox(str(root), str(run_dir))


def package(folder: Path, **more: Any) -> PackageFile:
    return read_package(str(ipk(folder, **more)))


def offer(inbox: Inbox, *packages: PackageFile, token: str = TOKEN, older: bool = False) -> dict[str, Any]:
    return inbox.offer(token, [each.offer() for each in packages], older, False)


def send(inbox: Inbox, number: int, each: PackageFile, token: str = TOKEN) -> None:
    octets, at = Path(each.path).read_bytes(), 0
    while at < len(octets):
        piece = octets[at : at + PIECE]
        assert inbox.piece(token, number, at, base64.b64encode(piece).decode()) == {"have": at + len(piece)}
        at += len(piece)


def refusal(act: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(UpgradeRefused) as found:
        act(*arguments, **more)
    return found.value.code


def test_what_is_installed_is_taken_and_what_is_not_is_left_out(inbox: Inbox, tmp_path: Path) -> None:
    found = offer(inbox, package(tmp_path), package(tmp_path, name="luci-i18n-haven-de"))
    assert found == {"wanted": ["haven"]}
    assert inbox.state()["stage"] == "receiving"
    assert refusal(offer, inbox, package(tmp_path, name="luci-i18n-haven-de")) == "package-absent"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": "dropbear"}, "package-strange"),
        ({"arch": "mips_24kc"}, "package-arch"),
        ({"version": "0.9-r1"}, "package-older"),
        ({"version": "2.0;reboot"}, "package-wrong"),
        ({"size": 1 << 50}, "room-flash"),
    ],
)
def test_what_does_not_fit_is_refused(more: dict[str, Any], code: str, inbox: Inbox, tmp_path: Path) -> None:
    assert refusal(offer, inbox, package(tmp_path, **more)) == code
    assert inbox.state()["stage"] == "idle"


def test_older_packages_are_taken_when_that_is_said(inbox: Inbox, tmp_path: Path) -> None:
    assert offer(inbox, package(tmp_path, version="0.9-r1"), older=True) == {"wanted": ["haven"]}


def test_packages_of_the_other_manager_are_refused(inbox: Inbox, tmp_path: Path) -> None:
    assert refusal(offer, inbox, read_package(str(new_apk(tmp_path)))) == "kind-other"


def test_without_a_package_manager_nothing_is_taken(inbox: Inbox, root: Path, tmp_path: Path) -> None:
    (root / "bin/opkg").unlink()
    assert refusal(offer, inbox, package(tmp_path)) == "manager-missing"
    assert inbox.state()["installed"] == {}


def test_too_much_is_refused(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "LARGEST_UPGRADE", 100)
    assert refusal(offer, inbox, package(tmp_path)) == "package-large"
    one = package(tmp_path).offer()
    assert refusal(inbox.offer, TOKEN, [one, one], False, False) == "packages-many"
    assert refusal(inbox.offer, TOKEN, [{**one, "size": 1 << 40}], False, False) == "package-wrong"
    assert refusal(inbox.offer, TOKEN, [], False, False) == "packages-many"


def test_room_in_memory_is_asked_for(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "SLACK", 1 << 60)
    assert refusal(offer, inbox, package(tmp_path)) == "room-memory"


def test_one_upgrade_at_a_time(inbox: Inbox, tmp_path: Path) -> None:
    offer(inbox, package(tmp_path))
    assert refusal(offer, inbox, package(tmp_path), token=OTHER) == "upgrade-busy"
    # The same one may begin anew; of one that was abandoned nobody is kept waiting.
    offer(inbox, package(tmp_path))
    for entry in os.scandir(inbox.folder):
        os.utime(entry.path, (1, 1))
    offer(inbox, package(tmp_path), token=OTHER)


def test_who_carries_one_out_takes_no_other(inbox: Inbox, tmp_path: Path) -> None:
    with inbox.leading(TOKEN) as leads:
        assert leads and inbox.state()["leads"]
        with inbox.leading(OTHER) as second:
            assert not second
        assert refusal(offer, inbox, package(tmp_path), token=OTHER) == "upgrade-busy"
        offer(inbox, package(tmp_path), token=TOKEN)
    assert not inbox.state()["leads"] and os.path.exists(f"{inbox.folder}/{LEADING}")


def test_an_upgrade_that_was_interrupted_here_is_overtaken_by_another(
    inbox: Inbox, root: Path, tmp_path: Path
) -> None:
    notes = NoteFile(str(root))
    notes.write(RolloutNote(token=TOKEN))
    offer(inbox, package(tmp_path))
    assert notes.read() is not None
    inbox.drop(TOKEN)
    offer(inbox, package(tmp_path), token=OTHER)
    assert notes.read() is None


def test_pieces_come_in_their_order_and_no_more_than_was_said(inbox: Inbox, tmp_path: Path) -> None:
    one = package(tmp_path)
    offer(inbox, one)
    piece = base64.b64encode(b"x" * 10).decode()
    assert refusal(inbox.piece, TOKEN, 0, 5, piece) == "piece-wrong"
    assert refusal(inbox.piece, TOKEN, 3, 0, piece) == "piece-wrong"
    assert refusal(inbox.piece, TOKEN, 0, 0, "not base64!") == "piece-wrong"
    assert refusal(inbox.piece, TOKEN, 0, 0, base64.b64encode(bytes(PIECE + 1)).decode()) == "piece-wrong"
    assert refusal(inbox.piece, OTHER, 0, 0, piece) == "upgrade-unknown"
    assert refusal(inbox.install, TOKEN) == "package-incomplete"
    send(inbox, 0, one)
    assert refusal(inbox.piece, TOKEN, 0, one.size, piece) == "piece-wrong"
    inbox.drop(TOKEN)
    assert inbox.state()["stage"] == "idle"
    assert refusal(inbox.install, TOKEN) == "upgrade-unknown"


def test_what_the_package_manager_says_last_is_told(inbox: Inbox, root: Path, tmp_path: Path) -> None:
    one = package(tmp_path)
    offer(inbox, one)
    send(inbox, 0, one)
    inbox.install(TOKEN)
    wait_until(lambda: inbox.state()["stage"] != "installing", 30, "it has ended")
    state = inbox.state()
    assert (state["stage"], state["words"]) == ("failed", "nothing is done")
    assert state["installed"]["haven"] == "1.0-r1"
    assert [name for name in os.listdir(inbox.folder) if name.endswith(".ipk")] == []


def test_a_package_that_is_installed_says_so(inbox: Inbox, root: Path, tmp_path: Path) -> None:
    one = package(tmp_path)
    status = "Package: haven\\nVersion: 2.0-r1\\nStatus: install user installed\\n"
    (root / "bin/opkg").write_text(f'#!/bin/sh\nprintf "{status}" >{root}/usr/lib/opkg/status\necho "$@"\n')
    offer(inbox, one)
    send(inbox, 0, one)
    inbox.install(TOKEN)
    wait_until(lambda: inbox.state()["stage"] == "installed", 30, "it is installed")
    assert inbox.state()["words"] == f"install {inbox.folder}/haven.ipk"


def test_another_package_than_was_said_is_not_installed(inbox: Inbox, root: Path, tmp_path: Path) -> None:
    good = package(tmp_path)
    bad = package(tmp_path, name="dropbear", version="3.0")
    inbox.offer(TOKEN, [{**good.offer(), "size": bad.size, "sha256": bad.sha256}], False, False)
    send(inbox, 0, bad)
    (root / "bin/opkg").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    inbox.install(TOKEN)
    wait_until(lambda: inbox.state()["stage"] == "failed", 30, "it is refused")
    assert "not what was said of it" in inbox.state()["words"] and not (tmp_path / "ran").exists()


def test_an_installation_whose_process_was_killed_has_failed(inbox: Inbox, tmp_path: Path) -> None:
    offer(inbox, package(tmp_path))
    document = json.loads(Path(inbox.folder, OFFER).read_text())
    inbox.write(OFFER, {**document, "begun": True})
    assert inbox.state()["stage"] == "failed"
    lock = take_lock(f"{inbox.folder}/{INSTALLING}")
    assert lock is not None and inbox.state()["stage"] == "installing"
    assert refusal(offer, inbox, package(tmp_path)) == "upgrade-busy"
    os.close(lock)


def test_a_package_manager_that_hangs_is_ended() -> None:
    with pytest.raises(installer.Failure, match="too long; the last words: here"):
        installer.run(["sh", "-c", "echo here; sleep 60"], 3.0)
