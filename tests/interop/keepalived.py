# SPDX-License-Identifier: GPL-2.0-or-later
"""A node with Debian's keepalived on it."""

import os
from pathlib import Path

from tests.lab.gateway import Side, peers
from tests.lab.network import Network
from tests.lab.node import Node

# As havend has it. Without the second keepalived is killed once it has computed for 10 ms.
REAL_TIME = " vrrp_rt_priority 50\n vrrp_rlimit_rttime 2000000"
STATES = {"MASTER": "active", "BACKUP": "backup", "FAULT": "fault", "STOP": "initialize"}
# Words of keepalived's log lines that find fault with what it has heard.
COMPLAINTS = (
    "invalid",
    "mismatch",
    "checksum",
    "bogus",
    "bad ",
    "unexpected",
    "ignoring received advertisment",
    "received lower priority",
    "different",
    "differs",
    "expected",
    "too long",
    "too short",
)


# A keepalived of 2.4.2 or later, where there is one.
NEWER = "HAVEN_KEEPALIVED"
# haven's options, and what keepalived calls their values.
SIGNATURE = ("auth_key", "auth_key_other", "auth_mode", "auth_replay", "auth_window")
MODES = {"receive": "receive-only"}


def signature_lines(options: dict[str, str]) -> list[str]:
    """Return the lines of keepalived's auth_hmac for haven's options."""
    keys = [options[name].split(":", 1) for name in SIGNATURE[:2] if name in options]
    mode = options.get("auth_mode", "enforce")
    return [
        *(f"key {number} {secret}" for number, secret in keys),
        f"active_key {keys[0][0]}",
        f"anti_replay {options.get('auth_replay', 'time')}",
        f"mode {MODES.get(mode, mode)}",
    ]


class KeepalivedNode(Node):
    """keepalived on a router, told the same gateway as haven's node."""

    program = "keepalived"
    real_time = REAL_TIME

    def __init__(self, network: Network, name: str, **gateway: object) -> None:
        self._fifo: int | None = None
        self._pending = b""
        self.instances: dict[str, str] = {}
        super().__init__(network, name, **gateway)

    @property
    def fifo_path(self) -> Path:
        """Tell where keepalived notifies."""
        return self.folder / "notify"

    def config_text(self) -> str:
        """Write keepalived.conf."""
        names = " ".join(side.name for side in self.gateway.sides)
        return "\n".join(
            [
                f"global_defs {{\n router_id {self.name}\n notify_fifo {self.fifo_path}\n script_user root",
                self.real_time,
                " enable_script_security\n dynamic_interfaces\n}",
                f"vrrp_sync_group {self.gateway.group} {{\n group {{ {names} }}\n}}",
                *(self._instance(side) for side in self.gateway.sides),
                "",
            ]
        )

    def _instance(self, side: Side) -> str:
        gateway = self.gateway
        lines = [
            f"vrrp_instance {side.name} {{",
            f"interface {side.segment}",
            f"virtual_router_id {side.vrid}",
            f"version {gateway.version}",
            "state BACKUP",
            f"priority {gateway.priority}",
            f"advert_int {gateway.interval_ms / 1000:g}",
            f"preempt_delay {gateway.preempt_delay}" if gateway.preempt else "nopreempt",
            *(["accept"] if gateway.accept else ["no_accept"]),
            *([f"use_vmac vrrp{side.family}.{side.vrid}"] if gateway.virtual_mac else []),
            *self._authentication(),
            *self._unicast(side),
            *self._tracks(),
            _block("virtual_ipaddress", side.addresses),
            *(f"{key} {value}".strip() for key, value in gateway.more.items() if key not in SIGNATURE),
        ]
        return "\n ".join(lines) + "\n}"

    def _authentication(self) -> list[str]:
        secret, more = self.gateway.auth_pass, self.gateway.more
        if "auth_key" in more:
            return [_block("auth_hmac", tuple(signature_lines(more)))]
        return [_block("authentication", ("auth_type PASS", f"auth_pass {secret}"))] if secret else []

    def _unicast(self, side: Side) -> list[str]:
        if not self.gateway.unicast:
            return []
        own = self.router.link_local if side.family == 6 else self.router.address
        return [
            f"unicast_src_ip {own(side.segment)}",
            _block("unicast_peer", tuple(peers(self.network, self.name, side))),
        ]

    def _tracks(self) -> list[str]:
        tracks = [track.split(":") for track in self.gateway.tracks]
        lines = [f"{device[0]} weight -{device[1]}" if device[1:] else device[0] for device in tracks]
        return [_block("track_interface", tuple(lines))] if lines else []

    def command(self) -> list[str]:
        """Start it in the foreground, VRRP only, with files of its own."""
        return [
            *(self.binary(), "--dont-fork", "--vrrp", "--log-console", "--log-detail"),
            *("--use-file", str(self.config_path)),
            *("--pid", str(self.folder / "keepalived.pid")),
            *("--vrrp_pid", str(self.folder / "vrrp.pid")),
        ]

    def binary(self) -> str:
        """Tell which keepalived it is: only a later one than Debian's signs."""
        return os.environ[NEWER] if "auth_key" in self.gateway.more else "keepalived"

    def start(self) -> "KeepalivedNode":
        """Start it with somebody at the end of its FIFO."""
        self.instances.clear()
        # A killed keepalived leaves them behind, and its pids may still be those of unburied processes.
        for left in self.folder.glob("*.pid"):
            left.unlink()
        if not self.fifo_path.exists():
            os.mkfifo(self.fifo_path)
        if self._fifo is None:
            self._fifo = os.open(self.fifo_path, os.O_RDONLY | os.O_NONBLOCK)
        super().start()
        return self

    def state(self) -> str | None:
        """Tell the state that all its instances are in, as its FIFO has told it."""
        self._read_fifo()
        if not self.running:
            return None
        states = set(self.instances.values())
        if "fault" in states:
            return "fault"
        if len(self.instances) < len(self.gateway.sides):
            return "initialize"
        return states.pop() if len(states) == 1 else "mixed"

    def complaints(self) -> list[str]:
        """List the log lines that find fault with what was heard."""
        lines = self.log_text().splitlines()
        return [line for line in lines if any(word in line.lower() for word in COMPLAINTS)]

    def _read_fifo(self) -> None:
        if self._fifo is None:
            return
        while octets := _read(self._fifo):
            self._pending += octets
        *lines, self._pending = self._pending.split(b"\n")
        for line in lines:
            words = line.decode().replace('"', "").split()
            if len(words) >= 3 and words[0] == "INSTANCE" and words[2] in STATES:
                self.instances[words[1]] = STATES[words[2]]


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""


def _block(name: str, lines: tuple[str, ...]) -> str:
    return f"{name} {{\n  " + "\n  ".join(lines) + "\n }"
