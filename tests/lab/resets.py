# SPDX-License-Identifier: GPL-2.0-or-later
"""The resets and ICMP errors that the routers themselves send, by router."""

import sys
from dataclasses import dataclass

from tests.lab.listener import (
    ANY_BIT,
    EQUAL,
    LENGTH_TO_X,
    LOAD_BYTE,
    LOAD_BYTE_AT_X,
    LOAD_HALF,
    RETURN,
    Listener,
    record,
    records,
)
from tests.lab.network import Network
from tests.lab.switch import port_name

LONGEST = 128
# What a router forwards has lost a hop on the way; what it says itself has all of them.
OWN_HOPS = 64
# Own hop limit, and TCP with RST or ICMP unreachable.
FILTER = (
    (LOAD_HALF, 0, 0, 12),
    (EQUAL, 0, 10, 0x0800),
    (LOAD_BYTE, 0, 0, 22),
    (EQUAL, 0, 17, OWN_HOPS),
    (LENGTH_TO_X, 0, 0, 14),
    (LOAD_BYTE, 0, 0, 23),
    (EQUAL, 0, 2, 6),
    (LOAD_BYTE_AT_X, 0, 0, 27),
    (ANY_BIT, 11, 12, 0x04),
    (EQUAL, 0, 11, 1),
    (LOAD_BYTE_AT_X, 0, 0, 14),
    (EQUAL, 8, 9, 3),
    (EQUAL, 0, 8, 0x86DD),
    (LOAD_BYTE, 0, 0, 21),
    (EQUAL, 0, 6, OWN_HOPS),
    (LOAD_BYTE, 0, 0, 20),
    (EQUAL, 0, 2, 6),
    (LOAD_BYTE, 0, 0, 67),
    (ANY_BIT, 1, 2, 0x04),
    (EQUAL, 2, 1, 58),
    (RETURN, 0, 0, LONGEST),
    (RETURN, 0, 0, 0),
    (LOAD_BYTE, 0, 0, 54),
    (EQUAL, 0, 1, 1),
    (RETURN, 0, 0, LONGEST),
    (RETURN, 0, 0, 0),
)


@dataclass(frozen=True)
class Refusal:
    """A packet with which a router ended somebody's flow."""

    at: int
    sender: str
    segment: str
    octets: bytes

    @property
    def kind(self) -> str:
        """Tell what it is."""
        protocol = self.octets[23] if self.octets[12:14] == b"\x08\x00" else self.octets[20]
        return "reset" if protocol == 6 else "ICMP error"


class Resets:
    """A listener at the routers' ports on both sides."""

    def __init__(self, network: Network) -> None:
        self._ports = [(name, segment) for segment in ("lan", "wan") for name in network.routers]
        # An agent that is killed resets its talk with another one's, which is nobody's flow.
        self._routers = {
            bytes.fromhex(router.mac(segment).replace(":", ""))
            for router in network.routers.values()
            for segment in ("lan", "wan")
        }
        devices = [port_name(name, segment) for name, segment in self._ports]
        path = network.folder / "resets"
        self._listener = Listener(network.switch.namespace, "tests.lab.resets", path, devices)

    def heard(self, since: int = 0) -> list[Refusal]:
        """List them."""
        found = (
            Refusal(at, *self._ports[port], octets) for at, port, octets in records(self._listener.heard())
        )
        return [each for each in found if each.at >= since and each.octets[:6] not in self._routers]

    def by_sender(self, since: int = 0) -> dict[str, int]:
        """Count them by router and kind."""
        counts: dict[str, int] = {}
        for each in self.heard(since):
            key = f"{each.sender} {each.kind}"
            counts[key] = counts.get(key, 0) + 1
        return counts

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


if __name__ == "__main__":
    path, *devices = sys.argv[1:]
    record(path, tuple(devices), FILTER, LONGEST)
