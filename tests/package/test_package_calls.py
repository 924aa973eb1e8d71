# SPDX-License-Identifier: GPL-2.0-or-later
"""What rpcd starts for each call of a page: few at once, and none that takes all that a router has."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from haven.config.example import EXAMPLE
from haven.contract.control import REFUSALS
from haven.openwrt import luci_calls
from tests.lab.wait import wait_until
from tests.package.conftest import ROOT

UCI = ROOT / "tests/openwrt/fake_uci.py"
SHELLS = [["busybox", "ash"], ["dash"]]
# Says its limits, and works until it is told to end.
PYTHON = """#!/bin/sh
echo $$ >>"$COUNT"
ulimit -v >"$COUNT.limits"
ulimit -t >>"$COUNT.limits"
while [ -e "$COUNT.busy" ]; do sleep 0.1; done
echo '{"valid": true}'
"""


class Rpcd:
    """Calls the program as rpcd does."""

    def __init__(self, folder: Path, shell: list[str]) -> None:
        self.folder, self.shell = folder, shell
        self.count, self.busy = folder / "count", folder / "count.busy"
        self.script = folder / "luci.haven"
        text = (ROOT / "openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven").read_text()
        self.script.write_text(text.replace("/var/run/haven", str(folder / "run")))
        (folder / "python3").write_text(PYTHON)
        (folder / "python3").chmod(0o755)
        self.busy.touch()

    def call(self, method: str) -> subprocess.Popen:
        """Begin a call."""
        environment = {"PATH": f"{self.folder}:/usr/sbin:/usr/bin:/sbin:/bin", "COUNT": str(self.count)}
        argv = [*self.shell, str(self.script), "call", method]
        return subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, text=True)

    def running(self) -> int:
        """Count the Pythons that were started."""
        return len(self.count.read_text().split()) if self.count.exists() else 0


@pytest.fixture(params=SHELLS, ids=" ".join)
def rpcd(request: pytest.FixtureRequest, tmp_path: Path) -> Rpcd:
    """An rpcd with one of the shells."""
    if shutil.which(request.param[0]) is None:
        pytest.skip(f"{request.param[0]} is not here")
    return Rpcd(tmp_path, request.param)


def _is_busy(text: str) -> bool:
    answer = json.loads(text)
    return answer.get("code") == "busy" and answer["error"] == REFUSALS["busy"]


def test_of_many_calls_one_runs_one_waits_and_the_others_are_told(rpcd: Rpcd):
    calls = [rpcd.call("plan")]
    # Before it runs it is the one that waits, and all others are told.
    wait_until(lambda: rpcd.running() == 1, 20, "one runs")
    calls += [rpcd.call("plan") for _ in range(19)]
    wait_until(lambda: sum(each.poll() is not None for each in calls) == 18, 20, "all but two have ended")
    assert rpcd.running() == 1
    rpcd.busy.unlink()
    said = [each.communicate(timeout=60)[0] for each in calls]
    assert sum(_is_busy(each) for each in said) == 18 and rpcd.running() == 2
    assert json.loads(rpcd.call("plan").communicate(timeout=60)[0]) == {"valid": True}


def test_what_one_method_does_keeps_no_other_waiting(rpcd: Rpcd):
    calls = [rpcd.call(method) for method in ("plan", "validate", "heard")]
    wait_until(lambda: rpcd.running() == 3, 20, "all three run")
    rpcd.busy.unlink()
    assert [json.loads(each.communicate(timeout=60)[0]) for each in calls] == [{"valid": True}] * 3


def test_nobody_else_can_lock_a_call_out(rpcd: Rpcd):
    rpcd.busy.unlink()
    rpcd.call("validate").communicate(timeout=60)
    locks = sorted((rpcd.folder / "run").iterdir())
    assert [path.name for path in locks] == ["luci-validate", "luci-validate.next"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in locks)


def test_it_has_limits_and_no_other_methods(rpcd: Rpcd):
    rpcd.busy.unlink()
    rpcd.call("validate").communicate(timeout=60)
    assert (rpcd.folder / "count.limits").read_text().split() == ["131072", "20"]
    assert rpcd.call("../../etc/passwd").communicate(timeout=60)[0] == "" and rpcd.running() == 1


@pytest.mark.parametrize(
    ("main", "more", "state"),
    [
        ("option enabled '1'", True, (True, True)),
        ("option enabled 'on'", True, (True, True)),
        ("option enabled '0'", True, (False, True)),
        ("option enabled 'off'", False, (False, False)),
        ("option node 'virtual_router'", False, (False, False)),
    ],
)
def test_why_haven_is_off_is_told_by_a_shell_alone(
    rpcd: Rpcd, main: str, more: bool, state: tuple[bool, bool]
):
    text = f"config haven 'main'\n\t{main}\n" + ("config virtual_router 'lan'\n" if more else "")
    (rpcd.folder / "haven").write_text(text)
    uci = rpcd.folder / "uci"
    uci.write_text(f'#!/bin/sh\nexec {sys.executable} {UCI} -c {rpcd.folder} -t {rpcd.folder}/none "$@"\n')
    uci.chmod(0o755)
    answer = json.loads(rpcd.call("state").communicate(timeout=60)[0])
    assert (answer["enabled"], answer["configured"]) == state
    assert rpcd.running() == 0


def test_without_a_configuration_haven_is_not_set_up(rpcd: Rpcd):
    uci = rpcd.folder / "uci"
    uci.write_text("#!/bin/sh\nexit 1\n")
    uci.chmod(0o755)
    answer = json.loads(rpcd.call("state").communicate(timeout=60)[0])
    assert answer == {"enabled": False, "configured": False}


def test_the_compiler_is_loaded_for_a_plan_alone():
    """It takes most of the time and of the memory of a call."""
    code = (
        "import sys, io; sys.argv[1:] = ['validate']; sys.stdin = io.StringIO('{\"text\": \"\"}');"
        "import haven.openwrt.luci_calls as it; it.main(); sys.exit('pyroute2' in sys.modules)"
    )
    argv = [sys.executable, "-c", code]
    assert subprocess.run(argv, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True).returncode == 0


def test_the_real_program_can_work_within_its_limits():
    limited = f"ulimit -t 20; ulimit -v 131072; exec {sys.executable} -I {ROOT / 'src'} luci-calls plan"
    done = subprocess.run(
        ["sh", "-c", limited], input=json.dumps({"text": EXAMPLE}), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "problems" in json.loads(done.stdout) or "virtual_routers" in json.loads(done.stdout)


def test_a_call_that_hangs_is_ended():
    code = (
        "import sys, time; sys.argv[1:] = ['plan']; import haven.openwrt.luci_calls as it; "
        "it.LONGEST_S = 1; it.METHODS['plan'] = lambda _: time.sleep(60); it.main()"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(
        argv, input="{}", text=True, capture_output=True, env={"PYTHONPATH": str(ROOT / "src")}
    )
    assert done.returncode == -signal.SIGALRM
    assert luci_calls.LONGEST_S < 30


def test_a_setup_goes_on_without_its_call_and_there_is_one_at_a_time(rpcd: Rpcd):
    begun = rpcd.call("begin")
    assert json.loads(begun.communicate(timeout=60)[0]) == {"begun": True}
    wait_until(lambda: rpcd.running() == 1, 20, "it runs")
    assert _is_busy(rpcd.call("begin").communicate(timeout=60)[0]) and rpcd.running() == 1
    assert json.loads(rpcd.call("job").communicate(timeout=60)[0]) == {"alive": True, "job": None}
    (rpcd.folder / "run/page-job").write_text('{"state": "asks", "text": "a\\\\n\\"b\\""}')
    assert json.loads(rpcd.call("tell").communicate(timeout=60)[0]) == {"told": True}
    rpcd.busy.unlink()
    wait_until(lambda: not _job(rpcd)["alive"], 20, "it has ended")
    assert _job(rpcd)["job"] == {"state": "asks", "text": 'a\\n"b"'}
    left = [path for path in (rpcd.folder / "run").iterdir() if path.stat().st_mode & 0o077]
    assert left == []


def _job(rpcd: Rpcd) -> dict:
    return dict(json.loads(rpcd.call("job").communicate(timeout=60)[0]))
