# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way in which the lab can configure keepalived works between two of its kind."""

import pytest

from tests.interop.keepalived import KeepalivedNode
from tests.lab.network import Network
from tests.lab.pair import pair, wait_one_holder
from tests.lab.wait import wait_until

VARIANTS = {
    "version 2": {"version": 2, "interval_ms": 1000, "auth_pass": "s3cret"},
    "version 3": {"families": (4, 6)},
    "version 3 at 10 ms": {"interval_ms": 10},
    "unicast": {"unicast": True, "families": (4, 6)},
    "virtual MAC": {"virtual_mac": True, "families": (4, 6)},
    "tracking": {"tracks": ("sync",)},
    "weighted tracking": {"tracks": ("sync:20",)},
    "preempting": {"preempt": True},
}


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS.keys())
def test_pair_elects_one_and_hands_over_without_a_complaint(network: Network, options: dict) -> None:
    first, second = pair(KeepalivedNode, network, **options)
    for address in first.gateway.bare_addresses:
        wait_one_holder(network, "r1", address)
    assert not first.complaints() + second.complaints()
    first.stop()
    second.wait_state("active")
    for address in first.gateway.bare_addresses:
        wait_one_holder(network, "r2", address)


def test_preempting_keepalived_takes_back(network: Network) -> None:
    first, second = pair(KeepalivedNode, network, preempt=True)
    first.stop()
    second.wait_state("active")
    first.start().wait_state("active")
    second.wait_state("backup")


def test_differing_passwords_are_complained_about(network: Network) -> None:
    first = KeepalivedNode(network, "r1", version=2, interval_ms=1000, auth_pass="right", priority=200)
    other = KeepalivedNode(network, "r2", version=2, interval_ms=1000, auth_pass="wrong")
    first.start()
    other.start().wait_state("active")
    wait_until(other.complaints, 5, "it complains")
