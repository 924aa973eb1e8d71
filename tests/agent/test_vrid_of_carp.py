# SPDX-License-Identifier: GPL-2.0-or-later
"""A VHID is taken like a VRID: CARP and VRRP share their MAC addresses."""

import socket

import pytest

from haven.agent import vrid_scan
from haven.core.frame import ipv4_packet
from haven.core.vrrp.constants import GROUP_V4
from tests.core.carp_line import PEER, message


def test_number_of_carp_is_heard_as_one_that_is_taken(monkeypatch: pytest.MonkeyPatch):
    link, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    monkeypatch.setattr(vrid_scan, "_open", lambda _device: heard)
    scan = vrid_scan.VridScan(["lan"])
    link.send(ipv4_packet(PEER, GROUP_V4, message(7, 1, vhid=94)))
    scan.take(heard)
    assert scan.heard() == {"lan": [{"vrid": 94, "source": "10.0.0.9", "priority": 0, "addresses": []}]}
    scan.close()
    link.close()
