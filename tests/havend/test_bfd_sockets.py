# SPDX-License-Identifier: GPL-2.0-or-later
"""Real sockets of BFD between two machines: from where, with which TTL, and who is not listened to."""

import errno
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.core.bfd.control_packet import PORT, SOURCE_PORTS
from haven.core.checksum import internet_checksum, pseudo_header
from haven.havend.bfd_sockets import BfdReceiver, BfdSender
from haven.havend.netlink_messages import KernelLink
from tests.havend.machines import Machine, wait_until

ROOT = Path(__file__).resolve().parents[2]
OWN, OTHER, THIRD = (
    {4: "10.9.0.1", 6: "fe80::1"},
    {4: "10.9.0.2", 6: "fe80::2"},
    {4: "10.9.0.3", 6: "fe80::3"},
)
KINDS = {4: socket.AF_INET, 6: socket.AF_INET6}
PAYLOAD = bytes(range(24))


def octets(family: int, text: str) -> bytes:
    return socket.inet_pton(KINDS[family], text)


class Line(SimpleNamespace):
    """A receiver on the first machine, and what it has heard."""

    def hears(self, count: int) -> list[tuple[str, bytes, int, bytes]]:
        def enough() -> bool:
            self.receiver.read(lambda *packet: self.heard.append(packet))
            return len(self.heard) >= count

        wait_until(enough, f"{count} packets are heard")
        return self.heard

    def sender(self, source: str) -> BfdSender:
        """Return what sends from the second machine to the first."""
        link = KernelLink(self.pair[1].link("lan")["ifindex"], "lan", True, bytes(6), True)
        source_octets, own = octets(self.family, source), octets(self.family, OWN[self.family])
        sender = self.pair[1].inside(lambda: BfdSender(link, source_octets, own))
        assert isinstance(sender, BfdSender)
        return sender


@pytest.fixture(params=[4, 6])
def line(request: pytest.FixtureRequest, pair: tuple[Machine, Machine]) -> Line:
    family = request.param
    if family == 6:
        pair[0].ip("address add fe80::1/64 dev lan nodad")
        pair[1].ip("address add fe80::2/64 dev lan nodad", "address add fe80::3/64 dev lan nodad")
    else:
        pair[1].ip("address add 10.9.0.3/24 dev lan")
    link = KernelLink(pair[0].link("lan")["ifindex"], "lan", True, bytes(6), True)
    receiver = pair[0].inside(lambda: BfdReceiver(link, family))
    return Line(family=family, pair=pair, receiver=receiver, heard=[])


def test_packet_comes_with_its_source_and_ttl_255_from_a_port_of_rfc_5881(line: Line) -> None:
    sender = line.sender(OTHER[line.family])
    assert sender.send(PAYLOAD) is None
    assert line.hears(1) == [("lan", octets(line.family, OTHER[line.family]), 255, PAYLOAD)]
    assert SOURCE_PORTS[0] <= sender._socket.getsockname()[1] <= SOURCE_PORTS[1]


def test_ttl_is_that_of_the_packet(line: Line) -> None:
    sender = line.sender(OTHER[line.family])
    level, option = {
        4: (socket.IPPROTO_IP, socket.IP_TTL),
        6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
    }[line.family]
    sender._socket.setsockopt(level, option, 254)
    sender.send(PAYLOAD)
    assert line.hears(1)[0][2] == 254


def test_strangers_are_sampled_and_take_no_place_of_the_peers(line: Line) -> None:
    line.receiver.expect([octets(line.family, OTHER[line.family])])
    stranger, peer = line.sender(THIRD[line.family]), line.sender(OTHER[line.family])
    for number in range(2000):
        stranger.send(PAYLOAD)
        if number % 100 == 0:
            peer.send(PAYLOAD)
    wait_until(lambda: [each[1] for each in line.hears(0)].count(peer.source) == 20, "the peer's are heard")
    # One in 256 passes by chance.
    assert len(line.heard) - 20 < 200


def test_port_that_nobody_listens_at_is_no_error_of_ours(line: Line) -> None:
    sender = line.sender(OTHER[line.family])
    line.receiver.socket.close()
    assert [sender.send(PAYLOAD) for _ in range(20)] == [None] * 20


UDP, ICMP = 17, {4: 1, 6: 58}
# Protocol unreachable (RFC 792), and administratively prohibited (RFC 4443 3.1).
UNREACHABLE = {4: (3, 2), 6: (1, 1)}


def unreachable(family: int, port: int) -> bytes:
    """Return the frame in which a third machine says that a packet of the sender's was not taken."""
    sender, peer, third = (octets(family, each[family]) for each in (OTHER, OWN, THIRD))
    quoted = _packet(family, sender, peer, UDP, struct.pack("!4H", port, PORT, 8 + len(PAYLOAD), 0) + PAYLOAD)
    kind, code = UNREACHABLE[family]
    blank = struct.pack("!BBHI", kind, code, 0, 0) + quoted
    head = pseudo_header(third, sender, len(blank), ICMP[6]) if family == 6 else b""
    message = blank[:2] + struct.pack("!H", internet_checksum(head + blank)) + blank[4:]
    return _packet(family, third, sender, ICMP[family], message)


def _packet(family: int, source: bytes, to: bytes, kind: int, payload: bytes) -> bytes:
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, len(payload), kind, 255) + source + to + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, kind, 0) + source + to
    return head[:10] + struct.pack("!H", internet_checksum(head)) + head[12:] + payload


def test_who_says_that_a_packet_was_not_taken_keeps_none_from_leaving(line: Line) -> None:
    """Anybody on the link can say so of every port in turn, and needs to have read no packet."""
    sender = line.sender(OTHER[line.family])
    # The third machine is no address of the second one's, as it is in the other tests.
    length = {4: 24, 6: 64}[line.family]
    line.pair[1].ip(f"address del {THIRD[line.family]}/{length} dev lan")
    said = unreachable(line.family, sender._socket.getsockname()[1])
    mac = bytes.fromhex(line.pair[1].link("lan")["address"].replace(":", ""))
    frame = mac + bytes(6) + {4: b"\x08\0", 6: b"\x86\xdd"}[line.family] + said
    liar = line.pair[0].inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
    liar.bind(("lan", 0))
    for number in range(20):
        liar.send(frame)
        assert sender.send(bytes([number]) + PAYLOAD) is None
    assert [each[3][0] for each in line.hears(20)] == list(range(20))


def test_second_program_on_the_port_is_refused(line: Line) -> None:
    with pytest.raises(OSError, match="in use"):
        line.pair[0].inside(lambda: BfdReceiver(line.receiver.link, line.family))


MICROPYTHON = Path(sys.executable).parent / "micropython"
ON_MICROPYTHON = """
import sys
sys.path[0:0] = [sys.argv[1] + "/haven/micro/standard", sys.argv[1]]
from haven.havend.bfd_sockets import BfdReceiver, BfdSender
for kind, words in ((BfdReceiver, (None, 4)), (BfdSender, (None, b"", b""))):
    try:
        kind(*words)
    except OSError as error:
        print(error.errno)
"""


def test_on_micropython_a_session_is_refused_and_havend_lives(tmp_path: Path):
    """A plan for another Python may have one: it is a problem of the session (bfd-failed), not the end."""
    (tmp_path / "script.py").write_text(ON_MICROPYTHON)
    argv = [str(MICROPYTHON), str(tmp_path / "script.py"), str(ROOT / "src")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.stdout.split() == [str(errno.EOPNOTSUPP)] * 2, done.stderr + done.stdout
