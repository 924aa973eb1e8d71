# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's openvpn on both routers by role, with user, password and token, and clients of it."""

import itertools
import os
import select
import socket
import subprocess
import threading
import time
from pathlib import Path

from tests.lab import flows
from tests.lab.agent_node import AgentNode
from tests.lab.namespace import FOLDER
from tests.lab.network import GATEWAY, Network
from tests.lab.wait import now_ns, wait_until

ECHO = 5300
# Below those that the kernel chooses.
KEPT_PORTS = 20000
UDP, TCP = PROTOCOLS = ("udp", "tcp")
INSIDE = {UDP: "10.8.0", TCP: "10.9.0"}
EVERY_S = 0.05
# What OpenVPN says when it works, and before it begins anew.
COMPLETED, PAUSE = "Initialization Sequence Completed", "Restart pause"
SERVER = """
dev tun-{protocol}
dev-type tun
topology subnet
server {inside}.0 255.255.255.0
proto {proto}
port 1194
{multihome}
dh none
ca ca.crt
cert server.crt
key server.key
tls-crypt tls-crypt.key
keepalive {keepalive}
duplicate-cn
script-security 2
auth-user-pass-verify {folder}/verify via-env
auth-gen-token 0
auth-gen-token-secret token.key
management {folder}/{protocol}.sock unix
writepid {folder}/{protocol}.pid
log-append {folder}/{protocol}.log
verb 3
cd {keys}
"""
VERIFY = "#!/bin/sh\necho $username >>{folder}/asked\n"
START = """for each in udp tcp; do
	kill -0 $(cat {folder}/$each.pid 2>/dev/null) 2>/dev/null || openvpn --config {folder}/$each.conf --daemon
done
"""
STOP = """for each in udp tcp; do
	kill $(cat {folder}/$each.pid) 2>/dev/null && rm {folder}/$each.pid
done
true
"""
SERVICE = """
config service 'vpn'
	option group 'gateway'
	option start 'sh {folder}/start'
	option stop 'sh {folder}/stop'
"""
CLIENT = ("--client", "--dev-type", "tun", "--ca", "ca.crt", "--cert", "client.crt")
CLIENT += ("--key", "client.key", "--tls-crypt", "tls-crypt.key", "--auth-user-pass", "user", "--verb", "4")


class VpnNode(AgentNode):
    """The whole of haven, with OpenVPN's servers by role."""

    renew_s = 30
    # Whether their clients are called back; by default what the manual's examples have, by which a client
    # notices a dead server after a minute.
    calls, keepalive = True, "10 60"

    def config_text(self) -> str:
        """Write the UCI text, with the servers."""
        self.network.logs[f"agent on {self.name}"] = self.folder / "agent.log"
        folder = self.vpn_folder
        folder.mkdir(exist_ok=True)
        keys = _keys(self.network.folder / "openvpn")
        for name, text in (("start", START), ("stop", STOP), ("verify", VERIFY)):
            (folder / name).write_text(text.format(folder=folder))
            (folder / name).chmod(0o755)
        for protocol in PROTOCOLS:
            (folder / f"{protocol}.conf").write_text(_server(protocol, self.keepalive, folder, keys))
        text = super().config_text() + SERVICE.format(folder=folder)
        return text + "".join(f"\tlist server '{folder}/{each}.conf'\n" for each in PROTOCOLS if self.calls)

    @property
    def vpn_folder(self) -> Path:
        """Where its servers' files are."""
        return self.folder / "vpn"

    def serves(self) -> bool:
        """Tell whether its servers take clients."""
        logs = [self.vpn_folder / f"{protocol}.log" for protocol in PROTOCOLS]
        return all(log.exists() and COMPLETED in log.read_text() for log in logs)

    def asked(self) -> int:
        """Count how often somebody's password was looked at here."""
        path = self.vpn_folder / "asked"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def servers(self) -> dict[str, dict]:
        """Tell its servers as the status has them, by their names."""
        return {each["name"]: each for each in self.status().get("openvpn", {}).get("servers", [])}


def _server(protocol: str, keepalive: str, folder: Path, keys: Path) -> str:
    proto, multihome = ("udp", "multihome") if protocol == UDP else ("tcp-server", "")
    facts = {"protocol": protocol, "proto": proto, "multihome": multihome, "inside": INSIDE[protocol]}
    return SERVER.format(folder=folder, keys=keys, keepalive=keepalive, **facts)


