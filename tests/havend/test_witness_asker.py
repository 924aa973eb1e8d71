# SPDX-License-Identifier: GPL-2.0-or-later
"""Witnesses are asked all the time, by what they answer, and the status tells when they did."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.havend.machines import Havend, Machine, cable, environment, wait_until
from tests.havend.plans import lan, section

SIX = {"address": ("fe80::100/64", "fd09::100/64")}
# Whoever does not answer ARP or neighbour solicitations is known to the kernel by hand.
MAC = "02:00:00:00:00:02"
SILENT = """
table arp silent { chain input { type filter hook input priority 0; drop; }; }
table ip6 silent { chain input { type filter hook input priority 0; icmpv6 type nd-neighbor-solicit drop; }; }
"""


def group(*witnesses: str, **more: object) -> str:
    return section("group", "gateway", witness=witnesses, witness_patience=2, **more)


def report(havend: Havend) -> dict[str, tuple[int | None, str | None]]:
    (found,) = havend.status()["groups"]
    return {each["address"]: (each["answered_ms"], each["by"]) for each in found["witnesses"]}


def answers(havend: Havend, address: str, by: str) -> bool:
    answered_ms, found = report(havend)[address]
    return answered_ms is not None and answered_ms < 1500 and found == by


@pytest.fixture
def two() -> Iterator[tuple[Machine, Machine]]:
    router, witness = Machine(), Machine()
    cable(router, witness)
    witness.ip(f"link set lan address {MAC}")
    for number, machine in ((1, router), (2, witness)):
        machine.ip(f"address add fd09::{number}/64 dev lan nodad")
    yield router, witness
    for machine in (router, witness):
        machine.close()


def nft(machine: Machine, text: str) -> None:
    subprocess.run(["ip", "netns", "exec", machine.name, "nft", "-f", "-"], input=text, text=True, check=True)


def test_witness_is_asked_by_what_it_answers(two: tuple[Machine, Machine], tmp_path: Path):
    router, witness = two
    sections = (
        group("10.9.0.2", "fd09::2"),
        lan(group="gateway"),
        lan("lan6", group="gateway", **SIX),
    )
    havend = Havend(router, tmp_path, *sections).start().until("active", "gateway")
    wait_until(lambda: answers(havend, "10.9.0.2", "arp"), "ARP is answered")
    wait_until(lambda: answers(havend, "fd09::2", "neighbour"), "a neighbour solicitation is answered")
    nft(witness, SILENT)
    for address in ("10.9.0.2", "fd09::2"):
        router.ip(f"neigh replace {address} lladdr {MAC} dev lan nud permanent")
        wait_until(lambda at=address: answers(havend, at, "echo"), "a ping is answered")
    wait_until(lambda: havend.codes() == set(), "nothing is the matter")
    assert havend.state("gateway") == "active"
    assert {"witness-heard"} <= {each["code"] for each in havend.ask("events")["result"]}


def test_witness_that_never_answered_is_named_and_stops_nothing(two: tuple[Machine, Machine], tmp_path: Path):
    havend = Havend(two[0], tmp_path, group("10.9.0.7"), lan(group="gateway")).start()
    havend.until("active", "gateway")
    wait_until(lambda: havend.codes() == {"witness-silent"}, "the witness is named")
    assert havend.state("gateway") == "active" and report(havend) == {"10.9.0.7": (None, None)}


def test_active_that_loses_its_witness_gives_up_and_serves_again_with_it(
    two: tuple[Machine, Machine], tmp_path: Path
):
    router, witness = two
    havend = Havend(router, tmp_path, group("10.9.0.2"), lan(group="gateway")).start()
    havend.until("active", "gateway")
    wait_until(lambda: answers(havend, "10.9.0.2", "arp"), "the witness answers")
    witness.ip("address del 10.9.0.2/24 dev lan")
    havend.until("backup", "gateway")
    wait_until(lambda: havend.codes() == {"alone", "witness-silent"}, "both are named")
    assert "10.9.0.100" not in router.addresses("lan")
    assert havend.transitions()[-1]["reason"] == "alone"
    wait_until(lambda: "held-back" in {each["code"] for each in havend.ask("events")["result"]}, "and told")
    witness.ip("address add 10.9.0.2/24 dev lan")
    havend.until("active", "gateway")
    wait_until(lambda: havend.codes() == set(), "nothing is the matter")


def test_witness_is_asked_on_a_device_that_was_made_anew(two: tuple[Machine, Machine], tmp_path: Path):
    router, witness = two
    havend = Havend(router, tmp_path, group("10.9.0.2"), lan(group="gateway")).start()
    wait_until(lambda: answers(havend, "10.9.0.2", "arp"), "the witness answers")
    router.ip("link del lan")
    wait_until(lambda: havend.state("gateway") == "fault", "the device is gone")
    cable(router, witness)
    wait_until(lambda: answers(havend, "10.9.0.2", "arp"), "the witness answers again")
    havend.until("active", "gateway")


def test_reload_begins_and_ends_the_asking(two: tuple[Machine, Machine], tmp_path: Path):
    havend = Havend(two[0], tmp_path, group(), lan(group="gateway")).start().until("active", "gateway")
    assert report(havend) == {}
    for witnesses in (("10.9.0.2",), ()):
        havend.reload(group(*witnesses), lan(group="gateway"))
        wait_until(lambda there=witnesses: tuple(report(havend)) == there, "the witness is asked, or not")
        if witnesses:
            wait_until(lambda: answers(havend, "10.9.0.2", "arp"), "it answers")
    wait_until(lambda: havend.codes() == set(), "nothing is the matter")
    assert havend.state("gateway") == "active"


def test_without_a_witness_nothing_of_it_is_loaded():
    program = (
        "import sys, haven.havend.daemon\n"
        "from haven.core.engine import Engine\n"
        "from tests.core.wire import group\n"
        "Engine().load((group(),), 0)\n"
        "print([name for name in sys.modules if 'witness' in name or 'isolation' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment()
    )
    assert done.stdout.strip() == "[]"
