# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces whose names tell the process that made them, and the programs inside."""

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO

from tests.lab.wait import wait_until

FOLDER = Path("/run/netns")
OWNED = re.compile(r"hv(\d+)-")
PR_SET_PDEATHSIG = 1
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()
_living: "dict[str, Namespace]" = {}


def lab_number() -> int:
    """Number the networks of this process, so that two may live at once."""
    return next(_numbers)


def _die_with_parent() -> None:
    # A lab that is itself SIGKILLed must not leave routers running.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Namespace:
    """One machine of the lab."""

    def __init__(self, word: str, number: int = 0) -> None:
        self.word = word
        self.name = f"hv{os.getpid()}-{number}{word}"
        self.spawned: list[subprocess.Popen[bytes]] = []
        _living[self.name] = self
        _call("ip", "netns", "add", self.name)

    def run(self, *argv: str, stdin: str | None = None) -> str:
        """Run a command inside and return what it printed; a failure raises with its words."""
        return _call("ip", "netns", "exec", self.name, *argv, stdin=stdin)

    def ip(self, *lines: str) -> None:
        """Give `ip` lines, all in one batch."""
        _call("ip", "-n", self.name, "-batch", "-", stdin="\n".join(lines) + "\n")

    def ip_json(self, *argv: str) -> list[dict]:
        """Ask `ip` for JSON."""
        return json.loads(_call("ip", "-n", self.name, "-j", *argv) or "[]")

    def sysctl(self, **values: object) -> None:
        """Write under /proc/sys/net; two underscores stand for a slash."""
        lines = [f"echo {value} > /proc/sys/net/{key.replace('__', '/')}" for key, value in values.items()]
        self.run("sh", "-e", stdin="\n".join(lines) + "\n")

    def let_frames_pass(self) -> None:
        """Let frames of bridges pass by the rules for routed packets, as OpenWrt does."""
        for family in ("ip", "ip6", "arp"):
            setting = f"/proc/sys/net/bridge/bridge-nf-call-{family}tables"
            self.run("sh", "-c", f"! [ -e {setting} ] || echo 0 >{setting}")

    def nft(self, text: str) -> None:
        """Load nft rules."""
        self.run("nft", "-f", "-", stdin=text)

    def spawn(
        self,
        argv: list[str],
        log: IO[bytes] | int = subprocess.DEVNULL,
        env: dict[str, str] | None = None,
        **more: object,
    ) -> "subprocess.Popen[bytes]":
        """Start a program inside; `ip netns exec` becomes it, so the pid is the program's own."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.name, *argv],
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=more.pop("stdout", log),
            stderr=log,
            env={**os.environ, **(env or {})},
            preexec_fn=_die_with_parent,
            start_new_session=True,
            **more,
        )
        self.spawned.append(process)
        return process

    def pids(self) -> list[int]:
        """Tell who lives inside."""
        if not (FOLDER / self.name).exists():
            return []
        return [int(pid) for pid in _call("ip", "netns", "pids", self.name).split()]

    def freeze_all(self) -> None:
        """Let every process inside stand still, at once."""
        for process in self.spawned:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGSTOP)

    def kill_all(self) -> None:
        """End every process inside without a word, as a power cut does."""
        for process in self.spawned:
            if process.poll() is None:
                # Its whole session: a child that outlives its parent would still say goodbye.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for process in self.spawned:
            process.wait()
        self.spawned.clear()
        _kill_each(self.pids())

    def delete(self) -> None:
        """End what lives inside and take the namespace away; twice is as good as once."""
        if _living.pop(self.name, None) is None:
            return
        self.kill_all()
        # A process that is still dying keeps the namespace, and its side of each cable, alive.
        wait_until(lambda: not self.pids(), 5, f"processes of {self.name} end")
        _call("ip", "netns", "del", self.name)

    def __str__(self) -> str:
        return self.name


@contextlib.contextmanager
def inside(namespace: Namespace) -> Iterator[None]:
    """Let this thread be in a namespace: a socket made there stays there."""
    home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
    away = os.open(FOLDER / namespace.name, os.O_RDONLY)
    try:
        _enter(away)
        yield
    finally:
        _enter(home)
        os.close(home)
        os.close(away)


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _call(*argv: str, stdin: str | None = None) -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise RuntimeError(f"{' '.join(argv)} {stdin or ''}: exit status {done.returncode}: {said}")
    return done.stdout


def _kill_each(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def living() -> list[str]:
    """Name the namespaces that this process has made and not yet deleted."""
    return sorted(path.name for path in FOLDER.glob(f"hv{os.getpid()}-*"))


def delete_all() -> None:
    """Delete everything this process made, in spite of single failures."""
    for namespace in list(_living.values()):
        with contextlib.suppress(RuntimeError, TimeoutError, OSError):
            namespace.delete()


def remove_leftovers() -> list[str]:
    """Delete namespaces of labs whose process is dead, with what still runs in them."""
    removed = []
    for path in sorted(FOLDER.glob("hv*-*")):
        owner = OWNED.match(path.name)
        if owner is None or Path(f"/proc/{owner[1]}").exists():
            continue
        # Tests that run side by side find the same leftovers: whoever is second finds nothing.
        with contextlib.suppress(RuntimeError):
            _kill_each([int(pid) for pid in _call("ip", "netns", "pids", path.name).split()])
            _call("ip", "netns", "del", path.name)
            removed.append(path.name)
    return removed


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    # pytest takes a KeyboardInterrupt as the wish to end, and tears its fixtures down.
    raise KeyboardInterrupt("SIGTERM")


def clean_up_always() -> None:
    """Delete everything at the end of this process, however it comes, SIGKILL excepted."""
    atexit.register(delete_all)
    signal.signal(signal.SIGTERM, _terminated)
