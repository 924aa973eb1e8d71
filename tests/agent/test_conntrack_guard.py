# SPDX-License-Identifier: GPL-2.0-or-later
"""When the guard is armed and lifted, with a recorded nft and kernel setting; the lab has real ones."""

from pathlib import Path

import pytest

from haven.agent.conntrack import guard as module
from haven.agent.conntrack.guard import LASTS_S, REFRESH_S, Guard

ADDRESSES = ["192.0.2.1", "fe80::77"]


class Kernel:
    """What nft was told, and the setting tcp_loose."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loose_file = folder / "loose"
        self.loose_file.write_text("0\n")
        self.told = folder / "told"
        self.nft = folder / "nft"
        self.let_nft("cat > %s" % self.told)
        monkeypatch.setattr(module, "LOOSE_FILE", str(self.loose_file))
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    def let_nft(self, command: str) -> None:
        self.nft.write_text("#!/bin/sh\n%s\n" % command)
        self.nft.chmod(0o755)

    @property
    def loose(self) -> str:
        return self.loose_file.read_text().strip()

    @property
    def armed(self) -> bool:
        return self.told.exists() and "hook output" in self.told.read_text()


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, monkeypatch)


@pytest.fixture
def guard(kernel: Kernel, tmp_path: Path) -> Guard:
    return Guard(ADDRESSES, str(tmp_path))


def test_a_standby_arms_it_and_the_new_active_lifts_it_after_its_time(guard: Guard, kernel: Kernel) -> None:
    guard.follow(False, 100)
    assert kernel.armed and kernel.loose == "1"
    guard.follow(True, 103)
    guard.drive(103 + LASTS_S - 0.1)
    assert kernel.armed and kernel.loose == "1"
    assert guard.next_deadline() == 103 + LASTS_S
    guard.drive(103 + LASTS_S)
    assert not kernel.armed and kernel.loose == "0"
    assert guard.next_deadline() is None


def test_another_group_that_becomes_active_does_not_prolong_it(guard: Guard) -> None:
    guard.follow(False, 100)
    guard.follow(True, 103)
    guard.follow(True, 106)
    assert guard.next_deadline() == 103 + LASTS_S


def test_an_active_that_never_was_standby_guards_nothing(guard: Guard, kernel: Kernel) -> None:
    guard.follow(True, 100)
    assert not kernel.told.exists() and kernel.loose == "0"


def test_the_sets_are_filled_again_before_they_run_out(guard: Guard, kernel: Kernel) -> None:
    guard.follow(False, 100)
    kernel.told.unlink()
    guard.drive(100 + REFRESH_S)
    assert kernel.armed
    assert REFRESH_S * 2 < module.LIFETIME_S


def test_every_address_runs_out_in_the_set_of_its_family(guard: Guard, kernel: Kernel) -> None:
    guard.follow(False, 100)
    text = kernel.told.read_text()
    assert "type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 30s };" in text
    assert "type ipv6_addr; flags timeout; elements = { fe80::77 timeout 30s };" in text


def test_the_next_agent_puts_the_users_setting_back(guard: Guard, kernel: Kernel, tmp_path: Path) -> None:
    guard.follow(False, 100)
    Guard(ADDRESSES, str(tmp_path)).follow(True, 200)
    assert not kernel.armed and kernel.loose == "0"


def test_the_next_agent_on_a_standby_does_not_take_ours_for_the_users(
    guard: Guard, kernel: Kernel, tmp_path: Path
) -> None:
    guard.follow(False, 100)
    later = Guard(ADDRESSES, str(tmp_path))
    later.follow(False, 200)
    later.close()
    assert kernel.loose == "0"


def test_the_end_of_the_agent_takes_it_back(guard: Guard, kernel: Kernel) -> None:
    guard.follow(False, 100)
    guard.close()
    assert not kernel.armed and kernel.loose == "0"


def test_an_nft_that_refuses_is_named_and_changes_nothing(guard: Guard, kernel: Kernel) -> None:
    kernel.let_nft("echo 'Error: no such thing' >&2; exit 1")
    guard.follow(False, 100)
    assert guard.failure == "Error: no such thing"
    assert kernel.loose == "0"
    kernel.let_nft("cat > %s" % kernel.told)
    guard.drive(100 + REFRESH_S)
    assert guard.failure == "" and kernel.armed


def test_one_that_could_not_be_armed_in_time_is_not_armed_on_an_active(guard: Guard, kernel: Kernel) -> None:
    kernel.let_nft("exit 1")
    guard.follow(False, 100)
    guard.follow(True, 103)
    kernel.let_nft("cat > %s" % kernel.told)
    guard.drive(100 + REFRESH_S)
    assert not kernel.armed and kernel.loose == "0"
    assert guard.next_deadline() is None


def test_without_addresses_there_is_none(kernel: Kernel, tmp_path: Path) -> None:
    guard = Guard([], str(tmp_path))
    guard.follow(False, 100)
    assert not kernel.told.exists() and guard.next_deadline() is None


def test_only_a_new_active_keeps_back_unreachables_for_hosts_behind_it(guard: Guard, kernel: Kernel) -> None:
    guard.follow(False, 100)
    assert "elements = { tcp timeout 30s };" in kernel.told.read_text()
    guard.follow(True, 103)
    assert "elements = { tcp timeout 7s, icmp timeout 7s, ipv6-icmp timeout 7s };" in kernel.told.read_text()
