# SPDX-License-Identifier: GPL-2.0-or-later
"""Words that were not followed by deeds: a router that leaves and goes on, one that is Active and vanishes.

Anybody on a link can forge an ADVERTISEMENT. One word is believed, as the protocol has it; where words come
to nothing again and again, a group waits for the deed before it moves.
"""

from haven.core.clock import SECOND

# What happened so long ago is over.
MEMORY_US = 60 * SECOND
# So many words that came to nothing, or Actives that this node has yielded to, are no accident any more.
BROKEN_WORDS = 3
YIELDS = 6
# Forged sources must not fill the memory.
MOST_SOURCES = 8


class Trust:
    """What a group remembers of the last minute."""

    def __init__(self) -> None:
        self._resigned: dict[bytes, int] = {}
        self._broken: list[tuple[int, bytes]] = []
        self._yields: list[int] = []
        self._known: list[bytes] = []

    def note_resignation(self, source: bytes, now: int) -> None:
        """Remember that the Active says that it leaves; of too many, the first that said so is forgotten."""
        self._resigned[source] = now
        if len(self._resigned) > MOST_SOURCES:
            del self._resigned[min(self._resigned, key=lambda each: self._resigned[each])]

    def forget_resignations(self) -> None:
        """Expect nobody to be silent: this node has asked others to take over."""
        self._resigned = {}

    def note_word(self, source: bytes, soon_us: int, now: int) -> None:
        """Take a word of a router that should be silent, if it has said that it leaves so short ago."""
        resigned_at = self._resigned.pop(source, None)
        if resigned_at is not None and now - resigned_at < soon_us:
            self.note_broken(source, now)

    def know(self, source: bytes) -> None:
        """Remember a router that has been Active for longer than a word or two."""
        if source not in self._known:
            self._known = self._known[1 - MOST_SOURCES :] + [source]

    def knows(self, source: bytes) -> bool:
        """Tell whether a router has been Active for longer than a word or two."""
        return source in self._known

    def note_broken(self, source: bytes, now: int) -> None:
        """Remember a word that came to nothing."""
        self._broken = self._broken[1 - BROKEN_WORDS :] + [(now, source)]

    def note_yield(self, now: int) -> None:
        """Remember that this node has given way to a higher Active."""
        self._yields = self._yields[1 - YIELDS :] + [now]

    def broken_by(self, now: int) -> "bytes | None":
        """Return who broke its word last, if that was more than once."""
        if len(self._broken) < 2 or now - self._broken[-2][0] >= MEMORY_US:
            return None
        return self._broken[-1][1]

    def is_flapping(self, now: int) -> bool:
        """Tell whether the group changes hands again and again."""
        return len(self._yields) == YIELDS and now - self._yields[0] < MEMORY_US

    def is_low(self, now: int) -> bool:
        """Tell whether one word is not enough any more."""
        many = len(self._broken) == BROKEN_WORDS and now - self._broken[0][0] < MEMORY_US
        return many or self.is_flapping(now)
