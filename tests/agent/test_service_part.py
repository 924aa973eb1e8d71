# SPDX-License-Identifier: GPL-2.0-or-later
"""Services by role as the agent carries them out: real commands, their limits, their last words, the note."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.services.part import ServicesPart
from haven.agent.services.service_note import BOOT_ID
from haven.contract.services import check_told
from tests.agent.processes import lives
from tests.agent.service_world import GROUP, planned
from tests.agent.turns import Turns
from tests.lab.wait import wait_until

PROCD = """#!/bin/sh
[ "$*" = "-S call service list" ] && cat {answer}
"""


class Shop:
    """The part with services whose commands write into one file what they are told."""

    def __init__(self, folder: Path, scope: Scope) -> None:
        self.folder, self.record = folder, folder / "record"
        self.record.touch()
        self.make(scope)

    def make(self, scope: Scope) -> None:
        """Make the part of an agent that has just started."""
        places = Places(str(self.folder), "", str(self.folder))
        self.around = Surroundings(scope, places, Roles(), lambda: None)
        self.part = ServicesPart(self.around)
        self.part.take_plan()
        self.part.take_roles()

    def offer(self, *services: dict[str, Any]) -> None:
        """Take a plan with these services."""
        parts = {"services": {"services": list(services)}} if services else {}
        self.around.take_plan({"node": "r1", "parts": parts})
        self.part.take_plan()

    def service(self, name: str, start: str = "", stop: str = "", **more: Any) -> dict[str, Any]:
        """Return a service with commands of the shell beside those that write what is told."""
        says = f'echo "$SERVICE {{}} $ROLE" >>{self.record}; {{}}'
        commands = {"start": says.format("start", start), "stop": says.format("stop", stop)}
        ready = {action: [["/bin/sh", "-c", text]] for action, text in commands.items()}
        return planned(name, **{**ready, **more})

    def role(self, state: str) -> None:
        """Let the group have a state."""
        for change in self.around.roles.compare({GROUP: state}):
            self.part.take_change(change)
        self.part.take_roles()

    def told(self) -> list[str]:
        """Return what was told, and forget it."""
        lines = self.record.read_text().splitlines()
        self.record.write_text("")
        return lines

    def state(self, name: str) -> dict[str, Any]:
        """Return a service as the status has it."""
        found = self.part.account().get("services", [])
        check_told(json.loads(json.dumps(found)), "services")
        return next(each for each in found if each["name"] == name)


@pytest.fixture
def shop(tmp_path: Path, turns: Turns) -> Iterator[Shop]:
    yield Shop(tmp_path, turns.scope)


def settled(turns: Turns, shop: Shop, name: str, state: str) -> dict[str, Any]:
    turns.until(lambda: shop.state(name)["is"] == state, f"{name} is {state}")
    return shop.state(name)


def test_a_plan_without_services_loads_nothing_and_says_nothing(shop: Shop):
    shop.role("active")
    assert (shop.part.account(), shop.part.problems(), shop.part._keeper) == ({}, [], None)


def test_an_agent_without_services_has_nothing_of_them_in_memory():
    code = "import sys, haven.agent.agent; print([name for name in sys.modules if 'services.' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['haven.agent.services.part']"


def test_the_role_is_carried_out_and_told(shop: Shop, turns: Turns):
    shop.offer(shop.service("dns"), shop.service("vpn"))
    assert shop.state("vpn")["wanted"] == "undecided" and shop.told() == []
    shop.role("backup")
    settled(turns, shop, "dns", "stopped")
    assert shop.told() == ["vpn stop backup", "dns stop backup"]
    shop.role("active")
    found = settled(turns, shop, "vpn", "running")
    assert shop.told() == ["dns start active", "vpn start active"]
    assert found["why"]["text"] == f"{GROUP} is Active here" and found["failure"] is None
    assert abs(found["since"] - time.time()) < 60


def test_initialize_before_any_role_starts_nothing(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn", role="both"))
    shop.role("initialize")
    turns.turn()
    assert shop.state("vpn")["wanted"] == "undecided"
    shop.role("backup")
    settled(turns, shop, "vpn", "running")
    shop.told()
    shop.role("initialize")
    assert shop.state("vpn")["why"]["code"] == "everywhere"


def test_one_that_hangs_is_killed_with_what_it_has_started(shop: Shop, turns: Turns):
    child = shop.folder / "child"
    hang = f"sleep 1000 & echo $! >{child}; echo waiting for the moon; wait"
    shop.offer(shop.service("hangs", start=hang, start_timeout_us=3_000_000), shop.service("next"))
    shop.role("active")
    turns.until(lambda: child.exists() and child.read_text().strip(), "it hangs")
    turns.advance(3.1)
    settled(turns, shop, "next", "running")
    wait_until(lambda: not lives(int(child.read_text())), 10, "what it has started is ended")
    (found,) = shop.part.problems()
    assert (found["code"], found["facts"]["failure"]["code"]) == ("service-failed", "late")
    assert shop.state("hangs")["retry_s"] is not None


def test_one_that_hangs_and_is_not_wanted_any_more_does_not_keep_the_others_running(shop: Shop, turns: Turns):
    shop.offer(shop.service("dns"), shop.service("hangs", start="sleep 1000", start_timeout_us=600_000_000))
    shop.role("active")
    turns.until(lambda: "hangs start active" in shop.record.read_text(), "it hangs")
    shop.role("backup")
    turns.advance(5.1)
    settled(turns, shop, "dns", "stopped")
    assert shop.part.problems() == []


def test_without_havend_nothing_of_the_actives_runs_on(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn"), shop.service("ntp", role="both"))
    shop.role("active")
    settled(turns, shop, "ntp", "running")
    turns.step_until(lambda: shop.state("vpn")["wanted"] == "rest", 1, 20)
    settled(turns, shop, "vpn", "stopped")
    assert shop.state("ntp")["is"] == "running"
    shop.role("active")
    settled(turns, shop, "vpn", "running")


def test_the_last_words_of_one_that_fails_are_shown(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn", start="echo one; echo no key in /etc/vpn >&2; exit 4"))
    shop.role("active")
    found = settled(turns, shop, "vpn", "failed")
    assert found["failure"]["words"].splitlines()[-1] == "no key in /etc/vpn"
    assert found["failure"]["text"] == "start: ended with status 4"
    (problem,) = shop.part.problems()
    assert problem["facts"]["words"] == "no key in /etc/vpn"


def peak_kib() -> int:
    """Tell how much memory this process has had at the most."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def test_one_that_writes_a_hundred_megabytes_costs_none(shop: Shop, turns: Turns):
    shop.offer(shop.service("loud", start="head -c 104857600 /dev/zero | tr '\\0' x; echo; echo done"))
    # Many tests before have made of this process what it is: from here on the peak is counted anew (proc(5)).
    Path("/proc/self/clear_refs").write_text("5")
    before = peak_kib()
    shop.role("active")
    settled(turns, shop, "loud", "running")
    assert peak_kib() - before < 50_000


