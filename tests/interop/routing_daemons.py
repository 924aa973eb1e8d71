# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD and FRR as a user sets them up for an address of haven's: the metric goes by role, BFD is on."""

import json
import subprocess
from pathlib import Path
from typing import Protocol

from tests.interop.bfd_peers import BIRD
from tests.interop.frr import PROGRAMS, frr_command, start_zebra
from tests.lab.namespace import Namespace
from tests.lab.routed_node import ACTIVE_METRIC, SERVED, STANDBY_METRIC

BFD_MS, BFD_MULTIPLIER = 100, 3
# r1 and r2 are of one autonomous system, so that x2 compares what they say of the metric.
THEIRS, OURS = 65001, 65000
NEIGHBOURS = {"r1": ("10.1.1.1",), "r2": ("10.1.2.1",), "x2": ("10.1.1.2", "10.1.2.2")}
DEVICES = {"r1": ("to-x2",), "r2": ("to-x2",), "x2": ("to-r1", "to-r2")}
ROUTER_ID = {"r1": "10.1.1.2", "r2": "10.1.2.2", "x2": "10.1.0.2"}


class Place(Protocol):
    """The network that a routing daemon is in."""

    folder: Path
    logs: dict[str, Path]


class RoutingDaemon:
    """A routing daemon on one machine; r1 and r2 tell of the address, x2 uses what it hears."""

    program = ""
    # Of an address that stands there, whoever has put it there.
    metric = ACTIVE_METRIC

    def __init__(self, network: Place, machine: Namespace, name: str, protocol: str) -> None:
        self.network, self.machine, self.name, self.protocol = network, machine, name, protocol
        self.folder = network.folder / f"{self.program}-{name}"
        self.folder.mkdir()
        self.log_path = self.folder / "log"
        network.logs[f"{self.program} on {name}"] = self.log_path

    def start(self) -> None:
        """Start it."""
        raise NotImplementedError

    def sessions_up(self) -> int:
        """Count the BFD sessions that are up."""
        raise NotImplementedError

    def _spawn(self, argv: list[str]) -> subprocess.Popen[bytes]:
        with open(self.log_path, "ab") as log:
            return self.machine.spawn(argv, log)

    @property
    def _numbers(self) -> tuple[int, int]:
        return (OURS, THEIRS) if self.name == "x2" else (THEIRS, OURS)


class Bird(RoutingDaemon):
    """BIRD learns the route that haven makes, with its metric."""

    program = "bird"

    def start(self) -> None:
        """Write bird.conf and start it."""
        config = self.folder / "bird.conf"
        config.write_text(self.config_text())
        self._spawn([str(BIRD), "-f", "-c", str(config), "-s", str(self.folder / "bird.ctl")])

    def sessions_up(self) -> int:
        """Count them by what birdc shows."""
        try:
            shown = self.machine.run("birdc", "-s", str(self.folder / "bird.ctl"), "show", "bfd", "sessions")
        except RuntimeError:
            return 0
        return sum(line.split()[2:3] == ["Up"] for line in shown.splitlines())

    def config_text(self) -> str:
        """Write bird.conf."""
        bfd = f"interval {BFD_MS} ms; multiplier {BFD_MULTIPLIER};"
        learnt = f"net = {SERVED}/32 && source = RTS_INHERIT"
        # Preferred to what the other router tells, or each would take its own back as soon as it hears that.
        own = "import filter { if net = %s/32 then preference = 200; accept; };" % SERVED
        kernel = "export where source != RTS_INHERIT;" if self.name == "x2" else own
        peers = self._ospf() if self.protocol == "ospf" else self._bgp()
        return (
            f"router id {ROUTER_ID[self.name]};\n"
            f'log "{self.log_path}" all;\nprotocol device {{ }}\n'
            f'protocol bfd {{ interface "*" {{ {bfd} }}; }}\n'
            f"protocol kernel {{ learn; ipv4 {{ {kernel} }}; }}\n"
            "filter shared {\n"
            f" if ({learnt}) then {{ {self._metric()} = krt_metric; accept; }}\n reject;\n}}\n{peers}"
        )

    def _metric(self) -> str:
        return "ospf_metric1" if self.protocol == "ospf" else "bgp_med"

    def _ospf(self) -> str:
        link = 'interface "%s" { type ptp; hello 1; dead 4; bfd; };'
        links = " ".join(link % device for device in DEVICES[self.name])
        return f"protocol ospf v2 {{ ipv4 {{ export filter shared; }}; area 0 {{ {links} }}; }}\n"

    def _bgp(self) -> str:
        own, other = self._numbers
        told = "ipv4 { import all; export filter shared; };"
        peer = "protocol bgp { local as %d; neighbor %s as %d; bfd; " + told + " }"
        return "\n".join(peer % (own, each, other) for each in NEIGHBOURS[self.name]) + "\n"


