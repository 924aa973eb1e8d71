# SPDX-License-Identifier: GPL-2.0-or-later
"""Doctor on a living pair: nothing of a sound one, and many faults at once, each by its name."""

import pytest

from tests.lab import doctor_breaks as breaks
from tests.lab.doctor_pair import DoctorPair, found, wrong
from tests.lab.network import Network

# None of them hides another one, and none moves the role; `python -m bench doctor` breaks each by itself.
TOGETHER = {
    "multicast-filtered": lambda pair: breaks.on_switch(pair, breaks.MULTICAST_ON_WAN),
    "firewall-drops": breaks.shut_out_first,
    "claimed": breaks.claim_virtual,
    "answered-by-standby": breaks.hold,
    "in-pool": breaks.pool,
    "static-lease": breaks.lease,
    "snat-own": breaks.snat_own,
    "no-route": breaks.no_route,
    "upstream-stale": breaks.stale_upstream,
    "helpers-differ": breaks.helper,
    "config-wrong": breaks.mistake,
    "no-boot": breaks.no_boot,
    "mtu-differs": breaks.other_mtu,
    "forwarding-off": breaks.no_forwarding,
}


@pytest.fixture
def sound(network: Network) -> DoctorPair:
    pair = DoctorPair(network)
    pair.wait_settled()
    return pair


def test_nothing_of_a_sound_pair_then_every_fault_by_its_name(sound: DoctorPair) -> None:
    first = sound.ask(sound.second)
    assert wrong(first) == [] and first["well"]
    assert [router["node"] for router in first["routers"] if router["asked"]] == ["r2", "r1"]
    assert [check["name"] for check in first["checks"] if check["unable"]] == []
    for inject in TOGETHER.values():
        inject(sound)
    named = found(sound.ask(sound.first))
    assert set(TOGETHER) - set(named) == set()
    assert sound.first.state() == "active", "doctor has moved the role, or a fault has"
