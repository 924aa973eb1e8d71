# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for ubusd and netifd in one process: one interface of proto wireguard.

    python -m tests.lab.wireguard_netifd_process SOCKET FOLDER DEVICE wireguard ADDRESS NETWORK

As netifd does by wireguard.sh: the device is there while the interface is up, has FOLDER/wg.conf, ADDRESS,
and a route to NETWORK.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.lab.wan_netifd_process import WanStandIn, run_ip


class WireguardStandIn(WanStandIn):
    """The interface, which is called as its device."""

    name = "wg0"

    def _is_there(self) -> bool:
        return Path("/sys/class/net", self._device).exists()

    def _up(self) -> None:
        self._autostart = True
        if not self._is_there():
            self._note("up")
            address, network = self._options
            run_ip("link", "add", self._device, "type", "wireguard")
            subprocess.run(["wg", "setconf", self._device, self._folder / "wg.conf"], check=True)
            run_ip("address", "add", address, "dev", self._device)
            run_ip("link", "set", self._device, "up")
            run_ip("route", "add", network, "dev", self._device)

    def _down(self) -> None:
        self._autostart = False
        if self._is_there():
            self._note("down")
            run_ip("link", "del", self._device)

    def _status(self) -> dict:
        told = {"up": self._is_there(), "pending": False, "available": True, "autostart": self._autostart}
        return {**told, "proto": "wireguard", "l3_device": self._device}


if __name__ == "__main__":
    os.chdir(sys.argv[2])
    WireguardStandIn(*sys.argv[1:]).serve()
