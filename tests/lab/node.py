# SPDX-License-Identifier: GPL-2.0-or-later
"""A node: one router of the lab with a redundancy program on it, whichever that is."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

from tests.lab.gateway import Gateway
from tests.lab.network import Network, Router, addresses_of
from tests.lab.wait import wait_until


class Node:
    """What haven's node and keepalived's have in common."""

    program = ""

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        self.network, self.name = network, name
        self.gateway = Gateway(**gateway)
        self.folder = network.folder / name
        self.folder.mkdir(exist_ok=True)
        self.log_path = self.folder / f"{self.program}.log"
        self.config_path = self.folder / f"{self.program}.conf"
        network.logs[f"{self.program} on {name}"] = self.log_path
        self.process: subprocess.Popen[bytes] | None = None
        self.configure()

    @property
    def router(self) -> Router:
        """The router under it, which is another one after the power was cut."""
        return self.network[self.name]

    def config_text(self) -> str:
        """Write the program's configuration."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """Tell how the program is started."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Tell what the program's environment has beyond ours."""
        return {}

    def state(self) -> str | None:
        """Tell 'active', 'backup', 'fault', 'initialize' or 'maintenance'; None when it does not answer."""
        raise NotImplementedError

    def hears_active(self) -> bool:
        """Tell whether a Backup has heard the Active on every side, as far as the program tells."""
        return True

    def configure(self, **changes: object) -> None:
        """Write the configuration, with changes; a running program is not told."""
        self.gateway = replace(self.gateway, **changes)
        self.config_path.write_text(self.config_text())

    def start(self) -> "Node":
        """Start the program."""
        if self.running:
            raise RuntimeError(f"{self.program} on {self.name} is running already")
        with open(self.log_path, "ab") as log:
            self.process = self.router.namespace.spawn(self.command(), log, self.environment())
        return self

    @property
    def running(self) -> bool:
        """Tell whether the program is alive."""
        return self.process is not None and self.process.poll() is None

    def stop(self, budget: float = 60) -> int:
        """Ask the program to end in good order, and tell its exit status."""
        process = self._alive()
        process.send_signal(signal.SIGTERM)
        return process.wait(budget)

    def kill9(self) -> None:
        """End the program and its children at once; what it put into the kernel stays."""
        process = self._alive()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def restart(self, budget: float = 60) -> "Node":
        """Stop in good order and start again."""
        self.stop(budget)
        return self.start()

    def freeze(self) -> None:
        """Let the program stand still, as a stuck machine does; its kernel goes on answering."""
        os.killpg(self._alive().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the program go on."""
        os.killpg(self._alive().pid, signal.SIGCONT)

    def wait_state(self, state: str, budget: float = 30) -> "Node":
        """Wait until the node is in a state."""

        def there() -> bool:
            # A program that has ended will not become anything.
            self._alive()
            return self.state() == state

        try:
            wait_until(there, budget, f"{self.name} becomes {state}")
        except TimeoutError as late:
            raise TimeoutError(f"{late}; it is {self.state()}; its log:\n{self.log_tail()}") from None
        return self

    def addresses(self, device: str | None = None) -> list[str]:
        """List the addresses that its kernel has."""
        return addresses_of(self.router.namespace, device)

    def holds(self, *addresses: str) -> bool:
        """Tell whether its kernel has all of these addresses; without any, all of the gateway's."""
        held = self.addresses()
        return all(address in held for address in addresses or self.gateway.bare_addresses)

    def holds_none(self) -> bool:
        """Tell whether its kernel has none of the gateway's addresses."""
        held = self.addresses()
        return not any(address in held for address in self.gateway.bare_addresses)

    def log_text(self) -> str:
        """Tell everything the program has said."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 25) -> str:
        """Tell the last of what the program has said."""
        return "\n".join(self.log_text().splitlines()[-lines:])

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"{self.program} on {self.name} is not running; its log:\n{self.log_tail()}")
        return self.process


def executable(name: str) -> list[str] | None:
    """Find a program of this checkout: in HAVEN_BIN, else in its virtual environment."""
    root = Path(__file__).resolve().parents[2]
    folders = [Path(os.environ["HAVEN_BIN"])] if "HAVEN_BIN" in os.environ else [root / ".venv" / "bin"]
    for folder in folders:
        if (folder / name).exists():
            return [str(folder / name)]
    return None
