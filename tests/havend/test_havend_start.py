# SPDX-License-Identifier: GPL-2.0-or-later
"""How havend starts and ends."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from haven import VERSION
from haven.contract.plan import VERSION as PLAN_VERSION
from haven.contract.steps import step_text
from haven.havend import start
from haven.launch import PROGRAMS
from tests.havend.machines import SOURCES, Havend, Machine, environment, python, wait_until
from tests.havend.plans import MAIN, document, lan, section, write

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

SOON = lan(advert_interval=10)
# A boot takes a fraction of a second here.
QUICK_BOOT = """
from haven.havend import event_history, main
event_history.COMING_UP = 300_000
raise SystemExit(main.main())
"""


def _refused(node: Havend, *texts: str) -> None:
    assert node.begin().wait(60) == 1
    for text in texts:
        assert node.says(text), node.log.read_text()
    assert not node.says("Traceback")


def _handover(node: Havend) -> str | None:
    group = node.status()["groups"][0]
    # Its first name, and the one that came later.
    assert group["leaving"] == group["handover"]
    return group["handover"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing(pair: Pair, havend: Make, number: int) -> None:
    node = havend(pair[0], lan(advert_interval=10, virtual_mac=1, accept=0)).start().until("active")
    device = node.router()["device"]
    assert device == "lan" and pair[0].link("hv4-51-lan")
    node.signal(number)
    assert node.process.wait(60) == 0
    assert pair[0].link("hv4-51-lan") is None
    assert sorted(path.name for path in node.run_dir.iterdir()) == ["lock", "plan.json"]
    assert node.log.read_text().endswith("havend: r1: stopped\n")
    rules = subprocess.run(
        ["ip", "netns", "exec", pair[0].name, "nft", "list", "ruleset"], capture_output=True, check=True
    )
    assert rules.stdout == b""


def test_stop_through_the_socket_is_answered_when_the_addresses_are_away(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan()).start().until("active")
    with node.connect() as line, node.connect() as other:
        line.sendall(b'{"command": "stop"}\n')
        wait_until(lambda: _handover(node) == "stop", "it is handing over")
        for command in ("load", "switchover", "maintenance"):
            answer = node.ask(command, path="/nowhere", on=True)
            assert answer == {"ok": False, "error": "havend is stopping", "code": "stopping", "facts": {}}
        other.sendall(b'{"command": "stop"}\n')
        assert line.recv(4096) == b'{"ok": true, "result": {"stopped": true}}\n'
        assert "10.9.0.100" not in pair[0].addresses("lan")
        assert other.recv(4096) == b'{"ok": true, "result": {"stopped": true}}\n'
    assert node.process.wait(60) == 0


def test_a_second_signal_does_not_wait_for_a_successor(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(advert_interval=40_000, priority=255)).start().until("active")
    node.signal(signal.SIGTERM)
    wait_until(lambda: _handover(node) == "stop", "it is handing over")
    node.signal(signal.SIGTERM)
    assert node.process.wait(30) == 0
    assert "10.9.0.100" not in pair[0].addresses("lan")


def test_one_run_directory_is_for_one_havend(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).start().until("active")
    second = havend(pair[1], SOON)
    second.run_dir = node.run_dir
    _refused(second, "havend: not started: another havend runs in %s" % node.run_dir)
    assert node.state() == "active"
    # One that hangs is there, too.
    node.signal(signal.SIGSTOP)
    _refused(second, "another havend runs in")


def test_a_lock_of_whoever_may_read_the_run_directory_keeps_nobody_out(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).prepare()
    descriptor = os.open(node.run_dir, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        node.start().until("active")
    finally:
        os.close(descriptor)
    assert (node.run_dir / "lock").stat().st_mode & 0o777 == 0o600


def test_a_mount_that_is_not_utf_8_keeps_nobody_from_its_start(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).prepare()
    mounted = os.fsencode(node.folder) + b"/\xe9"
    os.mkdir(mounted)
    shell = 'mount -t tmpfs none "$0" && exec "$@"'
    node.program = [b"sh", b"-c", shell.encode(), mounted, *node.program]
    node.start().until("active")


def test_a_run_directory_that_cannot_be_is_named(machine: Machine, havend: Make, tmp_path: Path) -> None:
    node = havend(machine, lan())
    (tmp_path / "file").write_text("")
    for place, why in (
        (tmp_path / "file", "File exists"),
        (tmp_path / "file" / "below", "Not a directory"),
        (Path("/proc/haven"), "No such file or directory"),
        (Path("/proc/self"), "it is not writable"),
    ):
        node.run_dir = place
        _refused(node, "not started: %s cannot be used as the run directory: %s" % (place, why))


def test_a_run_directory_that_others_can_write_to_is_not_used(
    machine: Machine, havend: Make, tmp_path: Path
) -> None:
    """What lies there is gone by as root: the commands of a plan, for one."""
    node = havend(machine, lan())
    node.run_dir = tmp_path / "shared"
    node.run_dir.mkdir()
    node.run_dir.chmod(0o777)
    _refused(node, "%s cannot be used as the run directory: other users can write to it" % node.run_dir)
    node.run_dir.chmod(0o755)
    os.chown(node.run_dir, 65534, 65534)
    _refused(node, "%s cannot be used as the run directory: it belongs to another user" % node.run_dir)


def test_a_full_disk_behind_a_plan_that_is_brought_is_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def bring(_config: str, _place: str) -> start.Plan:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert start.run("x", str(tmp_path), make=bring) == 1
    assert capfd.readouterr().err == "havend: not started: [Errno 28] No space left on device\n"


def test_after_one_that_was_killed_a_container_without_rights_is_told(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).start().until("active")
    node.kill()
    node.program = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *node.program]
    _refused(node, "havend: not started: [Errno 1] Operation not permitted")


def test_whoever_starts_it_need_not_want_to_hear_of_children(pair: Pair, havend: Make) -> None:
    """Not to hear of them is inherited, and the kernel then tells of no child how it has ended."""
    node = havend(pair[0], SOON)
    text = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(%s[0], %s)"
    node.program = [sys.executable, "-c", text.replace("%s", "sys.argv[1:]"), *node.program]
    node.start().until("active")


def test_a_bad_configuration_is_refused_with_all_its_problems(machine: Machine, havend: Make) -> None:
    node = havend(machine, lan(vrid=0, premept=1), section("gruop", "x"))
    _refused(node, "'vrid'", "'premept'", "gruop", "havend: not started: the problems above stand in the way")
    node.config.unlink()
    _refused(node, "cannot be read: No such file or directory")


def test_not_root_is_told() -> None:
    # Where nobody may read the interpreter, root has to load it first.
    text = "import os, sys; from haven.havend.main import main; os.setuid(65534); sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", text], env=environment(), capture_output=True, text=True)
    assert done.stderr == "havend: it needs root: it opens raw sockets and sets addresses\n"
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--confg", "x"], "havend: --confg is not an option"),
        (["--config"], "havend: --config needs a FILE"),
        (["--config="], "havend: --config needs a FILE"),
        (["--run-dir"], "havend: --run-dir needs a DIR"),
        (["--wait=yes"], "havend: --wait takes no value"),
        (["x"], "havend: 'x' is one word too many"),
    ],
)
def test_a_wrong_command_line_is_explained(words: list[str], text: str) -> None:
    argv = [*python("haven.havend.main"), *words]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith(text) and "usage:" in done.stderr


def test_help_is_given_to_anybody() -> None:
    done = subprocess.run(
        [*python("haven.havend.main"), "--help"], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0 and "--run-dir DIR" in done.stdout and done.stderr == ""


def test_its_version_is_told_to_anybody() -> None:
    text = "import os, sys; from haven.havend.main import main; os.setuid(65534); sys.exit(main())"
    argv = [sys.executable, "-c", text, "--version"]
    done = subprocess.run(argv, env=environment(), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "havend %s\n" % VERSION, "")


def test_neither_the_environment_nor_the_working_folder_gets_into_a_program(
    pair: Pair, havend: Make, tmp_path: Path
) -> None:
    trap = tmp_path / "trap"
    (trap / "haven").mkdir(parents=True)
    for name in ("haven/__init__.py", "json.py", "pyroute2.py", "sitecustomize.py"):
        (trap / name).write_text("raise SystemExit('trapped')\n")
    node = havend(pair[0], SOON)
    options = ["--config", str(node.config), "--run-dir", str(node.run_dir)]
    # As the launchers do; it starts the compiler in its turn.
    argv = ["ip", "netns", "exec", pair[0].name, sys.executable, "-I", "-B", str(SOURCES), "havend", *options]
    with open(node.log, "wb") as log:
        node.process = subprocess.Popen(
            argv, stdout=log, stderr=log, cwd=trap, env={**os.environ, "PYTHONPATH": str(trap)}
        )
    wait_until(node.is_up, "it answers", 20)
    node.until("active")
    assert node.stop() == 0 and not node.says("trapped")


@pytest.mark.parametrize("words", [[], ["fly"], ["--help"]])
def test_a_program_that_is_not_known_is_answered_with_those_that_are(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-I", "-B", str(SOURCES), *words], capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == "usage: PROGRAM [ARGUMENT...], one of: %s\n" % " ".join(sorted(PROGRAMS))


def test_disabled_it_says_so_and_ends_well(machine: Machine, havend: Make) -> None:
    node = havend(machine, lan(), main=MAIN.replace("enabled '1'", "enabled '0'"))
    assert node.begin().wait(60) == 0
    assert node.says("haven is disabled (option enabled '0' in section haven)")


def test_disabled_by_a_reload_it_ends(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).start().until("active")
    node.write(SOON, main=MAIN.replace("enabled '1'", "enabled '0'"))
    assert node.ask("load", path=node.compile())["ok"]
    assert node.process.wait(60) == 0
    assert node.says("haven is disabled now") and "10.9.0.100" not in pair[0].addresses("lan")


def test_a_closed_stderr_gets_into_nothing_else(pair: Pair, havend: Make) -> None:
    # With shorter intervals nothing would be noted for a restart, which is never in time then.
    node = havend(pair[0], lan(advert_interval=20))
    options = ["--config", str(node.config), "--run-dir", str(node.run_dir)]
    shell = 'exec "$@" 0<&- 1>&- 2>&-'
    argv = ["ip", "netns", "exec", pair[0].name, "sh", "-c", shell, "-", *python("haven.havend.main")]
    node.process = subprocess.Popen([*argv, *options], env=environment())
    wait_until(node.is_up, "it answers", 20)
    node.until("active")
    links = {number: os.readlink("/proc/%d/fd/%d" % (node.process.pid, number)) for number in range(3)}
    assert set(links.values()) == {"/dev/null"}
    stamp, *names = (node.run_dir / "alive").read_text().split()
    assert stamp.isdigit() and names == ["lan"]
    assert node.stop() == 0


def test_a_log_that_nobody_reads_holds_nothing_up(pair: Pair, havend: Make) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    node = havend(pair[0], SOON).start(stdout=writer, stderr=writer).until("active")
    for _ in range(50):
        assert node.ask("refuse", problems=["x" * 3000])["ok"]
    assert node.stop() == 0
    os.close(reader)
    os.close(writer)


def test_a_log_whose_reader_has_gone_holds_nothing_up(pair: Pair, havend: Make) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    node = havend(pair[0], SOON).start(stdout=writer, stderr=writer).until("active")
    os.close(writer)
    assert node.stop() == 0


def test_what_others_left_in_the_run_directory_does_no_harm(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON)
    node.run_dir.mkdir()
    leftover = socket.socket(socket.AF_UNIX)
    leftover.bind(str(node.run_dir / "havend.sock"))
    leftover.close()
    (node.run_dir / "plan.json").write_text('{"version": %d, "node"' % PLAN_VERSION)
    (node.run_dir / "alive").write_bytes(b"\xff\0nonsense")
    node.start().until("active")
    for name in ("havend.sock", "alive"):
        (node.run_dir / name).unlink()
    assert node.stop() == 0 and not node.says("Traceback")


def test_a_device_in_place_of_a_file_is_told(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON)
    (node.run_dir / "alive").mkdir(parents=True)
    _refused(node, "havend: not started:", "Is a directory")


def test_the_plan_of_a_killed_process_is_used_again_while_it_is_current(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON).start().until("active")
    path = node.run_dir / "plan.json"
    made = path.stat().st_mtime_ns
    node.kill()
    node.start()
    assert path.stat().st_mtime_ns == made
    node.kill()
    node.write(lan(advert_interval=20))
    node.start()
    assert path.stat().st_mtime_ns != made and node.router()["interval_ms"] == 20
    made = path.stat().st_mtime_ns
    # After an orderly end, the rest of the machine may be another one, too.
    assert node.stop() == 0
    node.start()
    assert path.stat().st_mtime_ns != made


def _command(*argv: str, code: str = "untracked-rules", stdin: str | None = None, **facts: str) -> dict:
    said = {"code": code, "facts": facts, "say": step_text(code, facts)}
    return {**said, "argv": list(argv), **({} if stdin is None else {"stdin": stdin})}


def test_what_fails_at_set_up_is_a_problem_and_not_the_end(pair: Pair, havend: Make, tmp_path: Path) -> None:
    node = havend(pair[0], SOON)
    plan = document(SOON)
    plan["commands"]["setup"] = [
        _command("/nowhere/program", code="accept-rules"),
        _command("sh", "-c", "cat >&2; exit 3", code="device-up", device="lan", stdin="it is broken\nmore"),
        _command("true"),
    ]
    node.give_plan(plan)
    node.start().until("active")
    found = [each for each in node.status()["problems"] if each["code"] == "setup-failed"]
    assert [each["message"] for each in found] == [
        "The set-up failed: drop what is addressed to the virtual addresses "
        "(/nowhere/program: No such file or directory).",
        "The set-up failed: set lan up (it is broken).",
    ]
    command = {"code": "device-up", "facts": {"device": "lan"}, "text": "set lan up"}
    assert found[1]["facts"] == {"command": command, "error": "it is broken"}
    # A reload that changes the commands runs them, and nobody waits.
    plan["commands"]["setup"] = [
        _command("sleep", "0.5"),
        _command("sh", "-c", "exit 1"),
    ]
    started = node.router()["counters"]["sent"]
    assert node.ask("load", path=write(tmp_path, plan, "next"))["ok"]
    assert node.codes() & {"setup-failed"} == set()
    wait_until(lambda: "setup-failed" in node.codes(), "the second command has failed")
    # Fifty of them, where nothing else keeps it from its time.
    assert node.router()["counters"]["sent"] > started + 5


def test_a_reload_takes_back_what_the_next_plan_does_not_need(
    pair: Pair, havend: Make, tmp_path: Path
) -> None:
    node, undone, kept = havend(pair[0], SOON), tmp_path / "undone", tmp_path / "kept"
    plan, needed = document(SOON), _command("touch", str(kept))
    plan["commands"] = {"setup": [_command("true")], "teardown": [needed, _command("touch", str(undone))]}
    node.give_plan(plan)
    node.start().until("active")
    plan["commands"] = {"setup": [_command("true", "more")], "teardown": [needed]}
    assert node.ask("load", path=write(tmp_path, plan, "next"))["ok"]
    wait_until(undone.exists, "what is not needed any more is undone")
    assert not kept.exists()


def test_real_time_that_is_not_to_be_had_is_told(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], SOON, main=section("haven", "main", enabled=1, node="r1", realtime=50))
    node.start().until("active")
    policy = os.sched_getscheduler(node.process.pid) & ~os.SCHED_RESET_ON_FORK
    assert (policy == os.SCHED_RR) != ("not-realtime" in node.codes())
    assert node.stop() == 0


def test_a_fault_that_the_boot_does_not_end_is_said_again_when_it_is_over(pair: Pair, havend: Make) -> None:
    pair[0].ip("link set lan down")
    node = havend(pair[0], SOON).prepare()
    node.program = [sys.executable, "-c", QUICK_BOOT]
    node.start()
    fault = "the link of lan is down"
    # Nothing else wakes the loop, which sleeps for no more than ten seconds.
    said = "somebody is asked to do something"
    wait_until(lambda: node.log.read_text().count(fault) == 2, said, 9, exact=True)


def test_what_its_user_was_shown_and_has_chosen_is_no_error_of_each_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "haven"
    link = "config conntrack 'c'\n\toption enabled '1'\n\toption device 'eth77'\n"
    link += "\toption address '192.0.2.2'\n\tlist peer_address '192.0.2.3'\n"
    lan = "config virtual_router 'lan'\n\toption device 'eth77'\n\toption vrid '5'\n"
    config.write_text(lan + "\tlist address '192.0.2.1/24'\n" + link)
    start._make_plan(str(config), str(tmp_path / "plan.json"))
    out, err = capfd.readouterr()
    assert "can forge the peer's address" in out and err == ""
