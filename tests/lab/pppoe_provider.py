# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider that lets one PPPoE session of a customer in: rp-pppoe's server, and the kernel's PPP."""

import subprocess
import threading
import time
from pathlib import Path

from tests.lab.dialled import DialledNode
from tests.lab.namespace import Namespace
from tests.lab.network import Network

# Access concentrators ask whether a customer lives every so many seconds, and give up after three.
OPTIONS = "noauth\nlcp-echo-interval 20\nlcp-echo-failure 3\nnobsdcomp\nnodeflate\nmtu 1492\nmru 1492\n"
SESSIONS = "/proc/net/pppoe"


def kernel_has_ppp() -> bool:
    """Tell whether PPPoE can be tried here, after loading what it needs."""
    for module in ("ppp_generic", "pppoe"):
        subprocess.run(["modprobe", "-q", module], check=False)
    return Path(SESSIONS).exists() and Path("/dev/ppp").exists()


def linked(namespace: Namespace) -> set[str]:
    """Tell which devices of a machine have a network: a session has one as soon as it has its addresses.

    Without a program: where each takes 30 ms to start, they would be most of what is measured.
    """
    living = (process.pid for process in list(namespace.spawned) if process.poll() is None)
    try:
        rows = Path(f"/proc/{next(living)}/net/route").read_text().splitlines()[1:]
    except (OSError, StopIteration):
        return set()
    return {row.split()[0] for row in rows}


class PppoeNode(DialledNode):
    """A router whose WAN is dialled by pppd."""

    proto = "pppoe"

    def has_session(self) -> bool:
        """Tell whether this router has an address of its session."""
        return "pppoe-wan" in linked(self.router.namespace)


class HastyNode(PppoeNode):
    """One whose pppd repeats an unheard word after a second, in place of three."""

    pppd_options = ("lcp-restart", "1")


class PppoeProvider:
    """The server, and the greatest number of sessions that it has had at once."""

    def __init__(self, network: Network) -> None:
        self._server = network.server
        options = network.folder / "pppoe-server-options"
        options.write_text(OPTIONS)
        network.logs["pppoe-server"] = log_path = network.folder / "pppoe-server.log"
        # -x 1: a second session from one MAC address is not answered while the first one stands.
        argv = ["pppoe-server", "-F", "-I", "wan", "-x", "1", "-N", "8", "-O", str(options)]
        with open(log_path, "ab") as log:
            self._server.spawn([*argv, "-L", "10.64.0.1", "-R", "10.64.0.10"], log)
        self.most = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def sessions(self) -> int:
        """Count the customers with a session at the server, by its point-to-point devices."""
        return sum(1 for device in linked(self._server) if device.startswith("ppp"))

    def _count(self) -> None:
        while not self._ending.is_set():
            self.most = max(self.most, self.sessions())
            time.sleep(0.1)

    def stop(self) -> None:
        """Count no longer."""
        self._ending.set()
        self._thread.join()
