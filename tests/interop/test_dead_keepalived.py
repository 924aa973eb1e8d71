# SPDX-License-Identifier: GPL-2.0-or-later
"""haven behind a keepalived at its defaults: a cut of power is known long before VRRP's timer."""

from tests.interop.mixed import ROLES, check_content, mixed
from tests.lab.network import Network
from tests.lab.wait import wait_until

INTERVAL_MS = 1000


def test_kernel_of_a_keepalived_answers_for_it(network: Network) -> None:
    first, second = mixed(network, ROLES["keepalived first"], interval_ms=INTERVAL_MS)
    wait_until(second.asks_kernel, 60, "its answers are trusted on each link")
    check_content(first, second)
    probe = network.probe()
    probe.wait_service()
    network.power_cut("r1")
    second.wait_state("active")
    assert second.group()["last_transition"]["reason"] == "unanswered"
    probe.wait_service()
    # VRRP alone takes more than three intervals.
    assert probe.stop().longest_gap_ms < 3 * INTERVAL_MS
