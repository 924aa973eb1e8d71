# SPDX-License-Identifier: GPL-2.0-or-later
"""When the guard is armed and lifted, with a recorded nft and kernel setting; the lab has real ones."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from haven.agent.conntrack import guard as module
from haven.agent.conntrack.guard import LASTS_S, LOOK_S, REFRESH_S, RETRY_S, Guard
from tests.agent.turns import Turns

ADDRESSES = ["192.0.2.1", "fe80::77"]


class Kernel:
    """What nft was told, and the setting tcp_loose."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loose_file = folder / "loose"
        self.loose_file.write_text("0\n")
        self.told = folder / "told"
        self.nft = folder / "nft"
        self.listen()
        monkeypatch.setattr(module, "LOOSE_FILE", str(self.loose_file))
        monkeypatch.setenv("PATH", str(folder), prepend=":")

    def listen(self) -> None:
        """Let nft do what it is told."""
        self.let_nft(f"cat >{self.told}")

    def wait_for(self, gate: Path) -> None:
        """Let nft do what it is told, but not before something is there."""
        self.let_nft(f"until [ -e {gate} ]; do sleep 0.02; done; cat >{self.told}")

    def let_nft(self, command: str) -> None:
        # Another file each time: one that runs is not written to.
        text = self.nft.with_suffix(".new")
        text.write_text(f"#!/bin/sh\n{command}\n")
        text.chmod(0o755)
        text.rename(self.nft)

    @property
    def loose(self) -> str:
        return self.loose_file.read_text().strip()

    @property
    def armed(self) -> bool:
        return self.told.exists() and "hook output" in self.told.read_text()


class GuardDesk:
    """A guard, of which every change is carried out before the next."""

    def __init__(self, turns: Turns, run_dir: Path, addresses: list[str], own_ports: Sequence[int]) -> None:
        self._turns = turns
        self.guard = Guard(addresses, str(run_dir), turns.scope, own_ports)

    def follow(self, active: bool) -> None:
        self.guard.follow(active)
        self._turns.settle()

    def advance(self, seconds: float) -> None:
        self._turns.advance(seconds)
        self._turns.settle()

    def end(self) -> list[str]:
        """End it; return what was said of it."""
        said: list[str] = []
        self.guard.end(lambda: said.append("ended"))
        self._turns.settle()
        return said

    @property
    def failure(self) -> str:
        return self.guard.failure


Make = Callable[..., GuardDesk]


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, monkeypatch)


@pytest.fixture
def make(kernel: Kernel, turns: Turns, tmp_path: Path) -> Make:
    """Return what makes a guard, as each agent of a node does."""

    def make(addresses: list[str] = ADDRESSES, own_ports: Sequence[int] = ()) -> GuardDesk:
        return GuardDesk(turns, tmp_path, addresses, own_ports)

    return make


@pytest.fixture
def guard(make: Make) -> GuardDesk:
    return make()


def is_told_nothing_more(guard: GuardDesk, kernel: Kernel) -> bool:
    """Tell whether nft is left alone from now on."""
    kernel.told.unlink(missing_ok=True)
    for _ in range(5):
        guard.advance(REFRESH_S)
    return not kernel.told.exists()


def test_a_standby_arms_it_and_the_new_active_lifts_it_after_its_time(
    guard: GuardDesk, kernel: Kernel
) -> None:
    guard.follow(False)
    assert kernel.armed and kernel.loose == "1"
    guard.advance(3)
    guard.follow(True)
    guard.advance(LASTS_S - 0.5)
    assert kernel.armed and kernel.loose == "1"
    guard.advance(0.5)
    assert not kernel.armed and kernel.loose == "0"
    assert is_told_nothing_more(guard, kernel)


def test_another_group_that_becomes_active_does_not_prolong_it(guard: GuardDesk, kernel: Kernel) -> None:
    guard.follow(False)
    guard.follow(True)
    guard.advance(3)
    guard.follow(True)
    guard.advance(LASTS_S - 3.5)
    assert kernel.armed
    guard.advance(0.5)
    assert not kernel.armed and is_told_nothing_more(guard, kernel)


def test_an_active_that_never_was_standby_guards_nothing(guard: GuardDesk, kernel: Kernel) -> None:
    guard.follow(True)
    assert not kernel.told.exists() and kernel.loose == "0"
    assert is_told_nothing_more(guard, kernel)


def test_the_sets_are_filled_again_before_they_run_out(guard: GuardDesk, kernel: Kernel) -> None:
    guard.follow(False)
    for _ in range(3):
        kernel.told.unlink()
        guard.advance(REFRESH_S - 0.5)
        assert not kernel.told.exists()
        guard.advance(0.5)
        assert kernel.armed
    assert REFRESH_S * 2 < module.LIFETIME_S


def test_every_address_runs_out_in_the_set_of_its_family(guard: GuardDesk, kernel: Kernel) -> None:
    guard.follow(False)
    text = kernel.told.read_text()
    assert "type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout 50s };" in text
    assert "type ipv6_addr; flags timeout; elements = { fe80::77 timeout 50s };" in text


