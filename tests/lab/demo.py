# SPDX-License-Identifier: GPL-2.0-or-later
"""`make demo`: two routers share a gateway; one loses its power, and later hands over on purpose."""

import os
import shutil
import sys
from collections.abc import Iterable

from tests.lab import namespace
from tests.lab.agent_node import AgentNode
from tests.lab.dialled import join
from tests.lab.haven_node import HavenNode
from tests.lab.network import GATEWAY, SERVICE, UPLINK, Fault, Network
from tests.lab.probe import Probe, Result
from tests.lab.wait import now_ns, wait_until

# haven's default, at which the kernel's answers tell sooner than the advertisements that a router is dead.
INTERVAL_MS = 1000
# Long enough to see that the service stays.
AFTERWARDS_NS = 500_000_000

PICTURE = f"""
  client 10.77.0.100 ---[ LAN ]---+--- r1 ---+---[ WAN ]--- server {SERVICE}
                                  |          |
                                  +--- r2 ---+

  The client's gateway is {GATEWAY}, the routers' address on the WAN is {UPLINK}: both belong to
  whichever router is Active. The client sends a packet to the server every millisecond and counts
  the answers. Everything is as haven has it by default: one advertisement a second, and every 10 ms
  the standby asks the kernel of the Active whether it lives.
"""

Moment = tuple[int, str]


def missing() -> str | None:
    """Return what keeps the demo from running, in one sentence."""
    if os.geteuid() != 0:
        return "it builds network namespaces, which needs root: try 'sudo make demo'"
    for program, package in (("ip", "iproute2"), ("nft", "nftables")):
        if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            return f"the program {program} is missing: install Debian's package {package}"
    try:
        namespace.Namespace("try").delete()
    except (RuntimeError, OSError) as why:
        return f"this machine does not let it make network namespaces ({why})"
    return None


def main() -> int:
    """Run the demo; 0 when the client's service came back each time."""
    why_not = missing()
    if why_not is not None:
        print(f"The demo cannot run: {why_not}.", file=sys.stderr)
        return 1
    namespace.clean_up_always()
    namespace.remove_leftovers()
    print(PICTURE)
    network = Network(2)
    try:
        _show(network)
    except KeyboardInterrupt:
        print("\nStopped; everything is taken away again.")
        return 130
    finally:
        network.delete()
    return 0


class DemoNode(AgentNode):
    """The whole of haven but the copy of connections, for which a program would have to be installed."""

    def config_text(self) -> str:
        """Write the UCI text."""
        return HavenNode.config_text(self)


def _show(network: Network) -> None:
    r1 = DemoNode(network, "r1", priority=200, interval_ms=INTERVAL_MS)
    r2 = DemoNode(network, "r2", priority=100, interval_ms=INTERVAL_MS)
    r1.start().wait_state("active")
    r2.start().wait_state("backup")
    print("Both routers run haven. r1 is Active, r2 is Backup.")
    wait_until(r2.asks_kernel, 60, "r2 trusts the answers of r1's kernel")
    expected = r2.group()["detection"]["after_ms"]
    print(f"'haven status' on r2: it would take over {expected / 1000:.3f} s after its Active died.\n")
    _power_cut(network, r2)
    network.power_on("r1")
    r1.start().wait_state("backup")
    print("r1 has its power back and is Backup now: haven stays with the router that works.\n")
    _switchover(network, r2, r1)
    _drill(r1, r2)


def _power_cut(network: Network, survivor: HavenNode) -> None:
    print("1. The power of r1 is cut")
    capture, probe = network.capture("lan"), _running_probe(network)
    wait_until(lambda: capture.adverts(sender="r1"), 5, "r1 advertises")
    fault = network.power_cut("r1")
    survivor.wait_state("active")
    probe.wait_service()
    result = _end(probe)
    last = max(each.at for each in capture.adverts(sender="r1"))
    silence = f"r1 advertises for the last time: it was Active and held {GATEWAY} and {UPLINK}"
    moments = [(last, silence), (fault.began, "the power of r1 is cut: its three cables are dead")]
    _timeline([*moments, *_takeover(capture, "r2", last), *_service(result)], fault)
    _score(result)


def _switchover(network: Network, active: HavenNode, standby: HavenNode) -> None:
    print("2. A planned switchover: 'haven switchover' on r2")
    capture, probe = network.capture("lan"), _running_probe(network)
    began = now_ns()
    active.ask("switchover", group=None)
    standby.wait_state("active")
    wait_until(lambda: capture.gratuitous_arps(GATEWAY, since=began), 5, "r1 announces the address")
    probe.wait_service()
    result = _end(probe)
    zero = [each.at for each in capture.adverts(sender="r2", since=began) if each.priority == 0]
    moments = [(began, "the command is given on r2")]
    moments += [(at, "r2 says that it leaves (priority 0), and goes on forwarding") for at in zero[:1]]
    fault = Fault("switchover", began, began)
    _timeline([*moments, *_takeover(capture, "r1", began), *_service(result)], fault)
    _score(result)


def _drill(r1: DemoNode, r2: DemoNode) -> None:
    print("3. The two are paired ('haven pair' on r1, 'haven join' on r2), and r1 rehearses a power cut\n")
    join(r1, r2)
    for node in (r1, r2):
        node.cli("status", "--wait")
    wait_until(r2.asks_kernel, 60, "r2 trusts the answers of r1's kernel again")
    for words in (("drill", "--hard", "--back"), ("status", "--all"), ("history",)):
        print(f"$ haven {' '.join(words)}")
        print(r1.cli(*words))


def _running_probe(network: Network) -> Probe:
    probe = network.probe()
    probe.wait_service()
    return probe


def _end(probe: Probe) -> Result:
    until = now_ns() + AFTERWARDS_NS
    wait_until(lambda: now_ns() > until, 5, "the service has gone on for a while")
    return probe.stop()


def _takeover(capture: object, name: str, since: int) -> Iterable[Moment]:
    adverts = [each.at for each in capture.adverts(sender=name, since=since) if each.priority]
    arps = [each.at for each in capture.gratuitous_arps(GATEWAY, since=since) if each.sender == name]
    if adverts:
        yield adverts[0], f"{name} takes over: it advertises as Active"
    if arps:
        yield arps[0], f"{name} holds the addresses and tells the LAN (gratuitous ARP)"


def _service(result: Result) -> Iterable[Moment]:
    if result.lost:
        yield result.longest_gap.started, "the first packet of the client is lost"
        yield result.longest_gap.ended, "the client's packets are answered again"


def _timeline(moments: Iterable[Moment], zero: Fault) -> None:
    for at, what in sorted(moments):
        print(f"  {(at - zero.began) / 1e6:+9.1f} ms   {what}")


def _score(result: Result) -> None:
    lost = "no packet was" if not result.lost else f"{result.lost} packets were"
    outage = f"; the outage lasted {result.longest_gap_ms:.0f} ms" if result.lost else ""
    print(f"  Of {result.sent} packets {lost} lost{outage}.\n")


if __name__ == "__main__":
    sys.exit(main())
