# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands ask of havend, and what they say when it has obeyed."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.cli import reload_turn
from haven.cli.main import main
from haven.contract.control import MOST_DIAGNOSTICS, Refusal
from haven.contract.plan import VERSION, check_plan
from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import STATUS, argv
from tests.havend.machines import environment
from tests.havend.plans import MAIN, lan
from tests.lab.wait import wait_until

Fake = Callable[..., FakeHavend]

STANDBY = json.loads((STATUS.parent / "standby.json").read_text())


def run(havend: FakeHavend, *words: str) -> int:
    """Run a command against the fake."""
    return main(["--run-dir", str(havend.run_dir), *words])


def test_switchover_names_who_is_active_now(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    havend = fake(status=STANDBY, switchover={"handed_over": ["gateway"]})
    assert run(havend, "switchover", "gateway") == 0
    assert capsys.readouterr().out == "192.168.1.1 is Active now for gateway; this node is Backup\n"
    assert {"command": "switchover", "group": "gateway"} in havend.requests


def test_switchover_without_a_group_asks_for_all(fake: Fake) -> None:
    havend = fake(status=STANDBY, switchover={"handed_over": ["gateway", "other"]})
    assert run(havend, "switchover") == 0
    assert {"command": "switchover", "group": None} in havend.requests


def test_switchover_that_is_done_is_done_even_if_nobody_tells_who(
    fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    havend = fake(status={}, switchover={"handed_over": ["gateway"]})
    assert run(havend, "switchover") == 0
    assert capsys.readouterr().out.startswith("another router is Active now for gateway")


@pytest.mark.parametrize(
    ("result", "said"),
    (
        ({"handed_over": ["gateway"], "still_active": []}, "192.168.1.1 is Active now for gateway"),
        ({"handed_over": [], "still_active": []}, "becomes Active only when no other router can be"),
        (
            {"handed_over": ["gateway"], "still_active": ["guest"]},
            "192.168.1.1 is Active now for gateway; "
            "no other router takes over guest: this node stays Active there",
        ),
    ),
)
def test_maintenance_says_what_came_of_it(
    result: dict, said: str, fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    havend = fake(status=STANDBY, maintenance=lambda request: {"on": request["on"], **result})
    assert run(havend, "maintenance", "on") == 0
    out = capsys.readouterr().out
    assert said in out
    assert out.count("\n") == 1


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A good configuration."""
    path = tmp_path / "haven"
    path.write_text(MAIN + lan(device="lo"))
    return path


def test_reload_leaves_the_plan_beside_the_one_in_force(
    fake: Fake, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    havend = fake(status=STANDBY, load={"virtual_routers": 1})
    (havend.run_dir / "plan.json").write_text("the plan in force")
    monkeypatch.chdir(havend.run_dir.parent)
    assert main(["--run-dir", havend.run_dir.name, "--config", str(config), "reload"]) == 0
    load = havend.requests[-1]
    assert load == {"command": "load", "path": str(havend.run_dir / "plan.json.new")}
    plan = check_plan(json.loads(Path(load["path"]).read_text()))
    assert plan["virtual_routers"][0]["name"] == "lan"
    # What is only for who looks at a plan is not in the file.
    assert "sequences" not in plan["groups"][0]
    assert (havend.run_dir / "plan.json").read_text() == "the plan in force"


def test_reload_tells_a_havend_of_the_first_release_in_words(
    fake: Fake, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(request: dict) -> object:
        if all(isinstance(each, str) for each in request["problems"]):
            return {}
        return ValueError("refuse needs a list of problems, each a text")

    config.write_text(config.read_text().replace("vrid '51'", "vrid '510'"))
    havend = fake(status=STANDBY, refuse=refuse)
    assert main(["--run-dir", str(havend.run_dir), "--config", str(config), "reload"]) == 1
    said = capsys.readouterr().err
    assert said.endswith("haven: nothing was changed: the configuration in force stays\n")
    told = havend.requests[-1]["problems"]
    assert len(told) == 1 and told[0] in said


def test_reload_says_warnings(fake: Fake, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(MAIN + lan(device="later"))
    assert run(fake(status=STANDBY, load={}), "--config", str(config), "reload") == 0
    out, err = capsys.readouterr()
    assert out == "reloaded: 1 virtual router\n"
    assert err == f"warning: {config}: virtual_router 'lan': device 'later' does not exist yet\n"


def test_reload_in_json_is_one_document(fake: Fake, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    havend = fake(status=STANDBY, load={"virtual_routers": 1}, refuse={})
    assert run(havend, "--config", str(config), "reload", "--json") == 0
    done = {"text": "reloaded: 1 virtual router", "virtual_routers": 1}
    assert json.loads(capsys.readouterr().out) == done
    config.write_text(MAIN + lan(vrid=0))
    for command in ("reload", "plan"):
        assert run(havend, "--config", str(config), command, "--json") == 1
        document = json.loads(capsys.readouterr().out)
        assert (document["valid"], [each["option"] for each in document["problems"]]) == (False, ["vrid"])


def test_reload_that_disables_haven_says_so(
    fake: Fake, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text().replace("enabled '1'", "enabled '0'"))
    assert run(fake(status=STANDBY, load={"stopped": True}), "--config", str(config), "reload") == 0
    assert capsys.readouterr().out == "haven is disabled now (option enabled '0'): havend stops\n"


def test_reload_asks_nothing_of_the_compiler_when_nobody_would_take_the_plan(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("haven.cli.config_commands._make", lambda config: pytest.fail("compiled"))
    assert main(["--run-dir", str(tmp_path), "--config", str(config), "reload"]) == 1
    assert capsys.readouterr().err == "haven: havend is not running\n"


def test_plan_that_havend_refuses_is_said(
    fake: Fake, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    havend = fake(status=STANDBY, load=Refusal("stopping"))
    assert run(havend, "--config", str(config), "reload") == 1
    assert capsys.readouterr().err == "haven: havend is stopping\n"


def test_validate_is_content(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--config", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: no problem; 1 virtual router in 1 group\n"


def test_validate_says_every_problem(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(MAIN + lan(vrid=0, priority=999, premept=1))
    assert main(["validate", "--config", str(config)]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert len(err.splitlines()) == 3


RENAMED = "config conntrack 'copy'\n\toption wait '5'\n"


def test_validate_names_an_option_that_has_another_name_now(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(config.read_text() + RENAMED)
    assert main(["validate", "--config", str(config)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{config}: no problem; 1 virtual router in 1 group\n"
    assert err.startswith(f"warning: {config}:") and "option 'wait': is now called 'sync_wait'" in err
    assert main(["validate", "--json", "--config", str(config)]) == 0
    document = json.loads(capsys.readouterr().out)
    (warning,) = document["warnings"]
    assert (document["valid"], document["problems"]) == (True, [])
    assert (warning["code"], warning["option"], warning["facts"]) == (
        "option-renamed",
        "wait",
        {"name": "sync_wait"},
    )


def test_validate_in_json_is_one_document(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(MAIN + lan(vrid=0))
    assert main(["validate", "--json", "--config", str(config)]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (err, document["valid"], len(document["problems"])) == ("", False, 1)
    (problem,) = document["problems"]
    assert (problem["code"], problem["section_name"], problem["option"]) == ("value-whole", "lan", "vrid")
    assert problem["facts"]["value"] == "0" and problem["text"].endswith(problem["message"])


def test_file_that_is_not_there_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("validate", "plan"):
        assert main([command, "--config", str(tmp_path / "none")]) == 1
        assert "cannot be read: No such file" in capsys.readouterr().err


def test_plan_shows_the_steps(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", str(config)]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    taken = lines.index("takeover 1. advertisement for lan")
    assert lines[taken + 1] == "2. add 10.9.0.100/32 to lo"
    assert "handover 1. priority 0 advertisement for lan" in lines[taken:]
    assert main(["plan", "--json", "--config", str(config)]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["version"], plan["node"]) == (VERSION, "r1")
    assert plan["groups"][0]["sequences"]["takeover"][0]["code"] == "advertise"


def test_plan_says_every_problem(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text(MAIN + lan(vrid=0, priority=999))
    assert main(["plan", "--config", str(config)]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 2)


def test_refused_reload_tells_havend_every_problem_with_its_code(fake: Fake, config: Path) -> None:
    config.write_text(MAIN + lan(vrid=0, priority=999))
    havend = fake(status=STANDBY, refuse={})
    assert run(havend, "--config", str(config), "reload") == 1
    assert havend.asked()[-1] == "refuse"
    told = [(each["code"], each["option"], each["line"] > 0) for each in havend.requests[-1]["problems"]]
    assert told == [("value-whole", "vrid", True), ("value-whole", "priority", True)]


def test_refused_reload_tells_havend_no_more_than_it_takes(fake: Fake, config: Path) -> None:
    config.write_text(MAIN + "".join(lan(f"lan{number}", vrid=0) for number in range(MOST_DIAGNOSTICS + 1)))
    havend = fake(status=STANDBY, refuse={})
    assert run(havend, "--config", str(config), "reload") == 1
    assert len(havend.requests[-1]["problems"]) == MOST_DIAGNOSTICS


# The command as it is on OpenWrt, with another place for the service's script.
ON_OPENWRT = """
import sys
from haven import paths
from haven.cli import main, usage
paths.SERVICE = sys.argv.pop(1)
usage.Request.is_of_service = lambda request: True
sys.exit(main.main())
"""


def test_on_openwrt_the_service_follows_a_reload_even_if_it_has_called_for_it(
    fake: Fake, config: Path, tmp_path: Path
) -> None:
    service, lock = tmp_path / "service", tmp_path / "lock"
    service.write_text("#!/bin/sh\necho $1\nflock --nonblock 9 && echo in turn\n")
    service.chmod(0o755)
    havend = fake(status=STANDBY, load={})
    words = ["--run-dir", havend.run_dir, "--config", config, "reload"]
    # As rc.common does it: the lock is held by a descriptor that children get.
    argv = [
        "sh",
        "-c",
        f'exec 9>{lock}; flock 9; "$@"',
        "-",
        sys.executable,
        "-c",
        ON_OPENWRT,
        service,
        *words,
    ]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "reloaded: 1 virtual router\nstart\nin turn\n"


def test_on_openwrt_a_stop_says_that_the_service_goes_on(fake: Fake, config: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    service.write_text("#!/bin/sh\n")
    service.chmod(0o755)
    havend = fake(status=STANDBY, stop={"stopped": True})
    argv = [sys.executable, "-c", ON_OPENWRT, service, "--run-dir", havend.run_dir, "stop"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("procd starts it again in a moment; 'service haven stop' stops it for good\n")
    assert run(havend, "stop") == 0


def test_a_backup_that_stops_has_given_up_nothing(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fake(status=STANDBY, stop={"stopped": True}), "stop") == 0
    assert capsys.readouterr().out == "havend has stopped; this node held no virtual address\n"


def test_a_havend_of_any_release_can_be_stopped(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fake(status={}, stop={"stopped": True}), "stop") == 0
    assert capsys.readouterr().out == "havend has stopped; this node has given up the virtual addresses\n"


def test_on_openwrt_a_service_that_was_stopped_is_named_with_what_starts_it(
    config: Path, tmp_path: Path
) -> None:
    service = tmp_path / "service"
    service.write_text("#!/bin/sh\n")
    service.chmod(0o755)
    argv = [sys.executable, "-c", ON_OPENWRT, service, "--run-dir", tmp_path, "--config", config, "status"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "'service haven start' starts it" in done.stderr


def test_a_refused_reload_leaves_the_service_alone(fake: Fake, config: Path, tmp_path: Path) -> None:
    service = tmp_path / "service"
    service.write_text("#!/bin/sh\necho $1\n")
    service.chmod(0o755)
    config.write_text("config haven 'main'\n\toption enabld '1'\n")
    words = ["--run-dir", fake(status=STANDBY, refuse={}).run_dir, "--config", config, "reload"]
    argv = [sys.executable, "-c", ON_OPENWRT, service, *words]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "") and "nothing was changed" in done.stderr


def test_second_reload_takes_the_configuration_as_it_is_when_the_first_has_ended(
    fake: Fake, config: Path
) -> None:
    """Two at once: the one that had read the older configuration could be the last to hand over its plan."""
    havend = fake(status=STANDBY, load={"virtual_routers": 1})
    first = os.open(havend.run_dir / "reload.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(first, fcntl.LOCK_EX)
    second = subprocess.Popen(argv(havend.run_dir, config, "reload"), env=environment())
    try:
        wait_until(lambda: _waits_at(second.pid, "reload.lock"), 30, "it waits for the first")
        config.write_text(MAIN + lan(device="lo", vrid=77))
    finally:
        os.close(first)
        assert second.wait(60) == 0
    plan = json.loads((havend.run_dir / "plan.json.new").read_text())
    assert plan["virtual_routers"][0]["vrid"] == 77


def _waits_at(pid: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return any(os.readlink(each).endswith(name) for each in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_reload_that_waits_for_another_says_for_whom_and_gives_up_with_nothing_done(
    fake: Fake, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reload_turn, "RELOAD_S", 0.0)
    havend = fake(status=STANDBY, load={"virtual_routers": 1})
    with reload_turn.reload_turn(str(havend.run_dir)):
        assert run(havend, "--config", str(config), "reload") == 1
    waiting, failed = capsys.readouterr().err.splitlines()
    other = f"another 'haven reload' (process {os.getpid()})"
    assert waiting == f"waiting for {other}"
    assert failed == f"haven: nothing was changed: {other} has not come to its end in 0 s"
    assert not [each for each in havend.requests if each["command"] == "load"]
