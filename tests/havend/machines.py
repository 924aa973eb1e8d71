# SPDX-License-Identifier: GPL-2.0-or-later
"""Machines for the tests of havend: network namespaces, and the daemon in them."""

import ctypes
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from haven.contract.event_log import check_event
from haven.contract.status import check_status
from tests.havend.plans import MAIN, document
from tests.lab import wait

SOURCES = Path(__file__).resolve().parents[2] / "src"
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


def wait_until(condition: Callable[[], object], what: str, budget: float = 30, exact: bool = False) -> object:
    """Poll until the condition holds and return its value, or raise saying what did not happen."""
    return wait.wait_until(condition, budget, what, interval=0.005, exact=exact)


class Machine:
    """A network namespace with its own name, removed by close()."""

    def __init__(self) -> None:
        self.name = f"hvrt{os.getpid()}-{next(_numbers)}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.ip("link set lo up")

    def ip(self, *lines: str, force: bool = False) -> None:
        """Give `ip` lines, all in one batch."""
        options = ["-force"] if force else []
        argv = ["ip", "-n", self.name, *options, "-batch", "-"]
        done = subprocess.run(argv, input="\n".join(lines) + "\n", capture_output=True, text=True)
        assert force or done.returncode == 0, done.stderr

    def addresses(self, device: str) -> list[str]:
        """List the addresses of a device."""
        argv = ["ip", "-n", self.name, "-j", "address", "show"]
        found = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
        return [each["local"] for link in found if link["ifname"] == device for each in link["addr_info"]]

    def link(self, device: str) -> dict | None:
        """Describe a device, or None."""
        argv = ["ip", "-n", self.name, "-j", "link", "show", "dev", device]
        done = subprocess.run(argv, capture_output=True)
        return json.loads(done.stdout)[0] if done.returncode == 0 else None

    def inside(self, act: Callable[[], object]) -> object:
        """Call something in a thread of its own that is in the namespace; sockets made there stay in it."""
        out: list[object] = []
        wrong: list[BaseException] = []

        def enter() -> None:
            try:
                with open(f"/run/netns/{self.name}") as space:
                    assert _libc.setns(space.fileno(), CLONE_NEWNET) == 0
                out.append(act())
            except BaseException as error:
                wrong.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if wrong:
            raise wrong[0]
        return out[0]

    def close(self) -> None:
        """Remove the namespace and what is in it."""
        subprocess.run(["ip", "netns", "delete", self.name], check=True)


def cable(one: Machine, other: Machine, device: str = "lan", net: str = "10.9.0") -> None:
    """Connect two machines; the first is .1 and the second .2."""
    one.ip(f"link add {device} type veth peer name {device} netns {other.name}")
    for number, machine in ((1, one), (2, other)):
        machine.ip(f"address add {net}.{number}/24 dev {device}", f"link set {device} up")
    for machine in (one, other):
        wait_until(lambda at=machine: at.link(device)["operstate"] == "UP", "the link is up")


