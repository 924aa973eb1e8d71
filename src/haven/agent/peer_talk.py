# SPDX-License-Identifier: GPL-2.0-or-later
"""What the parts of the agent say to those of paired routers, over the channel's lines."""

from collections.abc import Callable
from typing import Any, Protocol

Hear = Callable[[str, dict[str, Any]], None]


class Speaker(Protocol):
    """Who has lines to the paired routers."""

    def nodes(self) -> list[str]:
        """Name those that are heard now."""

    def are_paired(self) -> bool:
        """Tell whether this router is paired with any, heard or not."""

    def say_all(self, kind: str, **fields: Any) -> None:
        """Send a message to all of them."""


class PeerTalk:
    """One for all parts: the channel's part gives it a speaker, others speak and listen."""

    def __init__(self) -> None:
        self._speaker: Speaker | None = None
        self._ears: dict[str, Hear] = {}

    def serve(self, speaker: Speaker | None) -> None:
        """Speak by these lines from now on, or to nobody."""
        self._speaker = speaker

    def listen(self, kind: str, hear: Hear | None) -> None:
        """Hand over each message of a kind, with the name of the router that it is from."""
        if hear is None:
            self._ears.pop(kind, None)
        else:
            self._ears[kind] = hear

    def nodes(self) -> list[str]:
        """Name the paired routers that are heard now."""
        return self._speaker.nodes() if self._speaker is not None else []

    def are_paired(self) -> bool:
        """Tell whether there is anybody to talk to, now or later."""
        return self._speaker is not None and self._speaker.are_paired()

    def say(self, kind: str, **fields: Any) -> None:
        """Tell all paired routers that are heard."""
        if self._speaker is not None:
            self._speaker.say_all(kind, **fields)

    def hear(self, node: str, message: dict[str, Any]) -> None:
        """Take a message that a line has brought."""
        ear = self._ears.get(message["kind"])
        if ear is not None:
            ear(node, message)