class Frr(RoutingDaemon):
    """FRR: on the Active the address is connected, with its metric; a standby's route is the kernel's."""

    program = "frr"

    def start(self) -> None:
        """Start zebra, bfdd and the daemon of the protocol."""
        start_zebra(self.network, self.folder, self.machine, self.log_path)
        daemon = "ospfd" if self.protocol == "ospf" else "bgpd"
        for name, text in (("bfdd", ""), (daemon, self.config_text())):
            config = self.folder / f"{name}.conf"
            config.write_text(text + self._profile(name))
            more = ["--bfdctl", str(self.folder / "bfdd.sock")] if name == "bfdd" else []
            self._spawn([*frr_command(name, self.folder, config), *more])

    def sessions_up(self) -> int:
        """Count them by what vtysh shows."""
        ask = ("vtysh", "--vty_socket", str(self.folder), "-c", "show bfd peers json")
        try:
            peers = json.loads(self.machine.run(*ask))
        except (RuntimeError, ValueError):
            return 0
        return sum(each.get("status") == "up" for each in peers)

    def _profile(self, name: str) -> str:
        if name != "bfdd":
            return ""
        times = "".join(f"  {way}-interval {BFD_MS}\n" for way in ("transmit", "receive"))
        return f"bfd\n profile fast\n  detect-multiplier {BFD_MULTIPLIER}\n{times}"

    def config_text(self) -> str:
        """Write ospfd.conf or bgpd.conf."""
        shared = f"ip prefix-list service permit {SERVED}/32\n"
        shared += "route-map shared permit 10\n match ip address prefix-list service\nexit\n"
        return shared + (self._ospf() if self.protocol == "ospf" else self._bgp())

    def _ospf(self) -> str:
        link = ("ip ospf area 0", "ip ospf network point-to-point", "ip ospf hello-interval 1")
        link += ("ip ospf dead-interval 4", "ip ospf bfd", "ip ospf bfd profile fast")
        lines = [line for device in DEVICES[self.name] for line in (f"interface {device}", *link)]
        lines += ["router ospf", f"ospf router-id {ROUTER_ID[self.name]}", "timers throttle spf 0 50 500"]
        # What is news is told at once, not five seconds after the last news.
        lines += ["timers throttle lsa all 0", "timers lsa min-arrival 0"]
        if self.name != "x2":
            lines += [
                f"redistribute connected metric {self.metric} route-map shared",
                f"redistribute kernel metric {STANDBY_METRIC} route-map shared",
            ]
        return "\n".join(lines) + "\n"

    def _bgp(self) -> str:
        own, other = self._numbers
        lines = [f"router bgp {own}", f"bgp router-id {ROUTER_ID[self.name]}", "no bgp ebgp-requires-policy"]
        for each in NEIGHBOURS[self.name]:
            lines += [f"neighbor {each} remote-as {other}", f"neighbor {each} bfd profile fast"]
            lines += [f"neighbor {each} advertisement-interval 0", f"neighbor {each} timers connect 1"]
        if self.name != "x2":
            lines += ["address-family ipv4 unicast"]
            lines += [f"redistribute {kind} route-map shared" for kind in ("connected", "kernel")]
            lines += ["exit-address-family"]
        return "\n".join(lines) + "\n"


KINDS: dict[str, type[RoutingDaemon]] = {"bird": Bird, "frr": Frr}
THERE = {"bird": BIRD.exists(), "frr": all((PROGRAMS / each).exists() for each in ("bfdd", "ospfd", "bgpd"))}
PROTOCOLS = ("ospf", "bgp")
