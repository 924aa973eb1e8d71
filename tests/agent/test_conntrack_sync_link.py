# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent sees of the device between the routers; the lab has devices that come and go."""

import pytest

from haven import light_socket as socket
from haven.agent.conntrack.sync_link import SyncLink


def test_a_device_that_is_not_there() -> None:
    link = SyncLink("hvnowhere", "10.99.0.1")
    assert link.obstacle()["code"] == "conntrack-device-missing"
    assert not link.can_start()
    assert not link.was_replaced()


@pytest.mark.parametrize("address", ["203.0.113.77", "2001:db8::77"])
def test_an_address_that_this_machine_does_not_have(address: str) -> None:
    link = SyncLink("lo", address)
    said = link.obstacle()
    assert said["code"] == "conntrack-address-missing"
    assert address in said["message"] and "lo" in said["do"]
    assert not link.can_start()


def test_a_device_that_is_as_it_should_be() -> None:
    link = SyncLink("lo", "127.0.0.1")
    assert link.obstacle() is None
    assert link.can_start()


def test_another_device_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([7, 7, 0, 9, 9])

    def find_index(_name: str) -> int:
        index = next(found)
        if not index:
            raise OSError
        return index

    monkeypatch.setattr(socket, "if_nametoindex", find_index)
    link = SyncLink("sync", "10.99.0.1")
    assert [link.was_replaced() for _ in range(5)] == [False, False, False, True, False]
