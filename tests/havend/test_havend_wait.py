# SPDX-License-Identifier: GPL-2.0-or-later
"""havend --wait, as a service manager starts it: it ends for nothing that a reload or a while can mend."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.havend.machines import SOURCES, Havend, Machine, environment, python, wait_until
from tests.havend.plans import document, lan, write

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

GOOD = lan(advert_interval=10)
# Only the compiler knows that this device has no MAC address.
WRONG = lan(device="lo", virtual_mac=1)
WHY = "device 'lo' is not Ethernet, it has no MAC"


def _problems(node: Havend) -> list[tuple[str, str]]:
    return [(each["code"], each["message"]) for each in node.status()["problems"]]


def _waiting(node: Havend) -> Havend:
    """Start it on a configuration that the compiler refuses."""
    node.write(WRONG)
    node.start("--wait")
    assert [code for code, text in _problems(node) if WHY in text] == ["start-refused"]
    assert node.status()["state"] == "initialize" and node.status()["virtual_routers"] == []
    return node


def test_what_the_compiler_refuses_is_said_once_and_waited_for(pair: Pair, havend: Make) -> None:
    node = _waiting(havend(pair[0]))
    assert node.log.read_text().count(WHY) == 1 and not node.says("Traceback")
    assert [each["text"] for each in node.ask("events")["result"] if WHY in each["text"]]
    # Still wrong: said again, since somebody asked.
    assert node.ask("refuse", problems=["it is still wrong"])["ok"]
    assert _problems(node) == [("start-refused", "The configuration was refused: it is still wrong")]
    node.write(GOOD)
    assert node.ask("load", path=node.compile())["ok"]
    node.until("active")
    assert _problems(node) == [] and "10.9.0.100" in pair[0].addresses("lan")
    assert node.stop() == 0


def test_a_reload_gives_a_waiting_one_its_real_time_priority(
    pair: Pair, havend: Make, tmp_path: Path
) -> None:
    node, plan = _waiting(havend(pair[0])), document(GOOD)
    assert node.ask("load", path=write(tmp_path, {**plan, "realtime": 50}))["ok"]
    policy = os.sched_getscheduler(node.process.pid) & ~os.SCHED_RESET_ON_FORK
    assert (policy == os.SCHED_RR) != ("not-realtime" in node.codes())
    assert node.ask("load", path=write(tmp_path, {**plan, "realtime": 0}))["ok"]
    assert os.sched_getscheduler(node.process.pid) == os.SCHED_OTHER and "not-realtime" not in node.codes()


def test_a_waiting_one_ends_when_told_and_leaves_nothing(pair: Pair, havend: Make) -> None:
    node = havend(pair[0])
    node.run_dir.mkdir()
    # Of another day: nobody must take it for the plan in force.
    (node.run_dir / "plan.json").write_text("{}")
    _waiting(node)
    assert not (node.run_dir / "plan.json").exists()
    assert node.status()["plan"]["virtual_routers"] == 0
    assert node.stop() == 0
    assert [path.name for path in node.run_dir.iterdir()] == ["lock"]


def test_after_a_crash_what_ran_before_goes_on(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], GOOD).start("--wait").until("active")
    node.kill()
    node.write(WRONG)
    node.start("--wait").until("active")
    assert [code for code, text in _problems(node) if WHY in text] == ["reload-refused"]
    assert node.stop() == 0


def test_a_missing_module_is_named(pair: Pair, havend: Make, tmp_path: Path) -> None:
    node = havend(pair[0], GOOD)
    # The compiler heeds no PYTHONPATH; it looks first where haven is.
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "haven").symlink_to(SOURCES / "haven")
    (sources / "pyroute2.py").write_text("raise ModuleNotFoundError(name='pyroute2')\n")
    node.start("--wait", env={**environment(), "PYTHONPATH": str(sources)})
    text = "The configuration was refused: the Python module pyroute2 is not installed"
    assert _problems(node) == [("start-refused", text)]
    diagnostic = node.status()["problems"][0]["facts"]["diagnostic"]
    assert (diagnostic["code"], diagnostic["facts"]) == ("module-missing", {"module": "pyroute2"})


def test_a_run_directory_of_another_havend_is_waited_for(pair: Pair, havend: Make) -> None:
    one = havend(pair[0], GOOD).start("--wait").until("active")
    two = havend(pair[1], GOOD)
    two.run_dir = one.run_dir
    two.begin("--wait")
    text = f"havend: waiting: another havend runs in {one.run_dir}\n"
    wait_until(lambda: two.says(text), "it says what it waits for")
    assert one.stop() == 0
    wait_until(two.is_up, "it has its turn")
    assert two.log.read_text().count("waiting:") == 1
    assert two.stop() == 0


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system without a free octet."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "haven-test", str(place)], check=True)
    try:
        (place / "filling").write_bytes(b"x" * (64 << 10))
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_run_directory_is_waited_out(pair: Pair, havend: Make, full: Path) -> None:
    node = havend(pair[0], GOOD)
    node.run_dir = full
    text = f"{full} cannot be used as the run directory: No space left on device\n"
    assert node.begin().wait(60) == 1 and node.says("havend: not started: " + text)
    node.begin("--wait")
    wait_until(lambda: node.says("havend: waiting: " + text), "it says what it waits for")
    (full / "filling").unlink()
    wait_until(node.is_up, "there is room", 20)
    node.until("active")
    assert node.log.read_text().count("waiting:") == 1


def test_a_plan_that_does_not_fit_is_told_and_the_plan_in_force_stays(
    pair: Pair, havend: Make, full: Path
) -> None:
    (full / "filling").unlink()
    node = havend(pair[0], GOOD)
    node.run_dir = full
    node.start("--wait").until("active")
    before = (full / "plan.json").read_bytes()
    (full / "filling").write_bytes(b"x" * (os.statvfs(full).f_bavail * 4096))
    options = ["--config", str(node.config), "--run-dir", str(full), "reload"]
    argv = ["ip", "netns", "exec", pair[0].name, *python("haven.cli.main"), *options]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert done.returncode == 1
    assert "plan.json.new: cannot be written: No space left on device" in done.stderr
    assert (full / "plan.json").read_bytes() == before and node.state() == "active"
    kept = {"lock", "reload.lock", "plan.json", "havend.sock", "alive", "filling"}
    assert {path.name for path in full.iterdir()} == kept


def test_what_is_wrong_is_on_stderr_and_the_rest_on_stdout(pair: Pair, havend: Make, tmp_path: Path) -> None:
    node = havend(pair[0], GOOD)
    with open(tmp_path / "out", "wb") as out, open(tmp_path / "err", "wb") as err:
        node.start("--wait", stdout=out, stderr=err).until("active")
    assert node.ask("refuse", problems=["it is wrong"])["ok"]
    pair[1].ip("link set lan down")
    node.until("fault")
    assert node.stop() == 0
    ordinary, wrong = ((tmp_path / name).read_text() for name in ("out", "err"))
    assert wrong.splitlines()[0] == "havend: refused: it is wrong"
    # So soon after a start a link may just not be there yet.
    assert len(wrong.splitlines()) == 1 and "the link of lan is down" in ordinary
    assert "Backup -> Active" in ordinary and ordinary.endswith("havend: r1: stopped\n")


def test_a_compiler_that_is_killed_is_nobodys_mistake_and_tried_again(
    pair: Pair, havend: Make, tmp_path: Path
) -> None:
    node = havend(pair[0], GOOD)
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o755)
    lines = ["import sys", "from haven.havend.main import main", f"sys.executable = {str(killed)!r}"]
    script = "; ".join([*lines, "sys.exit(main())"])
    words = ["--wait", "--config", str(node.config), "--run-dir", str(node.run_dir)]
    argv = ["ip", "netns", "exec", pair[0].name, sys.executable, "-c", script, *words]
    done = subprocess.run(argv, capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 1 and "was ended by signal 9" in done.stderr
