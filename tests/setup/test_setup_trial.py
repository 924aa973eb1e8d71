# SPDX-License-Identifier: GPL-2.0-or-later
"""A setup on trial: confirmed, taken back by time, by a kill, by a reboot, by hand; or not begun at all."""

import errno
import json
import os
import random
import signal
import time
from dataclasses import asdict
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from haven.atomic_file import write_whole
from haven.contract.setup import SetupRefused
from haven.setup import keeper, trial, trial_folder
from haven.setup.keeper import Keeper
from haven.setup.proposal import SECOND_ROLE, Reach
from haven.setup.router_services import RouterServices
from haven.setup.trial import locked, now, read_note
from haven.setup.trial_folder import BEFORE, MARKER, NEW, PENDING, UNDOING, Marker, TrialFolder, boot_id
from tests.lab.wait import wait_until
from tests.setup.boxes import RouterBox

NOWHERE = Reach("lo", IPv4Address("192.0.2.77"), IPv4Address("192.0.2.77"))


def refused_code(action: Any) -> str:
    """Return the code that something is refused with."""
    with pytest.raises(SetupRefused) as refused:
        action()
    return refused.value.code


def test_what_is_confirmed_stays_and_can_be_undone_later(box: RouterBox):
    before, proposal = box.files(), box.proposal()
    box.trial.begin(proposal)
    box.until("waiting")
    assert box.config("network").read_bytes() == proposal.after["network"].encoded()
    assert box.calls() == ["haven enable", "firewall reload", "network reload", "haven start"]
    box.trial.confirm()
    box.keepers[-1].wait(60)
    assert box.is_over() and read_note(str(box.run_dir))["state"] == "confirmed"
    assert box.config("haven").read_bytes() == proposal.after["haven"].encoded()
    assert box.config("haven").stat().st_mode & 0o777 == 0o640
    # What haven then adds by itself.
    box.config("dhcp").write_text("config dhcp 'lan'\n")
    (box.root / "etc/haven/owned.json").write_text("{}")
    (box.run_dir / "plan.json").write_text("{}")
    box.trial.undo()
    # Whoever starts next may be another router: its agent would begin under the name of this plan.
    assert box.files() == before and not (box.run_dir / "plan.json").exists()
    assert box.calls()[4:] == [
        "network reload", "haven stop", "firewall reload", "dnsmasq reload", "haven start",
    ]  # fmt: skip


def test_what_ran_by_role_is_started_at_boot_again_after_an_undo(box: RouterBox):
    scripts, links = box.root / "etc/init.d", box.root / "etc/rc.d"
    links.mkdir(exist_ok=True)
    (scripts / "odhcpd").write_text("#!/bin/sh\n")
    box.trial.begin(box.proposal())
    box.until("waiting")
    box.trial.confirm()
    box.keepers[-1].wait(60)
    # As a service section and `list keep` make it.
    (box.root / "etc/sysupgrade.conf").write_text("/root\n/etc/openvpn\n")
    note = {"boot": {"odhcpd": "S35odhcpd"}, "keep": ["/etc/openvpn"]}
    (box.root / "etc/haven/owned.json").write_text(json.dumps(note))
    box.trial.undo()
    assert os.readlink(links / "S35odhcpd") == "../init.d/odhcpd"
    assert (box.root / "etc/sysupgrade.conf").read_text() == "/root\n"


def test_the_plan_of_a_haven_that_was_killed_stays_until_it_is_cleared_up(box: RouterBox):
    box.trial.begin(box.proposal())
    box.until("waiting")
    box.trial.confirm()
    for name in ("plan.json", "alive"):
        (box.run_dir / name).write_text("{}")
    box.trial.undo()
    assert (box.run_dir / "plan.json").exists()


