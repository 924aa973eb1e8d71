# SPDX-License-Identifier: GPL-2.0-or-later
"""Power that goes between any two steps, and a flash that is full: the state before, or the state after."""

import os
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.openwrt import owned
from haven.openwrt.applied_files import RouterFiles, apply, take_back
from tests.openwrt import fake_uci
from tests.openwrt.test_openwrt_dhcp import CLIENTS, DHCP, model

MODEL = model(CLIENTS, main="\tlist keep '/etc/conntrackd'\n\tlist keep '/etc/mine'\n")
# Of an encoding that is not UTF-8: the rest of the file is none of our business.
KEPT = b"## My own lines, Z\xfcrich\n/etc/mine\n"


class Machine(RouterFiles):
    """A router in a folder, whose uci is a function; `takes` is how many changes it has room for."""

    takes = 100

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.root = root
        self.path = root / "etc/config/dhcp"
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(DHCP)
            (root / "etc/sysupgrade.conf").write_bytes(KEPT)

    def uci(self, words: list[str], stdin: str = "") -> str:
        """Do what uci does."""
        sections = fake_uci.parse(self.path.read_text(), "", "dhcp")[0]
        for line in stdin.splitlines()[: self.takes]:
            command, _, argument = line.partition(" ")
            assert command == "export" or fake_uci.change(sections, command, argument)
        return f"package dhcp\n{fake_uci.write(sections)}"

    def tell_dnsmasq(self) -> None:
        """Tell nobody."""

    def content(self) -> dict[str, bytes]:
        """Return every file of the flash."""
        files = [path for path in (self.root / "etc").rglob("*") if path.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}


Act = Callable[[RouterFiles], list[str]]


def _apply(machine: RouterFiles) -> list[str]:
    return apply(MODEL, machine)


def _cut_at(step: int, act: Act, root: Path) -> bool:
    """Do something in a process whose power goes before this step; tell whether it did."""
    child = os.fork()
    if child:
        ended = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(ended) or os.WEXITSTATUS(ended) == 0
        return os.WIFSIGNALED(ended)
    status = 1
    try:
        _cut_in(step)
        act(Machine(root))
        status = 0
    finally:
        os._exit(status)


def _cut_in(step: int) -> None:
    left = step

    def cut(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **more: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                if name == "fsync" and stat.S_ISREG(os.fstat(arguments[0]).st_mode):
                    # What is not yet on the flash may be there in part.
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **more)

        return wrapped

    for name in ("open", "fsync", "replace", "unlink", "makedirs", "rmdir"):
        setattr(os, name, cut(name, getattr(os, name)))


def _states(folder: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    machine = Machine(folder)
    before = machine.content()
    assert _apply(machine) == []
    after = machine.content()
    assert take_back(machine) == [] and machine.content() == before
    assert before != after and after["etc/sysupgrade.conf"] == KEPT + b"/etc/conntrackd\n"
    return before, after


@pytest.mark.parametrize("way", ["applied", "taken back"])
def test_power_that_goes_at_any_step_leaves_whole_files_and_the_next_time_completes(
    way: str, tmp_path: Path
) -> None:
    before, after = _states(tmp_path / "without")
    step, going = 0, True
    while going:
        step += 1
        root = tmp_path / str(step)
        machine = Machine(root)
        if way == "taken back":
            assert _apply(machine) == []
        going = _cut_at(step, _apply if way == "applied" else take_back, root)
        found = machine.content()
        for place in ("etc/config/dhcp", "etc/sysupgrade.conf"):
            assert found[place] in (before[place], after[place]), (step, place)
        assert isinstance(owned.read(machine.note), dict)
        assert _apply(machine) == [] and {**machine.content(), **after} == machine.content(), step
        assert take_back(machine) == [] and machine.content() == before, step
    # Both files and the note twice, each with five steps or more.
    assert step > 15


@pytest.fixture
def flash(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    place = tmp_path / "router/etc"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "haven-test", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("pages", range(4))
def test_on_a_full_flash_nothing_is_half_written_and_the_next_time_completes(flash: Path, pages: int) -> None:
    machine = Machine(flash.parent)
    before = machine.content()
    filling = flash / "filling"
    room = os.statvfs(flash)
    filling.write_bytes(bytes((room.f_bavail - pages) * room.f_frsize))
    problems = _apply(machine)
    assert all("No space left on device" in text for text in problems) and (problems or pages)
    found = {name: octets for name, octets in machine.content().items() if name != "etc/filling"}
    assert not [name for name in found if name.endswith(".new")]
    for place in before:
        assert found[place] == before[place] or (place == "etc/config/dhcp") == (
            b"192.168.1.1" in found[place]
        )
    filling.unlink()
    assert _apply(machine) == [] and b"6,192.168.1.1" in machine.content()["etc/config/dhcp"]
    assert take_back(machine) == [] and machine.content() == before


def test_where_uci_has_no_room_for_its_changes_nothing_is_changed(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    before, machine.takes = machine.content(), 1
    assert apply(model(CLIENTS), machine) == [
        "uci could not change a copy of /etc/config/dhcp; is there room in /var/run/haven?"
    ]
    assert machine.content() == before
