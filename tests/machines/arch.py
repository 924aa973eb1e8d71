# SPDX-License-Identifier: GPL-2.0-or-later
"""`make test-arch`: what must not depend on the processor, by the Pythons of other processors.

With their first words 32 bits and big-endian; on later Pythons, too, as far as they are on this machine.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.machines.interpreters import FOLDER, Interpreter, interpreters
from tests.machines.page import note
from tests.machines.plans import checksums
from tests.package.pythons import PYTHONS

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = (ROOT / "src", ROOT)
# Octets: of packets, netlink, sockets' structures, ubus, plans.
OCTETS = (
    "tests/core",
    "tests/scenarios",
    "tests/contract",
    "tests/config",
    "tests/bus/test_ubus_codec.py",
    "tests/machines",
    *(
        f"tests/plan/test_plan_{name}.py"
        for name in (
            "compile",
            "file",
            "other_machine",
            "sequences",
            "adverts",
            "connections",
            "leases",
            "netlink",
            "word_size",
        )
    ),
    "tests/plan/test_kernel_lacks.py",
    *(
        f"tests/havend/test_{name}.py"
        for name in ("havend_netlink", "havend_messages", "plan_reading", "vrrp_receiver", "event_history")
    ),
    *(
        f"tests/agent/test_{name}.py"
        for name in ("channel_line", "conntrackd_statistics", "wireguard_words", "link_quality")
    ),
)
# These start a Python as a program, need the kernel, or hold a speed that an emulated processor has not.
NOT_EMULATED = (
    "time_stamps or commands_write or no_time or is_not_json or speed or accept or kernel_rules or next_start"
    " or test_vrrp_receiver or measured"
)
# MicroPython's, whose words are the smallest, and that of a CPython that is younger than Debian's.
SMALL = "wasm32"
SMALL_OCTETS = ("tests/core", "tests/scenarios", "tests/contract", "tests/bus/test_ubus_codec.py")
DEVICES, PLAIN = "tests/vm/test_devices.py", "Wiring-own or Wiring-virtual or Macvlans"
COUNTS = re.compile(r"(\d+) (passed|failed|errors?)")


def main(chosen: list[str]) -> int:
    """Run the tests by each, or by those of these processors; return 1 if any failed or there is none."""
    found = interpreters()
    if not found:
        print(
            "haven: there are no Pythons of other processors in %s: sh tests/machines/pythons.sh %s"
            % (FOLDER, FOLDER),
            file=sys.stderr,
        )
        return 1
    later = [Interpreter(_own(), "64, little-endian", (path,)) for path in PYTHONS.values()]
    failed = sum([_run(each) for each in (*found, *later) if not chosen or each.processor in chosen])
    if not chosen or SMALL in chosen:
        failed += _run_small_words() + _run_small_cpython()
    return 1 if failed else 0


def _run_small_words() -> int:
    """Run the core's tests by the MicroPython whose words have 32 bits, if it is there."""
    if not (FOLDER / "wasm/node_modules").is_dir():
        return 0
    argv = ["node", str(ROOT / "tests/machines/small_words.mjs"), str(FOLDER / "wasm")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return _tell([SMALL, "32, little-endian", "MicroPython 1.23.0"], done)


def _run_small_cpython() -> int:
    """Run what needs no machine by the CPython whose words have 32 bits, if it is there."""
    if not (FOLDER / "pyodide/node_modules").is_dir():
        return 0
    words = ["-q", "-p", "no:cacheprovider", "-k", f"not ({NOT_EMULATED})", *SMALL_OCTETS]
    argv = ["node", str(ROOT / "tests/machines/small_cpython.mjs"), str(FOLDER), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = re.search(r"^CPython (\S+),", done.stdout)
    return _tell([SMALL, "32, little-endian", found[1] if found else ""], done)


def _own() -> str:
    return os.uname().machine


def _run(interpreter: Interpreter) -> int:
    """Run the tests by one Python; return how many failed."""
    tests = [path for path in OCTETS if (ROOT / path).exists()]
    chosen = [] if interpreter.starts_programs else ["-k", f"not ({NOT_EMULATED})"]
    argv = [*interpreter.argv, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, *tests]
    done = subprocess.run(
        argv, cwd=ROOT, env=interpreter.environment(*ENVIRONMENT), capture_output=True, text=True, check=False
    )
    failed = _tell([interpreter.processor, interpreter.kind, interpreter.version()], done)
    failed += _compare_plans(interpreter)
    return failed + (_run_nodes(interpreter) if interpreter.library_path and _may_build_labs() else 0)


def _compare_plans(interpreter: Interpreter) -> int:
    """Let it make plans for machines of both byte orders, and hold them against those of this Python."""
    done = subprocess.run(
        [*interpreter.argv, "-m", "tests.machines.plans"],
        cwd=ROOT,
        env=interpreter.environment(*ENVIRONMENT),
        capture_output=True,
        text=True,
        check=False,
    )
    is_same = done.stdout.split() == checksums()
    print(interpreter.processor, "makes the same plans" if is_same else "makes other plans: " + done.stderr)
    return 0 if is_same else 1


def _may_build_labs() -> bool:
    return os.geteuid() == 0


def _run_nodes(interpreter: Interpreter) -> int:
    """Let whole routers of another width, with sockets and netlink of the kernel's, go through everything."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("havend", "haven-agent", "haven"):
            module = {"havend": "havend", "haven-agent": "agent", "haven": "cli"}[name]
            path = Path(folder) / name
            paths = f"LD_LIBRARY_PATH={interpreter.library_path} PYTHONPATH={ROOT / 'src'}"
            path.write_text(f'#!/bin/sh\n{paths} exec {interpreter.argv[0]} -m haven.{module}.main "$@"\n')
            path.chmod(0o755)
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", DEVICES, "-k", PLAIN]
        # The table of devices is another run's.
        env = {**os.environ, "HAVEN_BIN": folder, "HAVEN_TRIED": ""}
        done = subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return _tell([interpreter.processor + ", whole routers", interpreter.kind, interpreter.version()], done)


def _tell(row: list[str], done: "subprocess.CompletedProcess[str]") -> int:
    """Print and note the counts of a run; return how many tests failed."""
    counts = {word.rstrip("s"): int(number) for number, word in COUNTS.findall(done.stdout[-400:])}
    failed = counts.get("failed", 0) + counts.get("error", 0) or int(done.returncode != 0)
    print(*row, "%d passed, %d failed" % (counts.get("passed", 0), failed), sep=", ", flush=True)
    if failed:
        print(done.stdout[-20000:] + done.stderr[-2000:], flush=True)
    note("processors", [*row, str(counts.get("passed", 0)), str(failed)])
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
