# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a client is without its gateway."""

from bench.pair import PROGRAMS, pair
from bench.table import Comparison
from tests.lab.capture import Capture
from tests.lab.network import GATEWAY
from tests.lab.wait import wait_until

INTERVALS_MS = (1000, 100, 10)
BACKUP_PRIORITY = 100


def power_cuts(runs: int) -> list[Comparison]:
    """Cut the power of the Active just after it has advertised, so that the moment does not decide.

    This is VRRP alone; `bench/defaults.py` has what the heartbeat makes of it.
    """
    found = []
    for interval in INTERVALS_MS:
        outage = Comparison(f"outage after a power cut, {interval} ms adverts", "ms", bound=1.05)
        wire = Comparison(f"timer expiry to gratuitous ARP, {interval} ms adverts", "ms", limit=2)
        for _ in range(runs):
            for program in PROGRAMS:
                _power_cut(program, interval, outage, wire)
        found += [outage, wire]
    return found


def _power_cut(program: str, interval: int, outage: Comparison, wire: Comparison) -> None:
    with pair(program, interval_ms=interval, group_more={"heartbeat": 0}) as (network, _first, second):
        capture = network.capture("lan")
        probe = network.probe()
        probe.wait_service()
        wait_for_advert(capture)
        fault = network.power_cut("r1")
        second.wait_state("active", budget=30)
        probe.wait_service()
        result = probe.stop()
        outage.of(program).append(result.longest_gap_ms)
        last = max(each.at for each in capture.adverts(sender="r1") if each.at < fault.ended)
        down = 3 * interval + (256 - BACKUP_PRIORITY) * interval / 256
        announced = [each.at for each in capture.gratuitous_arps(GATEWAY, since=last) if each.sender == "r2"]
        wire.of(program).append((min(announced) - last) / 1e6 - down)


def wait_for_advert(capture: Capture) -> None:
    """Wait until r1 has just advertised: silence is judged from there."""
    seen = len(capture.adverts(sender="r1"))
    wait_until(lambda: len(capture.adverts(sender="r1")) > seen, 10, "the Active advertises", interval=0.0005)


def planned_stops(runs: int) -> list[Comparison]:
    """Stop the Active in good order."""
    lost = Comparison("packets lost in a planned stop, 1000 ms adverts", "packets", bound=1)
    for _ in range(runs):
        for program in PROGRAMS:
            with pair(program, interval_ms=1000) as (network, first, second):
                probe = network.probe()
                probe.wait_service()
                first.stop(budget=30)
                second.wait_state("active", budget=30)
                probe.wait_service()
                lost.of(program).append(probe.stop().lost)
    return [lost]


def switchovers(runs: int) -> list[Comparison]:
    """Hand over and back by command, which keepalived has no command for."""
    lost = Comparison("packets lost in a switchover, 1000 ms adverts", "packets")
    for _ in range(runs):
        with pair("haven", interval_ms=1000) as (network, first, second):
            probe = network.probe()
            probe.wait_service()
            first.ask("switchover", group=None)
            second.wait_state("active")
            probe.wait_service()
            lost.haven.append(probe.stop().lost)
    return [lost]
