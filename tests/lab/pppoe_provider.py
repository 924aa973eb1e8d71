# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider that lets one PPPoE session of a customer in: rp-pppoe's server, and the kernel's PPP."""

import subprocess
import threading
import time
from pathlib import Path

from tests.lab.dialled import DialledNode
from tests.lab.network import Network

# Access concentrators ask whether a customer lives every so many seconds, and give up after three.
OPTIONS = "noauth\nlcp-echo-interval 20\nlcp-echo-failure 3\nnobsdcomp\nnodeflate\nmtu 1492\nmru 1492\n"
SESSIONS = "/proc/net/pppoe"


def kernel_has_ppp() -> bool:
    """Tell whether PPPoE can be tried here, after loading what it needs."""
    for module in ("ppp_generic", "pppoe"):
        subprocess.run(["modprobe", "-q", module], check=False)
    return Path(SESSIONS).exists() and Path("/dev/ppp").exists()


class PppoeNode(DialledNode):
    """A router whose WAN is dialled by pppd."""

    proto = "pppoe"


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
        shown = self._server.ip_json("-4", "address", "show")
        return sum(1 for link in shown if link.get("ifname", "").startswith("ppp"))

    def _count(self) -> None:
        while not self._ending.is_set():
            self.most = max(self.most, self.sessions())
            # Emulated, a look costs a tenth of a second.
            time.sleep(0.5)

    def stop(self) -> None:
        """Count no longer."""
        self._ending.set()
        self._thread.join()