def _keys(folder: Path) -> Path:
    """Make what all have in common, once: an authority, certificates, keys, somebody's password."""
    if folder.exists():
        return folder
    folder.mkdir()
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]
    _call(
        folder,
        "openssl",
        "req",
        "-x509",
        "-days",
        "3650",
        "-subj",
        "/CN=ca",
        *new,
        "ca.key",
        "-out",
        "ca.crt",
    )
    for name in ("server", "client"):
        _call(folder, "openssl", "req", "-subj", f"/CN={name}", *new, f"{name}.key", "-out", "request")
        signed = ["-in", "request", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650"]
        _call(folder, "openssl", "x509", "-req", *signed, "-out", f"{name}.crt")
    _call(folder, "openvpn", "--genkey", "tls-crypt", "tls-crypt.key")
    _call(folder, "openvpn", "--genkey", "auth-token", "token.key")
    (folder / "user").write_text("somebody\nsecret\n")
    return folder


def _call(folder: Path, *argv: str) -> None:
    path = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    subprocess.run(argv, cwd=folder, check=True, capture_output=True, env=path)


class VpnClients(threading.Thread):
    """Clients of one protocol; each asks something of the router through its tunnel, unless it is quiet.

    By UDP every other one keeps its port when it begins anew, as without `nobind` in its configuration.
    """

    def __init__(self, network: Network, protocol: str, count: int) -> None:
        super().__init__(daemon=True)
        self.protocol, self.quiet = protocol, False
        self._network = network
        self._devices = [f"{protocol}{number}" for number in range(count)]
        # When what was answered had been asked, and when the answer came, of each.
        self.answers: dict[str, list[tuple[int, int]]] = {device: [] for device in self._devices}
        self._asked: dict[tuple[str, bytes], int] = {}
        self._sockets: dict[str, socket.socket] = {}
        for number, device in enumerate(self._devices):
            is_kept = protocol == UDP and number % 2 == 0
            self._start_client(device, ["--lport", str(KEPT_PORTS + number)] if is_kept else ["--nobind"])
        self.start()

    def _start_client(self, device: str, port: list[str]) -> None:
        proto = "udp" if self.protocol == UDP else "tcp-client"
        keys = self._network.folder / "openvpn"
        more = ["--proto", proto, "--remote", GATEWAY, "1194", "--dev", device, "--cd", str(keys), *port]
        log = self._network.folder / f"client-{device}.log"
        self._network.logs[f"client {device}"] = log
        self._network.client.spawn(["openvpn", *CLIENT, *more, "--log", str(log)])

    def run(self) -> None:
        """Go on and on."""
        for number in itertools.count():
            if not os.path.exists(FOLDER / self._network.client.name):
                return
            until = time.monotonic() + EVERY_S
            for device in self._devices if not self.quiet else ():
                self._ask(device, b"%d" % number)
            self._read(until)

    def _ask(self, device: str, word: bytes) -> None:
        try:
            if device not in self._sockets:
                self._sockets[device] = flows.datagrams(self._network.client)
                option = socket.SO_BINDTODEVICE
                self._sockets[device].setsockopt(socket.SOL_SOCKET, option, device.encode())
            self._asked[device, word] = now_ns()
            self._sockets[device].sendto(word, (f"{INSIDE[self.protocol]}.1", ECHO))
        except OSError:
            # The device is not there, or is another one by now.
            self._forget(device)

    def _read(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            own = {each: device for device, each in self._sockets.items()}
            ready, _writing, _odd = select.select([*own], [], [], left)
            for each in ready:
                self._take(own[each], each)

    def _take(self, device: str, ready: socket.socket) -> None:
        try:
            word = ready.recv(64)
        except OSError:
            self._forget(device)
            return
        self.answers[device].append((self._asked.get((device, word), 0), now_ns()))

    def wait_begun_anew(self, budget: float) -> list[int]:
        """Wait until each has begun anew and works; return when, by its own words: it may be silent."""
        seen: dict[str, int] = {}

        def all_have() -> bool:
            for device in self._devices:
                if device not in seen and self._has_begun_anew(device):
                    seen[device] = now_ns()
            return len(seen) == len(self._devices)

        wait_until(all_have, budget, f"{len(self._devices)} clients by {self.protocol} have begun anew")
        return list(seen.values())

    def _has_begun_anew(self, device: str) -> bool:
        _before, pause, after = self._network.logs[f"client {device}"].read_text().rpartition(PAUSE)
        return bool(pause) and COMPLETED in after

    def _forget(self, device: str) -> None:
        left = self._sockets.pop(device, None)
        if left is not None:
            left.close()

    def wait_back_for_good(self, when: int, budget: float) -> list[int]:
        """Wait until all have begun anew and have answers; return when the longest silence of each ended.

        The session beside the old one may answer for a moment before its client begins anew.
        """
        self.wait_begun_anew(budget)
        self.wait_back(now_ns(), budget)
        return [_end_of_silence(when, each) for each in self.answers.values()]

    def back_since(self, when: int) -> list[int]:
        """Return when each that had one first had an answer to what was asked after a moment."""
        found = (next((came for asked, came in each if asked > when), 0) for each in self.answers.values())
        return [came for came in found if came]

    def wait_back(self, when: int, budget: float) -> list[int]:
        """Wait until all have had an answer to what was asked after a moment; return when."""
        what = f"{len(self._devices)} clients by {self.protocol} have answers"
        wait_until(lambda: len(self.back_since(when)) == len(self._devices), budget, what)
        return self.back_since(when)


def _end_of_silence(when: int, answers: list[tuple[int, int]]) -> int:
    came = [when, *(came for asked, came in answers if asked > when)]
    return max((later - before, later) for before, later in itertools.pairwise(came))[1]


def echoes(network: Network) -> None:
    """Let the routers answer what is asked through a tunnel."""
    for router in network.routers.values():
        flows.spawn(router.namespace, "reflect", str(ECHO), "1")


def wait_known(node: VpnNode, counts: dict[str, int], budget: float = 30) -> None:
    """Wait until a router knows so many clients of each server."""

    def known() -> bool:
        servers = node.servers()
        return all(servers.get(name, {}).get("clients") == count for name, count in counts.items())

    wait_until(known, budget, f"{node.name} knows the clients")