def test_the_next_agent_puts_the_users_setting_back(guard: GuardDesk, kernel: Kernel, make: Make) -> None:
    guard.follow(False)
    make().follow(True)
    assert not kernel.armed and kernel.loose == "0"


def test_the_next_agent_on_a_standby_does_not_take_ours_for_the_users(
    guard: GuardDesk, kernel: Kernel, make: Make
) -> None:
    guard.follow(False)
    later = make()
    later.follow(False)
    assert kernel.loose == "1"
    assert later.end() == ["ended"]
    assert kernel.loose == "0"


def test_what_was_left_goes_also_when_there_is_nothing_to_guard_any_more(
    guard: GuardDesk, kernel: Kernel, make: Make, tmp_path: Path
) -> None:
    for later in (lambda desk: desk.follow(False), lambda desk: desk.guard.clear_left()):
        guard.follow(False)
        assert kernel.armed and kernel.loose == "1"
        desk = make([])
        later(desk)
        desk.advance(0)
        assert not kernel.armed and kernel.loose == "0" and not (tmp_path / "tcp_loose").exists()
        guard = make()


def test_the_users_setting_is_noted_before_it_is_changed(
    guard: GuardDesk, kernel: Kernel, tmp_path: Path
) -> None:
    kernel.wait_for(tmp_path / "gate")
    guard.guard.follow(False)
    assert (tmp_path / "tcp_loose").read_text() == "0" and kernel.loose == "0"
    (tmp_path / "gate").touch()
    guard.advance(0)
    assert kernel.loose == "1"


def test_without_room_for_the_note_the_setting_stays(
    guard: GuardDesk, kernel: Kernel, tmp_path: Path
) -> None:
    (tmp_path / "tcp_loose.new").mkdir()
    (tmp_path / "tcp_loose.new" / "in the way").touch()
    guard.follow(False)
    assert kernel.armed
    assert guard.end() == ["ended"] and kernel.loose == "0"


def test_the_end_of_the_agent_takes_it_back(guard: GuardDesk, kernel: Kernel) -> None:
    guard.follow(False)
    assert guard.end() == ["ended"]
    assert not kernel.armed and kernel.loose == "0"
    assert is_told_nothing_more(guard, kernel)


def test_one_that_is_not_armed_has_nothing_to_take_back(guard: GuardDesk, kernel: Kernel) -> None:
    assert guard.end() == ["ended"]
    assert not kernel.told.exists() and kernel.loose == "0"


