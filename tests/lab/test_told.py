# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices and metrics of a pair: the router that can tells each thing once, and the numbers are the lab's."""

import json
from pathlib import Path

from tests.lab.haven_node import section
from tests.lab.network import GATEWAY, Network
from tests.lab.pair import pair
from tests.lab.test_pairing import join
from tests.lab.tracking_node import TrackingNode
from tests.lab.wait import wait_until

# Only who has the virtual address has a way out.
TELL = (
    "ip -4 address | grep -q {gateway}/ || {{ echo no way out >&2; exit 1; }}; "
    "read -r title; echo {node} tells: $title >>{told}"
)


class TellingNode(TrackingNode):
    """A node that tells what happens in a file, and has the check `own`, which fails on r2."""

    def config_text(self) -> str:
        """Write the UCI text."""
        self.checks = (("track_script", "own", {"command": f"/usr/bin/test {self.name} = r1", "weight": 1}),)
        tell = TELL.format(gateway=GATEWAY, node=self.name, told=told_in(self))
        notify = section("notify", "phone", command=tell, interval=0)
        return super().config_text() + notify + section("metrics", "metrics", enabled=1)

    def metrics(self) -> dict[str, float]:
        """Ask for the metrics over HTTP."""
        text = self.router.namespace.run("curl", "-fsS", "http://127.0.0.1:9781/metrics")
        rows = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {series: float(value) for series, _, value in rows}


def told_in(node: TellingNode) -> Path:
    return node.folder.parent / "told"


def test_each_thing_is_told_once_by_the_router_that_can(network: Network) -> None:
    first, second = pair(TellingNode, network)
    join(first, second)

    def told() -> list[str]:
        path = told_in(first)
        return path.read_text().splitlines() if path.exists() else []

    is_active = "{0} tells: gateway: {0} is Active now"
    wait_until(lambda: len(told()) >= 2, 40, "r1's role and r2's problem are told")
    assert told()[0] == is_active.format("r1")
    assert told()[1].startswith("r1 tells: r2: ")
    before = second.metrics()
    assert before['haven_peer_up{node="r1"}'] == 1 and before['haven_check_up{check="own"}'] == 0
    network.power_cut("r1")
    second.wait_state("active")
    wait_until(lambda: is_active.format("r2") in told(), 20, "the takeover is told")
    assert len(set(told())) == len(told()), "each thing is told once"
    # What is a second old is told again.
    active = 'haven_group_state{group="gateway",state="active"}'
    wait_until(lambda: second.metrics()[active] == 1, 10, "the metrics know of it")
    after = second.metrics()
    silence = after['haven_detection_seconds_sum{group="gateway"}']
    took = after['haven_takeover_seconds_sum{group="gateway"}']
    assert after['haven_takeover_seconds_count{group="gateway"}'] == 1
    (lost,) = [second.group()["last_transition"]["facts"]["silence_us"] / 1e6]
    assert silence == lost and took > 0
    print(f"silence {1000 * silence:.1f} ms, takeover {1000 * took:.1f} ms")
    # What waits, such as that r1 is gone, stands in the status without the address or the command.
    (section,) = second.status()["notify"]["sections"]
    assert section["waiting"] >= 0 and str(told_in(first)) not in json.dumps(section)
