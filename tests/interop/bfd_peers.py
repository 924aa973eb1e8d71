# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's BFD on a router of the lab: FRR's bfdd and BIRD, told one session each."""

import json
import os
import signal
import subprocess
from pathlib import Path

from tests.interop.frr import PROGRAMS, frr_command, start_zebra
from tests.lab.network import Network
from tests.lab.wait import wait_until

BIRD = Path("/usr/sbin/bird")
NAME = "peer"


class BfdPeer:
    """A BFD program on a router, with one session on the LAN; intervals are milliseconds."""

    program = ""

    def __init__(
        self,
        network: Network,
        router: str,
        other: str,
        interval_ms: int = 50,
        multiplier: int = 3,
        family: int = 4,
        passive: bool = False,
    ) -> None:
        self.network, self.router = network, router
        self.interval_ms, self.multiplier, self.passive = interval_ms, multiplier, passive
        self.family = family
        self.own, self.other = (
            network[name].link_local("lan") if family == 6 else network[name].address("lan")
            for name in (router, other)
        )
        self.folder = network.folder / f"{self.program}-{router}"
        self.folder.mkdir(exist_ok=True)
        self.config_path = self.folder / f"{self.program}.conf"
        self.log_path = self.folder / f"{self.program}.log"
        network.logs[f"{self.program} on {router}"] = self.log_path
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Tell how it is started."""
        raise NotImplementedError

    def config_text(self) -> str:
        """Write its configuration."""
        raise NotImplementedError

    def state(self) -> str:
        """Tell the state of its session, in lower case, or nothing."""
        raise NotImplementedError

    def change(self, interval_ms: int) -> None:
        """Let the running program use other intervals."""
        raise NotImplementedError

    def disable(self, on: bool = True) -> None:
        """Take the session down by the user's wish, or let it come up again."""
        raise NotImplementedError

    def start(self) -> "BfdPeer":
        """Start it."""
        self.config_path.write_text(self.config_text())
        with open(self.log_path, "ab") as log:
            self.process = self._inside.spawn(self.command(), log)
        return self

    def kill9(self) -> None:
        """End it at once."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def wait_state(self, state: str, budget: float = 20) -> None:
        """Wait until its session is in a state."""
        wait_until(lambda: self.state() == state, budget, f"{self.program}'s session becomes {state}", 0.05)

    def be_realtime(self) -> None:
        """Let it run before ordinary programs, as haven does."""
        # BIRD's BFD is a thread of its own.
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(10))

    @property
    def pid(self) -> int:
        """Tell its process."""
        assert self.process is not None
        return self.process.pid

    @property
    def _inside(self):
        return self.network[self.router].namespace


class FrrBfd(BfdPeer):
    """zebra and bfdd."""

    program = "bfdd"

    def command(self) -> list[str]:
        """Start bfdd; zebra runs."""
        return [
            *frr_command("bfdd", self.folder, self.config_path),
            *("--bfdctl", str(self.folder / "bfdd.sock")),
        ]

    def _peer(self) -> str:
        return f"peer {self.other} local-address {self.own} interface lan"

    def config_text(self) -> str:
        """Write bfdd.conf."""
        lines = [
            *self._intervals(),
            f"detect-multiplier {self.multiplier}",
            *(["passive-mode"] if self.passive else []),
            "no shutdown",
        ]
        return f"bfd\n {self._peer()}\n" + "".join(f"  {line}\n" for line in lines)

    def _intervals(self) -> list[str]:
        return [f"{way}-interval {self.interval_ms}" for way in ("transmit", "receive")]

    def start(self) -> "FrrBfd":
        """Start zebra, too, if it does not run."""
        if not (self.folder / "zserv").exists():
            start_zebra(self.network, self.folder, self._inside, self.log_path)
        super().start()
        return self

    def _ask(self, *lines: str) -> str:
        words = [word for line in lines for word in ("-c", line)]
        return self._inside.run("vtysh", "--vty_socket", str(self.folder), *words)

    def shown(self) -> dict:
        """Tell its session as it shows it."""
        try:
            return json.loads(self._ask("show bfd peers json"))[0]
        except (RuntimeError, ValueError, IndexError):
            return {}

    def state(self) -> str:
        """Tell the state of its session."""
        return str(self.shown().get("status", ""))

    def change(self, interval_ms: int) -> None:
        """Give it other intervals."""
        self.interval_ms = interval_ms
        self._ask("configure terminal", "bfd", self._peer(), *self._intervals())

    def disable(self, on: bool = True) -> None:
        """Shut the session down, or end that."""
        self._ask("configure terminal", "bfd", self._peer(), "shutdown" if on else "no shutdown")


class BirdBfd(BfdPeer):
    """bird with nothing but the protocol bfd."""

    program = "bird"

    @property
    def _socket(self) -> str:
        return str(self.folder / "bird.ctl")

    def command(self) -> list[str]:
        """Start it in the foreground, with files of its own."""
        return [str(BIRD), "-f", "-c", str(self.config_path), "-s", self._socket]

    def config_text(self) -> str:
        """Write bird.conf."""
        passive = " passive yes;" if self.passive else ""
        return (
            "router id 10.77.0.2;\nprotocol device {}\n"
            f"protocol bfd {NAME} {{\n"
            f' interface "lan" {{ interval {self.interval_ms} ms; idle tx interval 1 s;'
            f" multiplier {self.multiplier};{passive} }};\n"
            f' neighbor {self.other} dev "lan" local {self.own};\n}}\n'
        )

    def _ask(self, *words: str) -> str:
        return self._inside.run("birdc", "-s", self._socket, *words)

    def state(self) -> str:
        """Tell the state of its session."""
        try:
            rows = [line.split() for line in self._ask("show", "bfd", "sessions").splitlines()]
        except RuntimeError:
            return ""
        return next((row[2].lower() for row in rows if row and row[0] == self.other), "")

    def change(self, interval_ms: int) -> None:
        """Give it other intervals."""
        self.interval_ms = interval_ms
        self.config_path.write_text(self.config_text())
        self._ask("configure")

    def disable(self, on: bool = True) -> None:
        """Disable the protocol, or enable it."""
        self._ask("disable" if on else "enable", NAME)


KINDS: dict[str, type[BfdPeer]] = {"frr": FrrBfd, "bird": BirdBfd}
THERE = {"frr": (PROGRAMS / "bfdd").exists(), "bird": BIRD.exists()}
