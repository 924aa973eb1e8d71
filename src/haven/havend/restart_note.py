# SPDX-License-Identifier: GPL-2.0-or-later
"""What a havend that is killed leaves for the next one: which groups were Active, and until when each.

The file is in the run directory, which a reboot empties; the clock is the same for every process.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# A time has so many digits, so that a new one takes the place of the old.
STAMP = b"%020d"
STAMP_LENGTH = 20


class RestartNote:
    """Keeps the time of the last ADVERTISEMENT beside the name of each Active group."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open(path, "r+b" if os.path.exists(path) else "w+b", buffering=0)  # noqa: SIM115
        self._longest = os.stat(path).st_size
        self._octets = bytearray()
        # Where the time of a virtual router's group stands, and which times are older than what was sent.
        self._places: dict[str, int] = {}
        self._spoke: set[int] = set()

    def read(self) -> "dict[str, int]":
        """Return when each Active group of the process before us last spoke."""
        try:
            self._file.seek(0)
            return _stamps(self._file.read())
        except (OSError, ValueError):
            return {}

    def set_groups(self, groups: "Sequence[tuple[str, Sequence[str]]]", now: int) -> None:
        """Write which groups are Active now, each with its virtual routers; one that was stays as it was."""
        self._take_in(now)
        known = _stamps(self._octets)
        self._octets, self._places = bytearray(), {}
        for name, routers in groups:
            for router in routers:
                self._places[router] = len(self._octets)
            self._octets += STAMP % known.get(name, now) + b" " + name.encode() + b"\n"
        self._put()

    def spoke(self, router: str) -> None:
        """Note that a virtual router has just sent an ADVERTISEMENT."""
        place = self._places.get(router)
        if place is not None:
            self._spoke.add(place)

    def write(self, now: int) -> None:
        """Write who has spoken since this was last called."""
        if self._spoke:
            self._take_in(now)
            self._put()

    def _take_in(self, now: int) -> None:
        stamp = STAMP % now
        for place in self._spoke:
            self._octets[place : place + STAMP_LENGTH] = stamp
        self._spoke.clear()

    def _put(self) -> None:
        # On a full disk a restart becomes a takeover; the election goes on.
        try:
            self._file.seek(0)
            # Empty lines take the place of what was there: not every Python can make a file shorter.
            self._longest = max(self._longest, len(self._octets))
            self._file.write(self._octets + b"\n" * (self._longest - len(self._octets)))
        except OSError:
            return

    def remove(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        try:
            os.unlink(self._path)
        except OSError:
            return


def _stamps(octets: "bytes | bytearray") -> "dict[str, int]":
    lines = bytes(octets).decode().split("\n")
    return {line[STAMP_LENGTH + 1 :]: int(line[:STAMP_LENGTH]) for line in lines if line}
