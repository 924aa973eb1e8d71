# SPDX-License-Identifier: GPL-2.0-or-later
"""The DHCP server that gets its leases, is started anew and let answer; and what goes wrong with it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.agent.leases.binding import Binding
from haven.agent.leases.dhcp_service import DhcpService
from haven.agent.leases.file_watch import FileWatch
from haven.agent.leases.lan import read_lans
from haven.agent.leases.lease_table import Table
from haven.agent.loop import Loop, Scope
from tests.agent.turns import turn_until

MAC = "02:00:00:00:00:01"
LANS = read_lans({"lans": [{"interface": "lan", "device": "lan", "group": "g", "address": "10.0.0.1/24"}]})


class Gate:
    """Writes down which devices are closed."""

    def __init__(self) -> None:
        self.closed: list[list[str]] = []

    def close(self, devices: list[str], done: Callable[[], None] = lambda: None) -> None:
        self.closed.append(devices)
        done()


class Box:
    """A service below a folder, with an init script that writes down when it was called."""

    def __init__(self, root: Path) -> None:
        self.root, self.loop, self.gate, self.table = root, Loop(), Gate(), Table()
        for folder in ("etc/init.d", "etc/config", "tmp"):
            (root / folder).mkdir(parents=True)
        self.file = root / "tmp/dhcp.leases"
        self.init("cat tmp/dhcp.leases >>seen; echo $1 >>seen")
        self.failures: list[BaseException] = []
        scope = Scope(self.loop, str(root), self.failures.append)
        self.service = DhcpService(scope, str(root), "", self.gate, self.table)  # type: ignore[arg-type]
        self.service.take_devices(["lan"])

    def init(self, text: str) -> None:
        path = self.root / "etc/init.d/dnsmasq"
        path.write_text(f"#!/bin/sh\ncd {self.root}\n{text}\n")
        path.chmod(0o755)

    def give(self, number: int, lasts_s: float = 3600) -> None:
        now = time.monotonic()
        self.table.put(Binding(f"10.0.0.{number}", MAC[:-1] + str(number % 10), now, lasts_s), now)

    def serve(self) -> None:
        self.service.serve({"lan"})
        self.until(lambda: self.service.serving == {"lan"} and not self.service.is_busy)

    def until(self, condition: Callable[[], object]) -> None:
        turn_until(self.loop, condition, self.failures)

    def seen(self) -> str:
        path = self.root / "seen"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_server_has_all_leases_before_a_client_reaches_it(box: Box):
    assert box.gate.closed == [["lan"]]
    box.give(5)
    box.serve()
    assert f"{MAC[:-1]}5 10.0.0.5 * *\nrestart\n" in box.seen()
    assert box.gate.closed[-2:] == [["lan"], []]
    # Another takeover finds it serving; who serves no more is closed at once.
    box.service.serve({"lan"})
    assert box.seen().count("restart") == 1
    box.service.serve(set())
    assert box.gate.closed[-1] == ["lan"]


def test_an_agent_that_starts_again_lets_a_server_that_serves_go_on(box: Box):
    box.service.resume(["lan"])
    box.service.serve({"lan"})
    assert box.seen() == "" and box.service.serving == {"lan"} and box.gate.closed[-1] == []


def test_what_comes_later_is_given_to_the_server_together(box: Box):
    box.serve()
    for number in (7, 8, 9):
        box.give(number)
        box.service.refresh_soon()
    box.until(lambda: box.seen().count("restart") == 2 and not box.service.is_busy)
    assert all(f" 10.0.0.{number} " in box.seen() for number in (7, 8, 9)) and box.service.serving == {"lan"}


@pytest.mark.parametrize("text", ["exit 3", None])
def test_a_server_that_does_not_start_anew_is_named_and_answers_as_it_is(box: Box, text: str | None):
    if text is None:
        (box.root / "etc/init.d/dnsmasq").unlink()
    else:
        box.init(text)
    box.serve()
    assert "dnsmasq" in box.service.failure


def test_a_file_that_cannot_be_written_is_named(box: Box):
    (box.root / "etc/config/dhcp").write_text("config dnsmasq\n\toption leasefile '/gone/leases'\n")
    box.serve()
    assert "/gone/leases" in box.service.failure and "restart" not in box.seen()


def test_more_leases_than_the_server_takes_would_keep_it_from_starting(box: Box):
    (box.root / "etc/config/dhcp").write_text("config dnsmasq\n\toption dhcpleasemax '2'\n")
    for number in (3, 4, 5):
        box.give(number, lasts_s=1000 * number)
    box.serve()
    assert " 10.0.0.3 " not in box.seen() and " 10.0.0.5 " in box.seen()
    assert (box.service.left_out, box.service.server.most) == (1, 2)


def watched(box: Box) -> tuple[FileWatch, list[Binding]]:
    told: list[Binding] = []
    return FileWatch(box.service.server, box.table, told.append), told


def test_names_and_renewals_of_the_file_are_news_and_nothing_twice(box: Box):
    watch, told = watched(box)
    box.give(5)
    expiry = int(time.time()) + 3600
    box.file.write_text(f"{expiry} {MAC[:-1]}5 10.0.0.5 printer *\n{expiry} {MAC} 10.9.0.9 * *\n")
    for _ in range(3):
        watch.look(LANS)
    assert [(each.address, each.name) for each in told] == [("10.0.0.5", "printer")]


def test_a_file_that_is_cut_short_forgets_nothing(box: Box):
    watch, told = watched(box)
    box.give(5)
    old = box.table.good(time.monotonic())[0]
    old.changed -= 60
    for text in ("", "garbage\n", f"{int(time.time())} {MAC[:-1]}"):
        box.file.write_text(text)
        watch.look(LANS)
    assert told == [] and watch.odd
    # Whole, and without it for longer than a moment: it has ended.
    box.file.write_text(f"{int(time.time()) + 60} {MAC} 10.0.0.9 * *\n")
    watch.look(LANS)
    assert [each.is_over for each in told] == [False]
    watch.look(LANS)
    assert [each.is_over for each in told] == [False, True] and not watch.odd