class Havend:
    """The program on a machine."""

    def __init__(self, machine: Machine, folder: Path, *sections: str, main: str = MAIN) -> None:
        self.machine = machine
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.config = folder / "haven"
        self.run_dir = folder / "run"
        self.log = folder / "log"
        self.text = ""
        # Of another Python: a program that takes the same options, such as .venv/bin/havend-micro.
        other = os.environ.get("HAVEN_HAVEND")
        self.program = [other] if other else python("haven.havend.main")
        self.process: subprocess.Popen[bytes] | None = None
        self.write(*sections, main=main)

    def write(self, *sections: str, main: str = MAIN) -> None:
        """Write the configuration."""
        self.text = main + "".join(sections)
        self.config.write_text(self.text)

    def prepare(self) -> "Havend":
        """Put the plan in place, so that the start needs no compiler."""
        self.give_plan(document(self.text, main=""))
        return self

    def argv(self) -> list[str]:
        """Return the command line."""
        options = ["--config", str(self.config), "--run-dir", str(self.run_dir)]
        return ["ip", "netns", "exec", self.machine.name, *self.program, *options]

    def begin(self, *words: str, **more: object) -> "subprocess.Popen[bytes]":
        """Start the program and do not wait for it."""
        with open(self.log, "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "env": environment()}
            self.process = subprocess.Popen(
                [*self.argv(), *words], preexec_fn=_die_with_parent, **{**options, **more}
            )
        return self.process

    def start(self, *words: str, **more: object) -> "Havend":
        """Start the program and wait until it answers."""
        self.begin(*words, **more)
        wait_until(self.is_up, f"havend answers; it says {self.log.read_text()}", 20)
        return self

    def is_up(self) -> bool:
        """Tell whether it answers; raise when it has ended."""
        assert self.process.poll() is None, f"havend ended: {self.log.read_text()}"
        try:
            return self.status()["pid"] == self.process.pid
        except OSError:
            return False

    def says(self, text: str) -> bool:
        """Tell whether something is in the log."""
        return text in self.log.read_text()

    def connect(self) -> socket.socket:
        """Open a control connection."""
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(30)
        wait_until(lambda: self._reach(line), "there is room for a connection")
        return line

    def _reach(self, line: socket.socket) -> bool:
        try:
            line.connect(str(self.run_dir / "havend.sock"))
        except BlockingIOError:
            return False
        return True

    def ask(self, command: str, **arguments: object) -> dict:
        """Ask one thing and return the whole answer."""
        with self.connect() as line:
            return exchange(line, {"command": command, **arguments})

    def status(self) -> dict:
        """Return the status document, which keeps the contract whatever is the matter."""
        return check_status(self.ask("status")["result"])

    def state(self, group: str = "lan") -> str:
        """Return the state of a group."""
        return next(each["state"] for each in self.status()["groups"] if each["name"] == group)

    def router(self, name: str = "lan") -> dict:
        """Return a virtual router's part of the status."""
        return next(each for each in self.status()["virtual_routers"] if each["name"] == name)

    def codes(self) -> set[str]:
        """Return the codes of the problems."""
        return {each["code"] for each in self.status()["problems"]}

    def same_since(self, before: float, name: str = "lan") -> bool:
        """Tell whether a virtual router has had its state since a time; status has it but for rounding."""
        return abs(self.router(name)["since"] - before) < 0.01

    def transitions(self) -> list[dict]:
        """Return the events that are transitions."""
        told = [check_event(each) for each in self.ask("events")["result"]]
        return [each for each in told if each["kind"] == "transition"]

    def until(self, state: str, group: str = "lan", budget: float = 30) -> "Havend":
        """Wait for a state of a group."""
        wait_until(lambda: self.state(group) == state, f"{group} is {state}", budget)
        return self

    def compile(self, name: str = "next.json") -> str:
        """Compile the configuration to a plan of this name and return its path."""
        path = self.folder / name
        options = ["--config", str(self.config), "--output", str(path)]
        argv = ["ip", "netns", "exec", self.machine.name, *python("haven.plan.main"), *options]
        subprocess.run(argv, check=True, env=environment())
        return str(path)

    def give_plan(self, plan: dict) -> None:
        """Put a plan in place as the one that a killed process was running."""
        found = self.config.stat()
        plan["made_from"] = [str(self.config), found.st_mtime_ns, found.st_size]
        self.run_dir.mkdir(exist_ok=True)
        (self.run_dir / "plan.json").write_text(json.dumps(plan))
        (self.run_dir / "alive").write_text("")

    def reload(self, *sections: str) -> dict:
        """Write another configuration and have it loaded."""
        self.write(*sections)
        path = self.folder / "next.json"
        path.write_text(json.dumps(document(self.text, main="")))
        answer = self.ask("load", path=str(path))
        assert answer["ok"], answer
        return answer

    def signal(self, number: int) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end and return its exit status."""
        self.process.terminate()
        return self.process.wait(60)

    def close(self) -> None:
        """End it if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()


def python(module: str) -> list[str]:
    """Return the command that runs a module of the sources."""
    return [sys.executable, "-m", module]


def environment() -> dict[str, str]:
    """Let Python find the sources."""
    return {**os.environ, "PYTHONPATH": str(SOURCES)}


def exchange(line: socket.socket, request: dict) -> dict:
    """Send a request and return the answer."""
    line.sendall(json.dumps(request).encode() + b"\n")
    return receive(line)


def receive(line: socket.socket) -> dict:
    """Read one line and nothing of the next."""
    text = b""
    while not text.endswith(b"\n"):
        waiting = line.recv(1 << 16, socket.MSG_PEEK)
        octets = line.recv(waiting.find(b"\n") + 1 or len(waiting)) if waiting else b""
        if not octets:
            raise ConnectionResetError("havend hung up")
        text += octets
    return json.loads(text)


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
