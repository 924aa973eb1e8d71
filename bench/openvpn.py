# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN over TCP to the virtual address, by Debian's openvpn: equal servers on both routers, one client."""

import shutil
import subprocess
from pathlib import Path

from tests.lab.namespace import Namespace
from tests.lab.network import GATEWAY, Network
from tests.lab.wait import wait_until

PORT = 1194
NETWORK, INSIDE = "10.8.0.0", "10.8.0.1"
# The keepalive of its manual's examples; TCP notices before it does.
COMMON = ("--dev", "tun0", "--dev-type", "tun", "--keepalive", "10", "60", "--persist-key", "--verb", "3")
SERVER = ("--server", NETWORK, "255.255.255.0", "--proto", "tcp-server", "--dh", "none")
SERVER += ("--port", str(PORT))
CLIENT = ("--client", "--proto", "tcp-client", "--remote", GATEWAY, str(PORT), "--nobind")


def missing() -> str | None:
    """Return what keeps it from running, in one sentence."""
    for program in ("openvpn", "openssl"):
        if shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
            return f"install Debian's package {program}"
    return None


class Tunnel:
    """The servers, and the client once both routers serve."""

    def __init__(self, network: Network) -> None:
        self._folder = network.folder / "openvpn"
        self._folder.mkdir()
        prints = {name: self._identity(name) for name in ("server", "client")}
        for name, router in network.routers.items():
            self._start(router.namespace, name, "server", prints["client"], SERVER)
        # What it says when it takes connections.
        for name in network.routers:
            wait_until(lambda name=name: "Completed" in self._log(name), 20, f"openvpn on {name} serves")
        # Without a tunnel the router would be reached by the gateway's way.
        network.client.ip(f"route add unreachable {NETWORK}/24 metric 1000")
        self._start(network.client, "client", "client", prints["server"], CLIENT)
        wait_until(lambda: "Completed" in self._log("client"), 30, "the tunnel is there")

    def _identity(self, name: str) -> str:
        """Make a key with its certificate; return its fingerprint."""
        key, certificate = self._folder / f"{name}.key", self._folder / f"{name}.crt"
        made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"]
        made += ["-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(["openssl", "req", "-x509", *made], check=True, capture_output=True)
        asked = ["openssl", "x509", "-fingerprint", "-sha256", "-noout", "-in", str(certificate)]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        return said.strip().partition("=")[2]

    def _start(self, inside: Namespace, name: str, own: str, peer: str, more: tuple[str, ...]) -> None:
        identity = ("--cert", f"{self._folder}/{own}.crt", "--key", f"{self._folder}/{own}.key")
        log = ("--log", str(self._path(name)))
        inside.spawn(["openvpn", *COMMON, *more, *identity, "--peer-fingerprint", peer, *log])

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _log(self, name: str) -> str:
        return self._path(name).read_text() if self._path(name).exists() else ""
