# SPDX-License-Identifier: GPL-2.0-or-later
"""What the program `wg` tells of a device, the kernel's or another program's, and what it is told."""

import hashlib
from binascii import a2b_base64

# A command line holds many more.
PEERS_AT_ONCE = 100
NOTHING = ("(none)", "off", "")
TYPE_FILE = "/sys/class/net/%s/uevent"

# What is run, and what it reads.
Command = tuple[list[str], str | None]


class PeerFacts:
    """A peer as a device has it; `handshake` is in seconds since the epoch, 0 where there was none."""

    def __init__(self, columns: list[str]) -> None:
        self.key, _secret, endpoint, allowed, handshake, _received, _sent, keepalive = columns
        self.endpoint = "" if endpoint in NOTHING else endpoint
        self.networks = [] if allowed in NOTHING else allowed.split(",")
        self.handshake = int(handshake)
        self.keepalive_s = 0 if keepalive in NOTHING else int(keepalive)


class TunnelFacts:
    """A device as `wg show NAME dump` tells it. Raises ValueError for what is none."""

    def __init__(self, dump: str) -> None:
        first, *rest = [line.split("\t") for line in dump.splitlines()] or [[]]
        private, _public, port, _mark = first
        self.private = "" if private in NOTHING else private
        self.key_mark = key_mark(self.private)
        self.port = int(port)
        self.peers = {peer.key: peer for peer in map(PeerFacts, rest)}


def key_mark(private: str) -> str:
    """Return what tells two private keys apart and gives neither away, empty for what is no key."""
    try:
        return hashlib.sha256(a2b_base64(private)).digest()[:8].hex() if private else ""
    except ValueError:
        return ""


def is_of_kernel(device: str) -> bool:
    """Tell whether a device is the kernel's own."""
    try:
        with open(TYPE_FILE % device, encoding="ascii") as file:
            return "DEVTYPE=wireguard" in file.read().split()
    except OSError:
        return False


def dump_command(device: str) -> Command:
    """Return the command that tells all of a device."""
    return ["wg", "show", device, "dump"], None


def end_commands(device: str, facts: TunnelFacts) -> list[Command]:
    """Return the commands after which a device whose link is down has no session.

    The kernel's has none then; wireguard-go would go on with what another router has ended.
    """
    if is_of_kernel(device) or not facts.private:
        return []
    words = ["wg", "set", device, "private-key", "/proc/self/fd/0"]
    return [(words, ""), (words, facts.private)]


def place_commands(device: str, places: dict[str, str]) -> list[Command]:
    """Return the commands that say where peers are, {key: endpoint}."""
    return _in_parts(device, [["peer", key, "endpoint", places[key]] for key in places])


def call_commands(device: str, places: dict[str, str], peers: list[PeerFacts]) -> list[Command]:
    """Return the commands that say where peers are, and begin a handshake with these.

    A device sends at once to a peer whose keepalive is switched on, whatever its routes.
    """
    words = [
        [
            *("peer", peer.key, "endpoint", places[peer.key]),
            *("persistent-keepalive", "0" if peer.keepalive_s else "1"),
            *("peer", peer.key, "persistent-keepalive", str(peer.keepalive_s)),
        ]
        for peer in peers
    ]
    return _in_parts(device, words)


def _in_parts(device: str, words: list[list[str]]) -> list[Command]:
    parts = [words[at : at + PEERS_AT_ONCE] for at in range(0, len(words), PEERS_AT_ONCE)]
    return [(["wg", "set", device, *(word for each in part for word in each)], None) for part in parts]