def test_a_script_of_openwrts_is_watched_through_procd(shop: Shop, turns: Turns, monkeypatch):
    answer, bin_folder = shop.folder / "answer", shop.folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "ubus").write_text(PROCD.format(answer=answer))
    (bin_folder / "ubus").chmod(0o755)
    monkeypatch.setattr("haven.agent.services.command_runner.PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")

    def procd_has(**instances: Any) -> None:
        answer.write_text(json.dumps({"vpn": {"instances": instances}} if instances else {}))

    procd_has(main={"running": True, "pid": 7})
    shop.offer(shop.service("vpn", inits=["vpn"], process=True))
    shop.role("active")
    settled(turns, shop, "vpn", "running")
    procd_has(main={"running": False, "exit_code": 1})
    turns.advance(10)
    turns.until(lambda: shop.state("vpn")["deaths"], "its death is seen")
    procd_has()
    shop.role("backup")
    settled(turns, shop, "vpn", "stopped")
    procd_has(main={"running": True, "pid": 9})
    turns.step_until(lambda: "vpn stop backup" in shop.told()[1:] or shop.state("vpn")["is"] == "running", 5)
    procd_has()
    settled(turns, shop, "vpn", "stopped")


def test_a_script_that_is_not_there_is_named(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn", inits=["gone"]) | {"start": [["/etc/init.d/gone-by-test", "start"]]})
    shop.role("active")
    found = settled(turns, shop, "vpn", "failed")
    assert found["failure"]["text"] == "/etc/init.d/gone-by-test is not there"


def test_a_stop_that_fails_is_a_problem_of_the_standby(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn", stop="echo it is busy; exit 1"))
    shop.role("backup")
    settled(turns, shop, "vpn", "stuck")
    (found,) = shop.part.problems()
    assert (found["code"], found["facts"]["words"]) == ("service-stuck", "it is busy")


def test_what_openwrt_would_start_at_boot_is_named(shop: Shop, turns: Turns):
    links = shop.folder / "etc/rc.d"
    links.mkdir(parents=True)
    (links / "S60vpn").symlink_to("../init.d/vpn")
    shop.offer(shop.service("mine", inits=["vpn"]), shop.service("both", role="both", inits=["vpn2"]))
    (found,) = shop.part.problems()
    assert (found["code"], found["facts"]["init"]) == ("service-at-boot", "vpn")


def test_an_agent_that_is_started_again_goes_on_where_the_last_one_was(shop: Shop, turns: Turns):
    services = [shop.service("dns"), shop.service("vpn", start="sleep 1000")]
    shop.offer(*services)
    shop.role("active")
    turns.until(lambda: "vpn start active" in shop.record.read_text(), "the second one starts")
    note = json.loads((shop.folder / "services.json").read_text())
    shop.told()
    # As killed: nothing of it has a chance to tidy up.
    child = note["child"][0]
    shop.make(turns.another_scope(shop.folder))
    shop.offer(*services)
    wait_until(lambda: not lives(child), 10, "what the last one was running is ended")
    assert shop.state("dns")["is"] == "running"
    shop.role("active")
    turns.until(lambda: shop.record.read_text(), "it is told again")
    assert shop.told() == ["vpn start active"]


def test_a_note_that_is_no_note_is_none(shop: Shop, turns: Turns):
    boot = Path(BOOT_ID).read_text().strip()
    good = {"services": {}, "moves": {}, "groups": [], "child": None, "boot": boot}
    damages = (
        {"services": 1},
        {"services": {"a": 1}},
        {"moves": {"a": "b"}},
        {"child": [1]},
        {"groups": [1]},
    )
    for text in ("", "{", "[]", *(json.dumps({**good, **damage}) for damage in damages)):
        (shop.folder / "services.json").write_text(text)
        shop.make(turns.another_scope(shop.folder))
        shop.offer(shop.service("vpn"))
        assert shop.state("vpn")["is"] == "unknown"


def test_a_note_of_another_boot_is_none(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn"))
    shop.role("active")
    settled(turns, shop, "vpn", "running")
    path = shop.folder / "services.json"
    note = json.loads(path.read_text())
    path.write_text(json.dumps({**note, "boot": "another"}))
    shop.make(turns.another_scope(shop.folder))
    shop.offer(shop.service("vpn"))
    assert shop.state("vpn")["is"] == "unknown"


def test_the_end_waits_until_the_services_have_been_told(shop: Shop, turns: Turns):
    shop.offer(shop.service("vpn", stop="sleep 0.2"))
    shop.role("active")
    settled(turns, shop, "vpn", "running")
    shop.role("initialize")
    ended: list[bool] = []
    shop.part.end(lambda: ended.append(True))
    assert not ended
    turns.until(lambda: ended, "it has ended")
    assert shop.told()[-1] == "vpn stop stopped"


class RealTime:
    """A loop by the clock on the wall."""

    def __init__(self, folder: Path) -> None:
        self.loop = Loop()
        self.failures: list[BaseException] = []
        self.scope = Scope(self.loop, str(folder), self.failures.append)

    def until(self, condition: Callable[[], bool], budget_s: float) -> None:
        """Turn until something is so."""
        end = time.monotonic() + budget_s
        while not condition():
            assert time.monotonic() < end, "not so in time"
            waking = self.loop.at(time.monotonic() + 0.02, lambda: None)
            self.loop.turn()
            waking.cancel()
            assert not self.failures, self.failures


# A service that writes down what it does: who starts while it runs, or runs when it is over, is seen.
WRITES_DOWN = "echo $SERVICE {what} $(cut -d' ' -f1 /proc/uptime) >>{record}; {more}"


@pytest.mark.parametrize("last", ["active", "backup"])
def test_fifty_changes_of_role_end_as_the_role_wants_it(tmp_path: Path, last: str):
    """The short form of `python -m bench services`: slow, hanging and failing ones, fifty changes."""
    clock = RealTime(tmp_path)
    shop = Shop(tmp_path, clock.scope)
    chance = random.Random(last)
    kinds = {"quick": "", "slow": "sleep 0.1", "fails": "exit 1", "hangs": "sleep 100"}
    shop.offer(
        *[
            shop.service(name, more, start_timeout_us=300_000 if name == "hangs" else 5_000_000)
            for name, more in kinds.items()
        ]
    )
    for number in range(50):
        shop.role(last if number == 49 else ("active", "backup")[number % 2])
        pause = time.monotonic() + chance.uniform(0, 0.06)
        clock.until(lambda pause=pause: time.monotonic() >= pause, 60)  # type: ignore[misc]
    good = {"active": ["running", "running"], "backup": ["stopped"] * 2}[last]
    clock.until(lambda: [shop.state(name)["is"] for name in ("quick", "slow")] == good, 60)
    if last == "backup":
        clock.until(lambda: all(shop.state(name)["is"] == "stopped" for name in kinds), 60)
    told = [line.split()[:2] for line in shop.told()]
    for name in ("quick", "slow"):
        mine = [action for about, action in told if about == name]
        assert all(one != other for one, other in zip(mine, mine[1:], strict=False)), mine
        assert mine[-1] == ("start" if last == "active" else "stop")
    clock.scope.close()
    clock.loop.close()
