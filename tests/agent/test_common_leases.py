# SPDX-License-Identifier: GPL-2.0-or-later
"""What is made of an ACK, of a peer's word and of the server's file: all together, but for the rules."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent.leases import common_leases, lease_file
from haven.agent.leases.common_leases import Leases
from haven.agent.leases.lease_file import LeaseFileError
from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.channel import MessageReader, encode
from tests.agent.turns import turn_until

ONE, TWO = "02:00:00:00:00:01", "02:00:00:00:00:02"
LAN = {"interface": "lan", "device": "lan", "group": "g", "address": "10.0.0.1/24"}


class Gate:
    """Rules that are in force at once."""

    failure = unheld = ""

    def __init__(self, _scope: Scope) -> None:
        self.held: list[str] = []

    def hold(self, devices: list[str]) -> None:
        self.held = devices

    def close(self, _devices: list[str], done: Callable[[], None] = lambda: None) -> None:
        done()

    def end(self, _stays_closed: bool, done: Callable[[], None]) -> None:
        done()


class Holder:
    """A holder that a test speaks for."""

    is_ready, failure = True, ""

    def __init__(self, _scope: Scope, hear: Callable[[dict], None]) -> None:
        self.hear, self.gone, self.holds = hear, [], False

    def start(self) -> None:
        """Nothing to start."""

    def hold(self, holds: bool) -> None:
        self.holds = holds

    def let_go(self, number: int) -> None:
        self.gone.append(number)

    def close(self) -> None:
        """Nothing to end."""


class Wire:
    """The line to a peer; what is said to it is kept."""

    is_open = True
    peer = SimpleNamespace(node="r2")

    def __init__(self) -> None:
        self.said: list[dict] = []

    def say(self, kind: str, **fields: object) -> bool:
        self.said += MessageReader().take(encode(kind, **fields))
        return True


class Box:
    """One router that is Active, with a peer whose words a test says."""

    def __init__(self, root: Path) -> None:
        self.loop, self.failures = Loop(), []
        (root / "etc/init.d").mkdir(parents=True)
        (root / "tmp").mkdir()
        init = root / "etc/init.d/dnsmasq"
        init.write_text(f"#!/bin/sh\necho $1 >>{root}/seen\n")
        init.chmod(0o755)
        self.root, self.file = root, root / "tmp/dhcp.leases"
        roles = Roles()
        roles.states = {"g": "active"}
        scope = Scope(self.loop, str(root), self.failures.append)
        self.around = Surroundings(scope, Places(str(root), "", str(root)), roles, lambda: None)
        self.wire = Wire()
        self.around.carrier.lines = lambda: [self.wire]
        self.leases = Leases(self.around)
        self.leases.take_plan({"lans": [LAN], "lease_file": ""})
        self.until(lambda: self.leases.account()["serves"] == ["lan"])
        self.answer()

    def answer(self) -> None:
        """Let the peer know everything that it was told."""
        said, self.wire.said = self.wire.said, []
        for message in said:
            if message["kind"] == "leases":
                self.hear("leases-kept", number=message["number"], known=0)

    def told(self) -> list[list[dict]]:
        return [each["leases"] for each in self.wire.said if each["kind"] == "leases"]

    def hear(self, kind: str, **fields: object) -> None:
        (message,) = MessageReader().take(encode(kind, **fields))
        self.around.carrier.take(self.wire, message)

    def ack(self, number: int, mac: str, host: int, name: str = "") -> None:
        binding = {"address": f"10.0.0.{host}", "mac": mac, "client_id": "", "name": name, "lasts_s": 3600}
        self.leases._holder.hear({"ack": number, "binding": binding})  # noqa: SLF001

    def peer_gives(self, mac: str, host: int, ago: float) -> None:
        spans = {"lasts_s": 3600, "left_s": 3600 - ago, "began_s": ago, "changed_s": ago, "is_over": False}
        row = {"address": f"10.0.0.{host}", "mac": mac, "client_id": "", "name": "", **spans}
        self.hear("leases", number=1, known=1, leases=[row])

    def until(self, condition: Callable[[], object]) -> None:
        turn_until(self.loop, condition, self.failures)

    def codes(self) -> list[str]:
        return [each["code"] for each in self.leases.problems()]

    def restarts(self) -> int:
        return (self.root / "seen").read_text().count("restart")


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setattr(common_leases, "Gate", Gate)
    monkeypatch.setattr(common_leases, "HolderLink", Holder)
    made = Box(tmp_path)
    yield made
    made.leases.close()


def test_an_ack_goes_when_the_peer_knows_it(box: Box):
    box.until(lambda: box.leases._holder.holds)  # noqa: SLF001
    box.ack(7, ONE, 50, "printer")
    assert box.leases._holder.gone == []  # noqa: SLF001
    assert [row["name"] for each in box.told() for row in each] == ["printer"]
    box.answer()
    assert box.leases._holder.gone == [7]  # noqa: SLF001


def test_an_address_that_the_server_gives_again_is_no_clash(box: Box):
    box.ack(1, ONE, 50)
    box.ack(2, TWO, 50)
    box.until(lambda: box.leases.account()["known"] == 1)
    assert box.codes() == [] and box.restarts() == 1
    over = [row["mac"] for each in box.told() for row in each if row["is_over"]]
    assert over == [ONE], "the other router is told"


def test_an_address_that_both_routers_gave_is_decided_and_named(box: Box):
    box.ack(1, ONE, 50)
    box.peer_gives(TWO, 50, ago=30)
    box.until(lambda: box.codes() == ["lease-clash"] and box.restarts() == 2)
    assert f"{ONE} 10.0.0.50 " in box.file.read_text() and f"{TWO} 10.0.0.50 " not in box.file.read_text()
    box.ack(2, TWO, 70)
    box.until(lambda: box.codes() == [])


def test_what_the_peer_gave_is_given_to_the_server_that_serves(box: Box):
    box.peer_gives(TWO, 60, ago=100)
    box.until(lambda: box.restarts() == 2 and f"{TWO} 10.0.0.60 " in box.file.read_text())
    assert box.leases.account()["known"] == 1


def test_leases_that_the_server_could_not_be_given_have_not_ended(box: Box, monkeypatch: pytest.MonkeyPatch):
    write = lease_file.write

    def full(*_: object) -> None:
        raise LeaseFileError("No space left on device")

    monkeypatch.setattr(lease_file, "write", full)
    box.peer_gives(ONE, 5, ago=10)
    box.until(lambda: "leases-unserved" in box.codes())
    box.wire.said.clear()
    for _ in range(4):
        box.leases._beat()  # noqa: SLF001
    assert box.leases.account()["known"] == 1 and not any(box.told())
    monkeypatch.setattr(lease_file, "write", write)
    box.peer_gives(TWO, 6, ago=10)
    box.until(lambda: box.file.exists() and box.file.read_text().count(" 10.0.0.") == 2)
    # What the server has had has ended when it has it no more.
    box.until(lambda: not box.leases._service.lacks_some)  # noqa: SLF001
    box.leases._beat()  # noqa: SLF001
    box.file.write_text("")
    for _ in range(3):
        box.leases._beat()  # noqa: SLF001
    assert box.leases.account()["known"] == 0


def test_who_is_active_no_more_serves_no_more_and_stays_so(box: Box):
    box.around.roles.states = {"g": "backup"}
    box.leases.take_roles()
    assert box.leases.account()["serves"] == []
    box.peer_gives(TWO, 60, ago=0)
    box.until(lambda: box.leases.account()["known"] == 1)
    assert box.restarts() == 1
