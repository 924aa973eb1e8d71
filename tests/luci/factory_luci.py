# SPDX-License-Identifier: GPL-2.0-or-later
"""LuCI on a router in its factory state: its pages on port 80 of the router, and a browser on its LAN.

The files are those of the router, and the program of rpcd is the real one, with the router's folders in it.
"""

import ctypes
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.lab.factory_router import FactoryRouter
from tests.lab.namespace import FOLDER, Namespace
from tests.luci.router import OK, ROOT, UCI, Answer, Router
from tests.luci.uci_store import UciStore, Values
from tests.luci.web import Web, folders

CLONE_NEWNET = 0x40000000
PROGRAM = ROOT / "openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven"
PACKAGES = ("haven", "network", "dhcp", "firewall", "system")

_libc = ctypes.CDLL(None, use_errno=True)


def listening_in(namespace: Namespace, port: int) -> socket.socket:
    """Return a socket that listens on a port in a namespace; it stays where it was made."""
    made: list[socket.socket] = []

    def listen() -> None:
        with open(FOLDER / namespace.name) as file:
            assert _libc.setns(file.fileno(), CLONE_NEWNET) == 0
        made.append(socket.create_server(("", port)))

    # What a thread enters is left with it.
    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    return made[0]


class FileUci(UciStore):
    """rpcd's object `uci` over the files of a router; what LuCI applies is written, and haven reloaded."""

    def __init__(self, router: FactoryRouter) -> None:
        self._router = router
        super().__init__(**self._texts())
        # LuCI stages, and applies by a page of its own.
        self.applied = Applied(self._write)

    def _texts(self) -> dict[str, str]:
        texts = {name: (self._router.root / "etc/config" / name).read_text() for name in PACKAGES}
        return {**texts, "luci": ""}

    def call(self, method: str, arguments: Values) -> tuple[int, Values]:
        """Carry out one call, on the files as they are now while nothing is staged."""
        if not self.changes:
            applied = self.applied
            super().__init__(**self._texts())
            self.applied = applied
        return super().call(method, arguments)

    def _write(self) -> None:
        (self._router.root / "etc/config/haven").write_text(self.text("haven"))
        self.changes = []
        where = ("--config", f"{self._router.root}/etc/config/haven", "--run-dir", str(self._router.run_dir))
        assert self._router.haven(*where, "reload").returncode == 0


class Applied(list):
    """What was applied; each is put in force."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def append(self, what: str) -> None:
        super().append(what)
        self._act()


class FactoryLuci(Router):
    """What answers the pages of a router in its factory state, or of what it has become."""

    def __init__(self, router: FactoryRouter) -> None:
        super().__init__(router.bus, "config haven\n")
        self.router, self.uci = router, FileUci(router)
        self._program = self._installed(router.root)

    def _installed(self, root: Path) -> Path:
        """Write the program of rpcd with the places of this router, and a `uci` beside it."""
        text = PROGRAM.read_text().replace("run=/var/run/haven", f"run={self.router.run_dir}")
        python = "python3 -I /usr/lib/haven/haven.zip"
        where = f"--root {root} --run-dir {self.router.run_dir}"
        text = text.replace(f"{python} page-job", f"{sys.executable} -m haven.cli.page_job {where}")
        text = text.replace(f"{python} luci-calls", f"{sys.executable} -m haven.openwrt.luci_calls")
        assert python not in text
        (root / "bin").mkdir()
        uci = f'#!/bin/sh\nexec {sys.executable} {UCI} -c {root}/etc/config -t {root}/changes "$@"\n'
        for name, script in (("luci.haven", text), ("uci", uci)):
            (root / "bin" / name).write_text(script)
            (root / "bin" / name).chmod(0o755)
        return root / "bin/luci.haven"

    def _luci_haven(self, method: str, arguments: dict) -> Answer:
        environment = {**os.environ, **self.router.environment}
        environment["PATH"] = f"{self.router.root}/bin:{environment['PATH']}"
        inside = ["ip", "netns", "exec", self.router.namespace.name]
        done = subprocess.run(
            [*inside, str(self._program), "call", method],
            input=json.dumps(arguments),
            capture_output=True,
            text=True,
            env=environment,
        )
        return OK, json.loads(done.stdout)

    def _network_interface(self, _method: str, _arguments: dict) -> Answer:
        return OK, {"interface": []}

    def serve(self) -> Web:
        """Serve the pages on the router itself."""
        return Web(self, folders(), listening_in(self.router.namespace, 80))


def browser_in(playwright: Playwright, namespace: Namespace, options: list[str], folder: Path) -> Browser:
    """Start a browser on a computer of the lab."""
    start = folder / f"chromium-{namespace.word}"
    start.write_text(f'#!/bin/sh\nexec ip netns exec {namespace.name} /usr/bin/chromium "$@"\n')
    start.chmod(start.stat().st_mode | stat.S_IXUSR)
    return playwright.chromium.launch(executable_path=str(start), args=options)
