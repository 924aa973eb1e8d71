# SPDX-License-Identifier: GPL-2.0-or-later
"""From the factory state to connections that live on: two commands on each router, and then the power cut."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tests.lab import firewall, flows
from tests.lab.factory_router import FactoryRouter, short_folder
from tests.lab.namespace import Namespace, lab_number
from tests.lab.test_setup_pair import LAN_OF_ONE, asked, waits_until_active, waits_until_well
from tests.lab.wait import now_ns, wait_until
from tests.setup.factory import STATIC_WAN

CLIENT, SERVER = "192.168.1.77", "203.0.113.1"
VIRTUAL, OWN = "203.0.113.3", "203.0.113.4"
CONNECTIONS = 200
RULES = firewall.RULES.replace('iifname "lan"', 'iifname "br-lan"').partition("table ip portforward")[0]


class Site:
    """A client, a server of the provider's, and two routers as they came out of their boxes."""

    def __init__(self, folder: "os.PathLike[str]", number: int) -> None:
        self.switch = Namespace("sw", number)
        self.client, self.server = Namespace("pc", number), Namespace("isp", number)
        texts = {"network": LAN_OF_ONE.replace("\toption proto 'dhcp'\n", STATIC_WAN)}
        self.routers = [
            FactoryRouter(folder / word, word, number, **_own_wan(texts, last))
            for word, last in (("r1", "2"), ("r2", OWN))
        ]

    def build(self) -> None:
        """Lay all cables but that of the second router's LAN."""
        first, second = (router.namespace for router in self.routers)
        first.ip(f"link add eth7 type veth peer name eth7 netns {second.name}")
        self.switch.ip(
            "link add lan type bridge", "link add wan type bridge", "link set lan up", "link set wan up"
        )
        for router in self.routers:
            inside = router.namespace
            inside.ip(
                "link set eth7 up",
                f"link add wan type veth peer name {inside.word}w netns {self.switch.name}",
            )
            self.switch.ip(f"link set {inside.word}w master wan up")
            inside.sysctl(ipv4__ip_forward=1)
            inside.nft(RULES)
            firewall.set_tracking(inside, tcp_loose=0)
            router.boot(self.switch, inside.word)
        self._plug(self.client, "lan", f"{CLIENT}/24", "default via 192.168.1.1")
        self._plug(self.server, "wan", f"{SERVER}/29", f"192.168.1.0/24 via {VIRTUAL}")
        self.switch.ip("link set r1 master lan")

    def _plug(self, host: Namespace, segment: str, address: str, route: str) -> None:
        host.ip("link set lo up", f"link add eth0 type veth peer name {host.word} netns {self.switch.name}")
        self.switch.ip(f"link set {host.word} master {segment} up")
        host.ip(f"address add {address} dev eth0", "link set eth0 up", f"route add {route}")

    def cut_power(self, router: FactoryRouter) -> None:
        """End a router with everything that runs on it, and its links."""
        inside = router.namespace
        for pid in inside.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.switch.ip(f"link set {inside.word} down", f"link set {inside.word}w down")
        inside.ip("link set eth7 down")

    def clear(self) -> None:
        """Take it all away."""
        for each in (*(router.namespace for router in self.routers), self.client, self.server, self.switch):
            each.delete()


def _own_wan(texts: dict[str, str], last: str) -> dict[str, str]:
    return {
        name: text.replace("203.0.113.2", f"203.0.113.{last.rpartition('.')[2]}")
        for name, text in texts.items()
    }


@pytest.fixture
def site(lab: None) -> Iterator[Site]:
    with short_folder() as folder:
        made = Site(folder, lab_number())
        try:
            made.build()
            yield made
        finally:
            for router in made.routers:
                router.print_logs()
            made.clear()


def test_four_commands_and_then_the_power_cut_keep_every_connection(site: Site):
    first, second = site.routers
    answers = json.dumps({"sync": "eth7", "wan": "wan", "wan_address": VIRTUAL})
    assert first.setup("--yes", "--answers", "-", stdin=answers).returncode == 0
    assert first.setup("--confirm").returncode == 0
    waits_until_active(first)
    code = json.loads(asked(first, "pair", "--json"))["code"]
    given = json.dumps({"wan_own_address": OWN})
    done = second.haven(
        "--root",
        str(second.root),
        "--run-dir",
        str(second.run_dir),
        "join",
        "--yes",
        "--answers",
        "-",
        code,
        stdin=given,
    )
    assert (done.returncode, done.stderr) == (0, "")
    joined = time.monotonic()
    site.switch.ip("link set r2 master lan")
    said = [waits_until_well(router) for router in site.routers]
    print(f"all is well {time.monotonic() - joined:.1f} s after the join")
    assert [text.startswith("All is well: ") for text in said] == [True, True]
    flows.echo_server(site.server)
    busy = flows.Busy(SimpleNamespace(folder=first.root, client=site.client), CONNECTIONS, SERVER)
    established = ("-p", "tcp", "--orig-src", CLIENT, "--state", "ESTABLISHED")
    wait_until(
        lambda: len(firewall.flows(second.namespace, *established)) >= CONNECTIONS, 20, "all are copied"
    )
    site.cut_power(first)
    waits_until_active(second)
    since = now_ns()
    wait_until(
        lambda: busy.ended() or busy.moving_since(since) == CONNECTIONS, 30, "every connection goes on"
    )
    fates = busy.fates(since)
    busy.stop()
    assert fates.alive == CONNECTIONS, str(fates)
