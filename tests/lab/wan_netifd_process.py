# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for ubusd and netifd in one process: one interface that is dialled, by udhcpc or by pppd.

    python -m tests.lab.wan_netifd_process SOCKET FOLDER DEVICE PROTO [up] [OPTION...]

It starts the clients with the arguments of netifd's dhcp.sh and ppp.sh, and takes an address as netifd does:
one that is there already becomes its own (CREATE and REPLACE of system-linux.c), and only its own is taken
away. `up` stands for option auto. What it has done stands in FOLDER/journal, a line each, with the time.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, decode_table, encode_table, next_frame
from tests.bus.ubus_broker import StandIn

# dhcp.script: what netifd is told becomes addresses and routes; a lease is kept for `status`.
DHCP_SCRIPT = r"""#!/bin/sh
lease=%(folder)s/lease
away() {
	[ -e "$lease" ] || return
	. "$lease"
	rm -f "$lease"
	ip route del default via "$had_router" dev "$interface" proto static 2>/dev/null
	ip address del "$had_address" dev "$interface" 2>/dev/null
}
case $1 in
deconfig) away ;;
bound|renew)
	old=
	[ ! -e "$lease" ] || { . "$lease"; old=$had_address; }
	[ -z "$old" ] || [ "$old" = "$ip/$mask" ] || away
	ip address replace "$ip/$mask" dev "$interface"
	ip route replace default via "${router%%%% *}" dev "$interface" proto static
	printf 'had_address=%%s\nhad_router=%%s\nhad_dns=%%s\nhad_time=%%s\n' \
		"$ip/$mask" "${router%%%% *}" "${dns%%%% *}" "$lease_time" >"$lease.new"
	mv "$lease.new" "$lease"
	;;
esac
[ "$1" != nak ] || echo nak >>%(folder)s/naks
exit 0
"""


def run_ip(*words: str) -> None:
    """Give `ip` these words."""
    subprocess.run(["ip", *words], check=True)


