# SPDX-License-Identifier: GPL-2.0-or-later
"""Between the channel and the parts that speak through it: who of the peers is there, and what they say.

The channel puts its lines in; a part asks to be told of its kinds of messages (contract/channel.py).
"""

from collections.abc import Callable
from typing import Any, Protocol

Document = dict[str, Any]


class KnownPeer(Protocol):
    """A router that is paired with this one."""

    node: str


class PeerLine(Protocol):
    """The line to one peer."""

    @property
    def peer(self) -> KnownPeer:
        """Return whose it is."""

    @property
    def is_open(self) -> bool:
        """Whether the peer is connected and has said who it is."""

    def say(self, kind: str, **fields: Any) -> bool:
        """Send a message; tell whether there is a connection."""


Hear = Callable[[PeerLine, Document], None]
Remember = Callable[[str, Document], None]


def _nobody() -> list[PeerLine]:
    return []


def forget(_kind: str, _entry: Document) -> None:
    """Remember nothing: there is no history."""


class Carrier:
    """One for all parts of an agent."""

    def __init__(self) -> None:
        # The channel's; without one there is nobody.
        self.lines: Callable[[], list[PeerLine]] = _nobody
        self._hearers: dict[str, Hear] = {}
        # Takes what other parts have for the history; without one nobody remembers it.
        self.remember: Remember = forget

    def hear(self, kind: str, hear: Hear) -> None:
        """Let somebody be told of a kind of message."""
        self._hearers[kind] = hear

    def forget(self, *kinds: str) -> None:
        """Let nobody be told of these kinds."""
        for kind in kinds:
            self._hearers.pop(kind, None)

    def take(self, line: PeerLine, message: Document) -> None:
        """Tell whom it concerns; what concerns nobody is left alone."""
        hear = self._hearers.get(message["kind"])
        if hear is not None:
            hear(line, message)
