# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that has joined takes the other's whole configuration once, before the two are merged."""

import os
import time
from contextlib import suppress

from haven.contract.channel import LONGEST_NODE
from haven.paths import JOINING
from haven.plain_file import read_plain

# From one question to the next, if its answer was cut off.
AGAIN_S = 5.0


class Joining:
    """`node` is the router whose configuration is taken, by the note of `haven join`; empty for none."""

    def __init__(self, root: str) -> None:
        self._path = root + JOINING
        self.node = _read(self._path)
        self._asked_at: float | None = None

    def is_due(self) -> bool:
        """Tell whether it is time to ask, and take it that this is done."""
        now = time.monotonic()
        due = self._asked_at is None or now - self._asked_at >= AGAIN_S
        if due:
            self._asked_at = now
        return due

    def end(self) -> None:
        """Forget the note: it was taken, or there is nobody to take it from."""
        self.node = ""
        with suppress(FileNotFoundError):
            os.unlink(self._path)


def _read(path: str) -> str:
    try:
        return read_plain(path, LONGEST_NODE).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""