class WanStandIn:
    """The objects that haven asks, and the client."""

    name = "wan"

    def __init__(self, path: str, folder: str, device: str, proto: str, *more: str) -> None:
        self._folder, self._device, self._proto = Path(folder), device, proto
        auto = more[:1] == ("up",)
        self._options = more[auto:]
        self._names: dict[int, str] = {}
        self._client: subprocess.Popen[bytes] | None = None
        self._autostart, self._since, self._held = auto, 0.0, False
        self._script = self._folder / "dhcp.script"
        # $lease is the script's own, so udhcpc's comes under another name.
        text = DHCP_SCRIPT % {"folder": folder}
        self._script.write_text(text.replace("lease=" + folder, "lease_time=$lease\nlease=" + folder, 1))
        self._script.chmod(0o755)
        self._broker = StandIn(Path(path)).start()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._received = b""
        self._waiting: list[UbusFrame] = []
        assert self._next().kind == wire.HELLO
        for name in ("network", "network.interface", f"network.interface.{self.name}"):
            self._add(name)
        if auto:
            self._up()

    def _add(self, name: str) -> None:
        self._socket.sendall(UbusFrame(wire.ADD_OBJECT, 1, 0, path=name, signature=b"").encode())
        while (frame := self._receive()).kind != wire.STATUS:
            if frame.kind == wire.INVOKE:
                # Somebody asks meanwhile.
                self._waiting.append(frame)
            else:
                self._names[frame.number("object") or 0] = name

    def _note(self, what: str) -> None:
        with open(self._folder / "journal", "a") as file:
            file.write(f"{time.monotonic_ns()} {what}\n")

    # The interface

    def _up(self) -> None:
        self._autostart = True
        if self._client is None:
            self._note("up")
            if not self._held:
                # netifd takes a device anew, and what is on it away; not where another interface has it.
                run_ip("address", "flush", "dev", self._device, "scope", "global")
            run_ip("link", "set", self._device, "up")
            self._client = subprocess.Popen(self._argv(), start_new_session=False)

    def _argv(self) -> list[str]:
        if self._proto == "pppoe":
            options = "nodetach ipparam wan ifname pppoe-wan lcp-echo-interval 1 lcp-echo-failure 5"
            more = "nodefaultroute usepeerdns maxfail 1 user haven password secret noauth mtu 1492 noipv6"
            # As ppp.sh gives them; the plugin takes the device last.
            words = [*options.split(), *more.split(), *self._options]
            return ["pppd", *words, "plugin", "rp-pppoe.so", f"nic-{self._device}"]
        pidfile = str(self._folder / "udhcpc.pid")
        script = ["-s", str(self._script), "-f", "-t", "0", "-i", self._device]
        return ["busybox", "udhcpc", "-p", pidfile, *script, "-C", "-R", "-O", "121"]

    def _down(self) -> None:
        self._autostart = False
        client, self._client = self._client, None
        if client is not None:
            self._note("down")
            client.send_signal(signal.SIGTERM)
            client.wait(15)
            self._note("is down")
        if not self._held:
            run_ip("link", "set", self._device, "down")

    def _lease(self) -> dict[str, str]:
        try:
            lines = (self._folder / "lease").read_text().splitlines()
        except OSError:
            return {}
        return dict(line.split("=", 1) for line in lines)

    def _status(self) -> dict:
        self._redial()
        is_started = self._client is not None
        told = self._ppp_status() if self._proto == "pppoe" else self._dhcp_status()
        return {
            "pending": is_started and not told.get("up"),
            "up": False,
            "available": True,
            "autostart": self._autostart,
            "proto": self._proto,
            "device": self._device,
            **told,
        }

    def _redial(self) -> None:
        """Begin again with a client that has ended by itself, as netifd does."""
        if self._client is not None and self._client.poll() is not None:
            self._note("client ended")
            self._client = None
            self._up()

    def _dhcp_status(self) -> dict:
        lease = self._lease()
        if not lease or self._client is None:
            self._since = 0.0
            return {"up": False}
        self._since = self._since or time.monotonic()
        host, _, mask = lease["had_address"].partition("/")
        route = {"target": "0.0.0.0", "mask": 0, "nexthop": lease["had_router"], "source": f"{host}/32"}
        return {
            "up": True,
            "uptime": int(time.monotonic() - self._since),
            "l3_device": self._device,
            "metric": 0,
            "ipv4-address": [{"address": host, "mask": int(mask)}],
            "route": [route],
            "dns-server": [lease["had_dns"]] if lease["had_dns"] else [],
            "data": {"leasetime": int(lease["had_time"] or 0)},
        }

    def _ppp_status(self) -> dict:
        # It has a route to its peer as soon as it has its addresses.
        found = "pppoe-wan" in Path("/proc/net/route").read_text()
        return {"up": found and self._client is not None, "l3_device": "pppoe-wan"}

    # The bus

    def serve(self) -> None:
        """Answer for ever."""
        while True:
            frame = self._next()
            if frame.kind != wire.INVOKE:
                continue
            number = frame.number("object") or 0
            arguments = decode_table(frame.attributes.get("data", b""))
            answer = self._answer(self._names[number], frame.attributes["method"], arguments)
            for kind, more in ((wire.DATA, {"data": encode_table(answer)}), (wire.STATUS, {"status": 0})):
                reply = UbusFrame(kind, frame.sequence, frame.peer, object=number, **more)
                self._socket.sendall(reply.encode())

    def _answer(self, name: str, method: str, arguments: dict) -> dict:
        if name == "network" and method == "add_dynamic":
            self._hold(arguments)
        elif method == "remove":
            self._note(f"without {name.rpartition('.')[2]}")
        elif name == f"network.interface.{self.name}":
            if method == "status":
                return self._status()
            {"up": self._up, "down": self._down}[method]()
        return {"interface": []} if method == "dump" else {}

    def _hold(self, arguments: dict) -> None:
        if arguments["device"] == self._device:
            self._held = True
            run_ip("link", "set", self._device, "up")
        if "dns" in arguments:
            self._note(f"names by {arguments['dns'][0]}")
        self._add(f"network.interface.{arguments['name']}")

    def _next(self) -> UbusFrame:
        return self._waiting.pop(0) if self._waiting else self._receive()

    def _receive(self) -> UbusFrame:
        while (found := next_frame(self._received)) is None:
            octets = self._socket.recv(1 << 16)
            if not octets:
                sys.exit(0)
            self._received += octets
        self._received = self._received[found[1] :]
        return found[0]


if __name__ == "__main__":
    # The children go with the router's power, and with its session.
    os.chdir(sys.argv[2])
    WanStandIn(*sys.argv[1:]).serve()
