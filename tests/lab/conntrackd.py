# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd on a router of the lab, and a client of its control socket."""

import re
import signal
import socket
import struct
import subprocess
from pathlib import Path

from tests.lab.network import GATEWAY, UPLINK, Network
from tests.lab.wait import wait_until

# What conntrackd's own command sends for -c, -f, -f internal, -R, -B, -n, -t, and for parts of -s.
REQUESTS = {
    "commit": 46,
    "flush": 45,
    "flush internal": 33,
    "resync": 44,
    "bulk": 22,
    "request": 23,
    "purge": 26,
    "statistics": 21,
    "network": 28,
    "cache": 29,
    "runtime": 30,
    "resend": 32,
    "queue": 36,
}

CONFIG = """Sync {{
 Mode {mode} {{
  {mode_options}
 }}
 {channel}
}}
General {{
 Systemd off
 HashSize {hash_size}
 HashLimit {hash_limit}
 LogFile {log}
 LockFile {folder}/lock
 UNIX {{
  Path {control}
 }}
 {scheduler}
 NetlinkBufferSize {netlink_buffer}
 NetlinkBufferSizeMaxGrowth {netlink_growth}
 NetlinkOverrunResync {overrun_resync}
 Filter From Userspace {{
  Address Ignore {{
{ignored}
  }}
 }}
}}
"""


class Conntrackd:
    """conntrackd on one router; what is not said is as its example configuration has it."""

    def __init__(self, network: Network, name: str, **options: object) -> None:
        self.network, self.name = network, name
        self.folder = network.folder / f"ct-{name}"
        self.folder.mkdir(exist_ok=True)
        self.control = self.folder / "ctl"
        self.options: dict[str, object] = {
            "mode": "FTFW",
            "mode_options": "DisableExternalCache Off",
            "hash_size": 32768,
            "hash_limit": 524288,
            "scheduler": "Scheduler {\n  Type RR\n  Priority 1\n }",
            "netlink_buffer": 2097152,
            "netlink_growth": 8388608,
            "overrun_resync": "On",
            "socket_buffer": 1249280,
            **options,
        }
        self.config_path = self.folder / "conntrackd.conf"
        self.log_path = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def config_text(self) -> str:
        """Write its configuration; the flows of the routers themselves are nobody else's business."""
        options = dict(self.options)
        buffer = options.pop("socket_buffer")
        options.setdefault("channel", self._unicast(buffer))
        routers = self.network.routers.values()
        own = [router.address(segment) for router in routers for segment in ("lan", "wan", "sync")]
        ignored = "\n".join(f"   IPv4_address {each}" for each in ["127.0.0.1", GATEWAY, UPLINK, *own])
        return CONFIG.format(
            folder=self.folder, control=self.control, log=self.log_path, ignored=ignored, **options
        )

    def _unicast(self, buffer: object) -> str:
        own = self.network[self.name]
        peer = next(router for name, router in self.network.routers.items() if name != self.name)
        return (
            f"UDP {{\n  IPv4_address {own.address('sync')}\n"
            f"  IPv4_Destination_Address {peer.address('sync')}\n"
            f"  Port 3780\n  Interface sync\n  SndSocketBuffer {buffer}\n  RcvSocketBuffer {buffer}\n"
            "  Checksum on\n }"
        )

    def start(self) -> "Conntrackd":
        """Start it in the foreground and wait until it answers."""
        self.config_path.write_text(self.config_text())
        for left in (self.control, self.folder / "lock"):
            left.unlink(missing_ok=True)
        with open(self.folder / "stdout", "ab") as log:
            argv = ["conntrackd", "-C", str(self.config_path)]
            self.process = self.network[self.name].namespace.spawn(argv, log)
        wait_until(self._answers, 10, f"conntrackd of {self.name} answers")
        return self

    def _answers(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"conntrackd of {self.name} ended: {(self.folder / 'stdout').read_text()}")
        try:
            return bool(self.ask("runtime"))
        except OSError:
            return False

    def ask(self, request: str, budget: float = 30) -> str:
        """Send one request and return what it says until it hangs up, which is when it is done."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(budget)
            line.connect(str(self.control))
            line.sendall(struct.pack("=i", REQUESTS[request]))
            parts = []
            while octets := line.recv(65536):
                parts.append(octets)
        return b"".join(parts).decode()

    def figure(self, request: str, label: str) -> int:
        """Read one figure of its statistics: the first number after a label."""
        found = re.search(re.escape(label) + r"\s*(\d+)", self.ask(request))
        if found is None:
            raise KeyError(f"conntrackd says nothing about {label}")
        return int(found[1])

    def sent(self) -> bool:
        """Tell whether nothing waits for being sent."""
        return "queue txqueue:\ncurrent elements:\t\t           0" in self.ask("queue")

    def unacknowledged(self) -> list[int]:
        """List the numbers of the messages that the peer has not yet acknowledged, oldest first."""
        return [int(each) for each in re.findall(r"seq:(\d+)", self.ask("resend"))]

    def wait_delivered(self, budget: float = 3) -> None:
        """Wait until the peer has everything that this node has to say now."""
        wait_until(self.sent, budget, "everything is sent", interval=0.005)
        newest = max(self.unacknowledged(), default=0)
        # An acknowledgement comes after 300 messages or one second.
        wait_until(
            lambda: min(self.unacknowledged(), default=newest + 1) > newest,
            budget,
            "everything is acknowledged",
        )

    def kill9(self) -> None:
        """End it at once."""
        process = self._alive()
        process.send_signal(signal.SIGKILL)
        process.wait(60)

    def cpu_ns(self) -> int:
        """Tell the processor time it has used."""
        return int(Path(f"/proc/{self._alive().pid}/schedstat").read_text().split()[0])

    def pss_mb(self) -> float:
        """Tell the memory it uses."""
        lines = Path(f"/proc/{self._alive().pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self.process is None or self.process.poll() is not None:
            raise RuntimeError(f"conntrackd of {self.name} is not running")
        return self.process