def test_the_end_is_said_once_even_without_nft(guard: GuardDesk, kernel: Kernel, monkeypatch) -> None:
    guard.follow(False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert guard.end() == ["ended"]
    assert kernel.loose == "0" and "nft" in guard.failure


def test_an_nft_that_refuses_is_named_and_changes_nothing(guard: GuardDesk, kernel: Kernel) -> None:
    kernel.let_nft("echo 'Error: no such thing' >&2; exit 1")
    guard.follow(False)
    assert guard.failure == "Error: no such thing"
    assert kernel.loose == "0"
    kernel.listen()
    guard.advance(RETRY_S)
    assert guard.failure == "" and kernel.armed


@pytest.mark.parametrize("command", ["exit 1", "kill -9 $$"])
def test_an_nft_that_fails_without_a_word_is_named_and_changes_nothing(
    guard: GuardDesk, kernel: Kernel, command: str
) -> None:
    kernel.let_nft(command)
    guard.follow(False)
    assert guard.failure != "" and kernel.loose == "0"


def test_an_nft_that_is_not_there_is_named(guard: GuardDesk, kernel: Kernel, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    guard.follow(False)
    assert "nft" in guard.failure and kernel.loose == "0"


def test_one_that_could_not_be_armed_in_time_is_not_armed_on_an_active(
    guard: GuardDesk, kernel: Kernel
) -> None:
    kernel.let_nft("echo no >&2; exit 1")
    guard.follow(False)
    guard.advance(3)
    guard.follow(True)
    kernel.listen()
    guard.advance(REFRESH_S)
    assert not kernel.armed and kernel.loose == "0"
    assert is_told_nothing_more(guard, kernel)


def test_without_addresses_there_is_none(kernel: Kernel, make: Make) -> None:
    guard = make([])
    guard.follow(False)
    assert not kernel.told.exists() and is_told_nothing_more(guard, kernel)
    assert guard.end() == ["ended"]


def test_only_a_new_active_keeps_back_unreachables_for_hosts_behind_it(
    guard: GuardDesk, kernel: Kernel
) -> None:
    guard.follow(False)
    assert "elements = { tcp timeout 50s };" in kernel.told.read_text()
    guard.follow(True)
    assert "elements = { tcp timeout 7s, icmp timeout 7s, ipv6-icmp timeout 7s };" in kernel.told.read_text()


# nft takes its time


def test_an_nft_that_is_stuck_is_ended_and_named_and_tried_again(
    guard: GuardDesk, kernel: Kernel, turns: Turns
) -> None:
    kernel.let_nft("exec sleep 1000")
    guard.guard.follow(False)
    turns.advance(module.NFT_LIMIT_S - 0.5)
    assert turns.watched and guard.failure == ""
    turns.advance(0.5)
    assert turns.watched == 0 and "too long" in guard.failure and kernel.loose == "0"
    kernel.listen()
    guard.advance(RETRY_S - module.NFT_LIMIT_S)
    assert guard.failure == "" and kernel.armed


def test_one_nft_runs_at_a_time_and_the_last_word_counts(
    guard: GuardDesk, kernel: Kernel, turns: Turns, tmp_path: Path
) -> None:
    count, gate = tmp_path / "count", tmp_path / "gate"
    guard.follow(False)
    kernel.let_nft(f"echo >>{count}; until [ -e {gate} ]; do sleep 0.02; done; cat >{kernel.told}")
    for active in (True, False, True, False):
        guard.guard.follow(active)
    turns.until(count.exists, "nft runs")
    assert len(count.read_text()) == 1
    gate.touch()
    turns.settle()
    assert len(count.read_text()) == 2
    assert "elements = { tcp timeout 50s };" in kernel.told.read_text()


def test_a_takeover_while_it_is_being_armed_lifts_it_after_its_time(
    guard: GuardDesk, kernel: Kernel, turns: Turns, tmp_path: Path
) -> None:
    kernel.wait_for(tmp_path / "gate")
    guard.guard.follow(False)
    turns.turn()
    guard.guard.follow(True)
    (tmp_path / "gate").touch()
    turns.settle()
    guard.advance(LASTS_S + 0.5)
    assert not kernel.armed and kernel.loose == "0"
    assert is_told_nothing_more(guard, kernel)


def test_the_end_while_it_is_being_armed_takes_it_back(
    guard: GuardDesk, kernel: Kernel, turns: Turns, tmp_path: Path
) -> None:
    kernel.wait_for(tmp_path / "gate")
    guard.guard.follow(False)
    turns.turn()
    said: list[str] = []
    guard.guard.end(lambda: said.append("ended"))
    assert said == []
    (tmp_path / "gate").touch()
    turns.settle()
    assert said == ["ended"] and not kernel.armed and kernel.loose == "0"


def test_the_end_does_not_forget_what_waits_to_be_told(
    guard: GuardDesk, kernel: Kernel, turns: Turns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NFT_LIMIT_S", 1000.0)
    guard.follow(False)
    kernel.wait_for(tmp_path / "gate")
    guard.guard.follow(True)
    turns.turn()
    turns.advance(LASTS_S)
    said: list[str] = []
    guard.guard.end(lambda: said.append("ended"))
    assert said == []
    (tmp_path / "gate").touch()
    turns.settle()
    assert said == ["ended"] and not kernel.armed and kernel.loose == "0"


def test_after_the_end_it_is_not_armed_again(guard: GuardDesk, kernel: Kernel) -> None:
    kernel.let_nft("echo no >&2; exit 1")
    guard.follow(False)
    assert guard.end() == ["ended"]
    kernel.listen()
    assert is_told_nothing_more(guard, kernel) and kernel.loose == "0"


def test_where_the_router_listens_is_looked_at_again_at_the_takeover(
    guard: GuardDesk, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for active, ports in ((False, [22, 1194]), (True, [22, 443, 1194])):
        monkeypatch.setattr(module, "listening_ports", lambda addresses, ports=ports: ports)
        guard.follow(active)
        listed = ", ".join(map(str, ports))
        assert "set here { type inet_service; elements = { %s }; }" % listed in kernel.told.read_text()


def lets_pass(kernel: Kernel) -> str:
    """Return the ports at which this router itself answers, as nft was told."""
    return kernel.told.read_text().partition("set here")[2].partition("}")[0].partition("= {")[2].strip()


def test_a_port_of_a_service_that_the_active_alone_runs_is_let_pass_before_it_listens(
    make: Make, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "listening_ports", lambda addresses: [22])
    guard = make(own_ports=[1194])
    guard.follow(False)
    assert lets_pass(kernel) == "22, 1194"
    guard.follow(True)
    assert lets_pass(kernel) == "22, 1194"


def test_who_begins_to_listen_after_the_takeover_is_let_pass_soon(
    guard: GuardDesk, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = [22]
    monkeypatch.setattr(module, "listening_ports", lambda addresses: list(listening))
    guard.follow(False)
    guard.follow(True)
    listening.append(443)
    guard.advance(LOOK_S)
    assert lets_pass(kernel) == "22, 443" and kernel.armed
    # Another group that becomes Active does not end the looking.
    guard.follow(True)
    listening.append(1194)
    guard.advance(LOOK_S)
    assert lets_pass(kernel) == "22, 443, 1194"
    kernel.told.unlink()
    guard.advance(LOOK_S)
    assert not kernel.told.exists(), "nft is told what it knows"
    guard.advance(LASTS_S)
    assert is_told_nothing_more(guard, kernel)