def test_what_nobody_confirms_is_taken_back(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before = box.files()
    monkeypatch.setattr("haven.setup.trial.start_keeper", lambda *_: box.keeper(times=(6, 5, 30)))
    box.trial.begin(box.proposal())
    box.until("waiting")
    assert box.files() != before
    box.until("no-answer")
    assert box.files() == before and box.is_over()
    assert refused_code(box.trial.confirm) == "nothing-tried"
    assert refused_code(box.trial.undo) == "nothing-to-undo"


def test_a_trial_can_be_ended_at_once(box: RouterBox):
    before = box.files()
    box.trial.begin(box.proposal())
    box.until("waiting")
    box.trial.undo()
    assert box.files() == before and read_note(str(box.run_dir))["state"] == "undone"


@pytest.mark.parametrize("state", ["fault", "backup"])
def test_a_gateway_that_does_not_come_ends_the_trial(
    box: RouterBox, monkeypatch: pytest.MonkeyPatch, state: str
):
    before = box.files()
    box.havend.close()
    box.havend = type(box.havend)(box.run_dir, status={"state": state})
    monkeypatch.setattr("haven.setup.trial.start_keeper", lambda *_: box.keeper(times=(60, 5, 0.5)))
    box.trial.begin(box.proposal())
    box.until("gateway-late")
    assert box.files() == before
    assert read_note(str(box.run_dir))["facts"] == {"address": "127.0.0.1", "word": state}


def test_a_second_router_has_only_to_be_ready(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    box.havend.close()
    box.havend = type(box.havend)(box.run_dir, status={"state": "backup"})
    begun(box, gateway="", role=SECOND_ROLE)
    box.keeper()
    box.until("waiting")
    # Its links may be laid last: havend is to wait for the word of those that it joins, this once.
    assert (box.run_dir / "newcomer").exists()
    box.trial.undo()
    wait_until(box.is_over, 20, "the trial is taken back")
    assert not (box.run_dir / "newcomer").exists()
    # The one that the end has started would take up the next trial, and wait for longer.
    for each in box.keepers:
        each.wait(60)
    problem = {"message": "wan is down"}
    box.havend.answers["status"] = {"state": "fault", "problems": [problem]}
    begun(box, gateway="")
    box.keeper(times=(60, 5, 0.5))
    box.until("standby-late")
    assert "(wan is down)" in read_note(str(box.run_dir))["message"]


def test_an_own_address_that_does_not_come_ends_the_trial(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before = box.files()
    monkeypatch.setattr("haven.setup.trial.start_keeper", lambda *_: box.keeper(times=(30, 0.5, 5)))
    box.trial.begin(box.proposal(NOWHERE))
    box.until("own-address-late")
    assert box.files() == before
    assert "haven start" not in box.calls()[:3]


def test_a_keeper_that_fails_takes_the_trial_back(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before, folder = box.files(), begun(box, guards=[("127.0.0.1", 32)])

    def broken(*_: object) -> bool:
        raise RuntimeError("netlink is odd")

    monkeypatch.setattr(keeper, "has_address", broken)
    monkeypatch.setattr(keeper, "keep_address", lambda *_: False)
    Keeper(folder, RouterServices(str(box.root), str(box.run_dir))).run()
    assert box.files() == before and box.is_over()
    assert "netlink is odd" in read_note(str(box.run_dir))["message"]


def test_one_trial_at_a_time(box: RouterBox):
    box.trial.begin(box.proposal())
    assert refused_code(lambda: box.trial.begin(box.proposal())) == "trial-waits"
    box.until("waiting")
    box.trial.undo()


def test_nothing_begins_while_somebody_is_at_work(box: RouterBox):
    with locked(str(box.run_dir)):
        assert refused_code(lambda: box.trial.begin(box.proposal())) == "trial-busy"
    assert box.is_over()


def test_files_that_changed_meanwhile_are_not_overwritten(box: RouterBox):
    proposal = box.proposal()
    box.config("firewall").write_text("\nconfig defaults\n")
    assert refused_code(lambda: box.trial.begin(proposal)) == "changed-meanwhile"
    assert box.is_over() and box.keepers == []


def test_uncommitted_changes_are_not_swallowed(box: RouterBox):
    (box.root / "tmp/.uci").mkdir(parents=True)
    (box.root / "tmp/.uci/network").write_text("network.lan.ipaddr='10.0.0.1'\n")
    assert refused_code(lambda: box.trial.begin(box.proposal())) == "uncommitted"


class FullFlash:
    """write_whole on a flash that takes so many files and no more."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, path: str, octets: bytes, mode: int) -> None:
        """Write, or say that there is no room."""
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        self.room -= 1
        write_whole(path, octets, mode)


def test_a_full_flash_is_found_before_anything_changes(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before, room = box.files(), 0
    while True:
        flash = FullFlash(room)
        monkeypatch.setattr(trial_folder, "write_whole", flash)
        try:
            box.trial.begin(box.proposal())
        except SetupRefused as refused:
            assert refused.code == "no-room" and "No space left" in str(refused)
            assert box.files() == before and box.is_over() and not box.trial.folder.is_there(NEW)
            # Its keeper finds nothing to do.
            assert box.keepers[-1].wait(60) == 0 and box.calls() == []
        else:
            break
        room += 1
    # Three copies, two new files, the marker.
    assert room == 6


def marker_of(box: RouterBox, **changes: Any) -> Marker:
    """Return the marker of a trial that touches two packages."""
    made: dict[str, Any] = {"boot": boot_id(), "until": now() + 60, "device": "lo", "own": "127.0.0.1"}
    return Marker(**{**made, "gateway": "127.0.0.1", "role": "first", **changes})


def begun(box: RouterBox, **changes: Any) -> TrialFolder:
    """Leave a trial as it is when its keeper is not yet started."""
    wanted = {"etc/config/network": b"tried\n", "etc/config/new": b"tried, too\n"}
    box.trial.folder.begin(marker_of(box, **changes), wanted, ["etc/config/dhcp"])
    return box.trial.folder


def test_a_reboot_in_between_brings_back_what_was_there(box: RouterBox):
    before = box.files()
    begun(box, boot="another").put_in_place()
    assert box.config("network").read_bytes() == b"tried\n" and box.config("new").exists()
    assert refused_code(box.trial.confirm) == "too-late"
    box.at_start()
    assert box.files() == before and box.is_over()
    # The service that is starting goes on by itself; it must not be called by what it waits for.
    assert box.calls() == ["network reload", "firewall reload", "dnsmasq reload"]
    assert read_note(str(box.run_dir))["state"] == "interrupted"


def test_a_power_cut_while_things_are_put_in_place_brings_back_everything(
    box: RouterBox, monkeypatch: pytest.MonkeyPatch
):
    before, replace = box.files(), os.replace
    done: list[str] = []

    def power(source: str, target: str) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    folder = begun(box, boot="another")
    monkeypatch.setattr(trial_folder.os, "replace", power)
    with pytest.raises(KeyboardInterrupt):
        folder.put_in_place()
    monkeypatch.undo()
    assert len(done) == 1
    box.at_start()
    assert box.files() == before


def test_a_power_cut_while_it_is_taken_back_is_made_up_for(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before, replace = box.files(), os.replace
    folder = begun(box, boot="another")
    folder.put_in_place()
    folder.give_up()
    done: list[str] = []

    def power(source: str, target: str) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(target)
        replace(source, target)

    monkeypatch.setattr(trial_folder.os, "replace", power)
    with pytest.raises(KeyboardInterrupt):
        folder.restore()
    monkeypatch.undo()
    assert len(done) == 1 and not box.is_over()
    box.at_start()
    assert box.files() == before and box.is_over()


def test_an_unfinished_beginning_is_none(box: RouterBox):
    before = box.files()
    folder = begun(box)
    os.rename(folder.path(PENDING), folder.path(NEW))
    box.at_start()
    assert box.trial.folder.marker() is None and box.calls() == []
    box.trial.begin(box.proposal())
    box.until("waiting")
    box.trial.undo()
    assert box.files() == before


def test_a_service_that_starts_leaves_a_trial_to_its_keeper(box: RouterBox):
    box.trial.begin(box.proposal())
    box.until("waiting")
    box.at_start()
    assert box.trial.folder.is_there(PENDING)
    box.trial.confirm()
    assert box.trial.folder.is_there(BEFORE)


def wait_for_real_keeper(box: RouterBox) -> None:
    """Wait until the keeper that the program itself has started is at work, and end it."""

    def is_locked() -> bool:
        try:
            with locked(str(box.run_dir)):
                return False
        except Exception:
            return True

    wait_until(is_locked, 20, "a new keeper is at work")


def test_a_keeper_that_was_killed_gets_a_successor(box: RouterBox):
    before = box.files()
    box.trial.begin(box.proposal())
    box.until("waiting")
    os.kill(box.keepers[-1].pid, signal.SIGKILL)
    box.keepers[-1].wait()
    box.at_start()
    wait_for_real_keeper(box)
    assert box.files() != before and box.trial.folder.is_there(PENDING)
    # It waits by the times of the program, and hears the word.
    box.trial.undo()
    wait_until(box.is_over, 30, "everything is taken back")
    assert box.files() == before


def test_a_keeper_that_is_killed_while_somebody_waits_gets_a_successor(
    box: RouterBox, monkeypatch: pytest.MonkeyPatch
):
    before, started = box.files(), []

    def start(_root: str, _run_dir: str) -> Any:
        started.append(box.keeper())
        if len(started) == 1:
            started[0].kill()
        return started[-1]

    monkeypatch.setattr(trial, "start_keeper", start)
    assert box.trial.try_out(box.proposal())["state"] == "waiting" and len(started) == 2
    started[1].kill()
    started[1].wait()
    assert box.trial.keep() and len(started) == 3
    box.trial.undo()
    wait_until(lambda: not box.trial.keep(), 30, "nothing is left to keep")
    assert box.files() == before and box.is_over()


def test_kills_at_any_moment_leave_what_was_there_or_what_was_tried(box: RouterBox):
    before, chance = box.files(), random.Random(7)
    tried = box.proposal().after["network"].encoded()
    for _ in range(8):
        box.trial.begin(box.proposal())
        time.sleep(chance.random() * 0.8)
        box.keepers[-1].kill()
        box.keepers[-1].wait()
        assert box.config("network").read_bytes() in (before["etc/config/network"][0], tried)
        # Another keeper finds what was left, and nobody confirms.
        box.keeper(times=(0.2, 5, 30)).wait(120)
        assert box.files() == before and box.is_over()


def test_a_confirmation_and_the_end_cannot_both_win(box: RouterBox):
    folder = begun(box)
    assert folder.give_up() and not folder.confirm()
    assert folder.is_there(UNDOING) and not folder.is_there(BEFORE)


def test_what_is_late_is_not_confirmed(box: RouterBox):
    begun(box, until=now() - 1)
    assert refused_code(box.trial.confirm) == "too-late"
    assert box.trial.folder.is_there(PENDING)


def test_a_later_trial_keeps_the_copies_of_the_last(box: RouterBox):
    begun(box).confirm()
    begun(box).put_in_place()
    assert box.trial.folder.confirm() and box.trial.folder.copies(BEFORE)["etc/config/new"] is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"boot": 1}', json.dumps({**asdict(Marker("b", 1.0)), "x": 1})]
)
def test_a_marker_that_cannot_be_read_is_none(box: RouterBox, text: str):
    folder = begun(box)
    (Path(folder.path(PENDING)) / MARKER).write_text(text)
    assert folder.marker() is None


def test_copies_on_another_file_system_are_written_whole(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    before, replace = box.files(), os.replace

    def across(source: str, target: str) -> None:
        if "-setup/" in source and "/etc/config/" in target:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source)
        replace(source, target)

    monkeypatch.setattr(trial_folder.os, "replace", across)
    folder = begun(box)
    folder.put_in_place()
    assert box.config("network").read_bytes() == b"tried\n"
    folder.give_up()
    folder.restore()
    folder.forget(UNDOING)
    assert box.files() == before


def test_what_cannot_be_put_back_is_named_and_kept(box: RouterBox, monkeypatch: pytest.MonkeyPatch):
    folder = begun(box)
    folder.put_in_place()
    folder.give_up()

    def broken(source: str, target: str) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), source, None, target)

    monkeypatch.setattr(trial_folder.os, "replace", broken)
    with pytest.raises(SetupRefused, match="etc/config/network: cannot be put back: Read-only") as refused:
        folder.restore()
    assert refused.value.facts["folder"] == folder.path(UNDOING)
    assert folder.copies(UNDOING)["etc/config/network"] is not None
