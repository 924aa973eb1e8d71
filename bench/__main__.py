# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m bench [--runs N] [NAME...]`: run benches and print their tables; by default those of VRRP."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial

from bench.attack import attacks
from bench.auth import signatures
from bench.bfd import bfd_sessions
from bench.carp import carp_takeovers
from bench.chaos import many_chaos
from bench.common import common_changes
from bench.conntrack import busy_connections
from bench.conntrack_cost import idle_connections
from bench.cost import idle_cost
from bench.deaf import deaf_links
from bench.defaults import defaults
from bench.doctor import doctor_faults, doctor_sound, doctors
from bench.drill import drill_kills, drills
from bench.heartbeat import CONDITIONS, heartbeats
from bench.leases import leases
from bench.many import NODES, many, many_plot
from bench.means import means
from bench.micro import micro_nodes
from bench.nights import drill_nights
from bench.outage import planned_stops, power_cuts, switchovers
from bench.own import own_connections
from bench.quiet import quiet_connections
from bench.resident import resident
from bench.routed import routed
from bench.router_adverts import advertised_hosts
from bench.services import services_by_role
from bench.size import sizes
from bench.slow import INTERVALS_MS, slow_routers
from bench.start import starts
from bench.steadiness import busy_machine
from bench.sync import replication
from bench.table import Row
from bench.takeover import takeovers
from bench.upgrade import upgrades
from bench.vpn import vpn_clients, vpn_ways
from bench.wan_dhcp import leased
from bench.wan_pppoe import dialled
from bench.wide import wide_moves
from bench.wireguard import netifd_tunnels, tunnels
from bench.young import young_connections
from tests.lab import namespace

Bench = Callable[[int], Iterable[Row]]
VRRP: dict[str, Bench] = {
    "defaults": defaults,
    "power-cut": power_cuts,
    "planned-stop": planned_stops,
    "switchover": switchovers,
    "cost": idle_cost,
    "busy": busy_machine,
    "wide": wide_moves,
    "takeover": takeovers,
}
CONNTRACK: dict[str, Bench] = {
    "connections": busy_connections,
    "young": young_connections,
    "quiet": quiet_connections,
    "idle": idle_connections,
}
HEARTBEATS = {f"heartbeat-{row}": row for row in CONDITIONS}
MANY: dict[str, Bench] = {
    **{f"many-{routers}": partial(many, routers) for routers in NODES},
    "many-plot": many_plot,
}
SLOW = {f"slow-{interval_ms}": interval_ms for interval_ms in INTERVALS_MS}
SETS = {
    "slow": list(SLOW),
    "many": list(MANY),
    "vrrp": list(VRRP),
    "conntrack": list(CONNTRACK),
    "heartbeat": [name for name in HEARTBEATS if name != "heartbeat-netem"],
}
MORE: dict[str, Bench] = {
    "auth": signatures,
    "carp": carp_takeovers,
    "drill": drills,
    "drill-kills": drill_kills,
    "drill-nights": drill_nights,
    "leases": leases,
    "many-chaos": many_chaos,
    "means": means,
    "micro": micro_nodes,
    "deaf": deaf_links,
    "doctor": doctors,
    "doctor-faults": doctor_faults,
    "doctor-sound": doctor_sound,
    "own": own_connections,
    "ra": advertised_hosts,
    "start": starts,
    "sync": replication,
    "common": common_changes,
    "services": services_by_role,
    "size": sizes,
    "upgrade": upgrades,
    "resident": resident,
    "routed": routed,
    "vpn": vpn_clients,
    "vpn-ways": vpn_ways,
    "wan-dhcp": leased,
    "wan-pppoe": dialled,
    "wireguard": tunnels,
    "wireguard-netifd": netifd_tunnels,
}
BENCHES: dict[str, Bench] = {**VRRP, **CONNTRACK, **MORE, **MANY}
ATTACK, BFD = "attack", "bfd"


def main(argv: list[str]) -> int:
    """Run the benches; 0 when every bound was kept."""
    arguments = _arguments(argv)
    if os.geteuid() != 0:
        print("the benches need root", file=sys.stderr)
        return 2
    namespace.clean_up_always()
    namespace.remove_leftovers()
    benches = {
        **BENCHES,
        ATTACK: lambda _runs: attacks(arguments.minutes),
        **{name: _watched(row, arguments.minutes) for name, row in HEARTBEATS.items()},
        BFD: lambda runs: bfd_sessions(runs, arguments.minutes),
        **{name: _slow(interval_ms, arguments.minutes) for name, interval_ms in SLOW.items()},
    }
    missed = _print(row for name in _names(arguments.names) for row in benches[name](arguments.runs))
    for what in missed:
        print(f"bound not kept: {what}")
    return 1 if missed else 0


def _watched(row: str, minutes: float) -> Bench:
    return lambda _runs: heartbeats(minutes, row)


def _slow(interval_ms: int, minutes: float) -> Bench:
    return lambda runs: slow_routers(interval_ms, runs, minutes)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--runs", type=int, default=5, help="of each event (default: 5)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=10,
        help="of attacks, of each heartbeat, of BFD under load, of forwarding (default: 10)",
    )
    known = [*SETS, *BENCHES, ATTACK, BFD, *SLOW, *HEARTBEATS]
    parser.add_argument("names", nargs="*", default=["vrrp"], metavar="NAME", help=", ".join(known))
    arguments = parser.parse_args(argv)
    if arguments.runs < 1:
        parser.error("--runs has to be at least 1")
    for name in arguments.names:
        if name not in known:
            parser.error(f"there is no bench {name}")
    return arguments


def _names(asked: list[str]) -> list[str]:
    return [name for word in asked for name in SETS.get(word, [word])]


def _print(rows: Iterable[Row]) -> list[str]:
    missed, above = [], ""
    for row in rows:
        if row.heading() != above:
            above = row.heading()
            print(above, flush=True)
        print(row.row(), flush=True)
        if not row.kept():
            missed.append(row.what)
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
