# SPDX-License-Identifier: GPL-2.0-or-later
"""Real time where the C library says that there is none, and who is killed when memory is short."""

import json
import os
import subprocess
import sys
from pathlib import Path

from haven.havend.host import libc
from tests.havend.machines import SOURCES, wait_until
from tests.havend.plans import document, write
from tests.havend.test_havend_start import SOON, Make, Pair, _command
from tests.root import need_root

# A process of its own, as real time is the whole process's. What it prints: answers, policies, niceness.
ASK = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from haven.havend.host import cpython
known, code = os.sched_setscheduler, int(sys.argv[2])
def refused(*words):
    if code == 38 or words[1] & os.SCHED_RR: raise OSError(code, os.strerror(code))
    known(*words)
os.sched_setscheduler = refused
if sys.argv[3:]: sys.modules["ctypes"] = None
told = []
for priority in (50, 0):
    told.append(cpython.be_realtime(priority))
    child = os.popen("cut -d ' ' -f 19 /proc/self/stat").read().strip()
    told += [os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), child]
print(json.dumps(told))
"""
REALTIME = os.SCHED_RR | os.SCHED_RESET_ON_FORK


def _told(error: int, *more: str) -> list:
    need_root()
    argv = [sys.executable, "-c", ASK, str(SOURCES), str(error), *more]
    return json.loads(subprocess.run(argv, capture_output=True, text=True, check=True).stdout)


def test_musl_gives_real_time_to_a_thread_alone() -> None:
    assert _told(38) == [None, REALTIME, 0, "0", None, os.SCHED_OTHER, 0, "0"]


def test_whoever_gets_no_real_time_is_first_of_the_others() -> None:
    told = _told(1)
    assert told[0] and told[2:4] == [-20, "0"] and told[4:] == [None, os.SCHED_OTHER, 0, "0"]
    told = _told(38, "no ctypes")
    assert "not implemented" in told[0] and told[2:4] == [0, "0"]


def test_a_clock_of_either_size_is_read() -> None:
    # As the kernel and the C library write them where a word has 32 bits.
    seconds, rest = 1234567, 890123000
    at = seconds * 1000000 + rest // 1000
    order = sys.byteorder
    glibc = seconds.to_bytes(4, order) + rest.to_bytes(4, order) + b"\xff" * 8
    musl = seconds.to_bytes(8, order) + rest.to_bytes(8, order)
    assert [libc.microseconds_of(each) for each in (glibc, musl)] == [at, at]


def test_havend_is_killed_last_and_what_it_starts_is_not(pair: Pair, havend: Make, tmp_path: Path) -> None:
    node, score = havend(pair[0], SOON), tmp_path / "score"
    node.start().until("active")
    own = Path(f"/proc/{node.process.pid}/oom_score_adj")
    # A container may lack the capability.
    is_last = own.read_text() == "-999\n"
    assert is_last != node.says("the kernel may kill havend before others: Permission denied")
    plan = document(SOON)
    plan["commands"] = {"setup": [_command("cp", "/proc/self/oom_score_adj", str(score))], "teardown": []}
    assert node.ask("load", path=write(tmp_path, plan))["ok"]
    wait_until(lambda: score.exists() and score.read_text() == "0\n", "what it starts may be killed")
    assert (own.read_text() == "-999\n") == is_last
