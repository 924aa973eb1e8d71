# SPDX-License-Identifier: GPL-2.0-or-later
"""What a takeover begins with is made beforehand, and anew when it would be wrong."""

import errno
import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from haven.core.effects import Send
from haven.core.frame import multicast_frame
from haven.core.vrrp.constants import multicast_group
from haven.havend import vrrp_sockets
from haven.havend.netlink_messages import KernelLink
from haven.havend.vrrp_sockets import VrrpSockets
from tests.core.wire import octets_of, router

MAC, NEW_MAC = (bytes.fromhex("0200000000%02x" % number) for number in (2, 3))
SOURCE, ADDRESS = octets_of("192.168.51.2"), octets_of("192.168.51.1")
PEER = octets_of("192.168.51.3")


class Machine:
    """Sockets on a link that is a pair of them, and what has come out at its other end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ours.setblocking(False)
        self.links = {"lan": KernelLink(1, "lan", True, MAC, True)}
        monkeypatch.setattr(vrrp_sockets.system, "open_link", lambda _device: self.theirs.dup())
        monkeypatch.setattr(vrrp_sockets.system, "index_of", lambda _device: None)

        def refuse(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(vrrp_sockets.system, "open_receiver", refuse)
        kernel = SimpleNamespace(link=self.links.get)
        self.sockets = VrrpSockets(kernel, SimpleNamespace(), None, None)
        spec = router("lan", device="lan", addresses=(ADDRESS,))
        self.plan = SimpleNamespace(device="lan", spec=spec, virtual_mac=None)
        self.sockets.set_routers({"lan": self.plan})
        self.effect = Send("lan", SOURCE, ((multicast_group(4), b"message"),))

    def sent(self) -> list[bytes]:
        found = []
        while True:
            try:
                found.append(self.ours.recv(2048))
            except BlockingIOError:
                return found


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Give a machine with one virtual router."""
    made = Machine(monkeypatch)
    yield made
    made.ours.close()
    made.theirs.close()


def test_what_is_prepared_is_sent_and_made_once(machine: Machine):
    assert machine.sockets.prepare(machine.effect) and not machine.sockets.prepare(machine.effect)
    assert machine.sent() == []
    machine.sockets.send(machine.effect)
    machine.sockets.announce("lan")
    advert, announcement = machine.sent()
    assert advert.endswith(b"message") and announcement[28:32] == ADDRESS
    assert advert[6:12] == announcement[6:12] == MAC


def test_device_with_another_mac_address_or_another_advertisement_is_prepared_anew(machine: Machine):
    machine.sockets.prepare(machine.effect)
    machine.links["lan"] = KernelLink(1, "lan", True, NEW_MAC, True)
    machine.sockets.replace("lan")
    assert machine.sockets.prepare(machine.effect)
    machine.sockets.announce("lan")
    assert machine.sent()[0][6:12] == NEW_MAC
    other = Send("lan", SOURCE, ((multicast_group(4), b"another"),))
    assert machine.sockets.prepare(other) and not machine.sockets.prepare(other)


def test_device_that_is_gone_or_has_no_addresses_of_ethernet_is_no_error(machine: Machine):
    machine.links["lan"] = KernelLink(1, "lan", True, b"", False)
    machine.sockets.announce("lan")
    del machine.links["lan"]
    assert machine.sockets.prepare(machine.effect)
    machine.sockets.announce("lan")
    assert machine.sent() == []


@pytest.mark.parametrize(("number", "taken"), [(errno.ENETUNREACH, True), (errno.EPERM, False)])
def test_a_peer_without_a_route_is_no_link_that_takes_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, number: int, taken: bool
) -> None:
    """A standby's probe took it for one, and the Active's advertisement did not."""
    machine.plan.spec = router("lan", device="lan", addresses=(ADDRESS,), unicast_peers=(PEER,))
    machine.sockets.set_routers({"lan": machine.plan})

    def refuse(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(vrrp_sockets.system, "open_sender", lambda *_: machine.theirs.dup())
    monkeypatch.setattr(vrrp_sockets.system, "send_to", refuse)
    effect, told = Send("lan", SOURCE, ((PEER, b"message"),)), []
    machine.sockets.sent = lambda _router, was_taken: told.append(was_taken)
    machine.sockets.send(effect)
    assert machine.sockets.probe(effect) is taken and told == ([] if taken else [False])


def test_a_trailer_is_put_behind_the_frame_that_lies_ready(machine: Machine) -> None:
    for family, destination in ((4, multicast_group(4)), (6, multicast_group(6))):
        source = SOURCE if family == 4 else octets_of("fe80::2")
        message = bytes(range(20))
        plain = Send("lan", source, ((destination, message),), 28)
        machine.sockets.prepare(plain)
        for number in (1, 2):
            trailer, checksums = bytes((number,)) * 28, (b"\xaa\xbb",) if family == 6 else ()
            signed = plain.with_trailer(trailer, checksums)
            machine.sockets.send(signed)
            (frame,) = machine.sent()
            whole = multicast_frame(MAC, source, destination, signed.messages()[0][1])
            assert frame == whole
            assert frame.endswith(trailer)
            assert (b"\xaa\xbb" in frame) == (family == 6)
        assert machine.sockets._ready["lan"][0] is plain
