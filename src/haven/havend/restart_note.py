# SPDX-License-Identifier: GPL-2.0-or-later
"""What a havend that is killed leaves for the next one: which groups were Active, and until when each.

The file is in the run directory, which a reboot empties; the clock is the same for every process.
"""

import os

from haven.core.clock import MILLISECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import FileIO

    from haven.core.spec import GroupSpec

# A time has so many digits, so that a new one takes the place of the old.
STAMP = b"%020d"
STAMP_LENGTH = 20
# No Python has begun anew sooner.
SOONEST_START = 50 * MILLISECOND
HAS_PWRITE = hasattr(os, "pwrite")


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

    def still_active(self, groups: "Sequence[GroupSpec]", now: int) -> "tuple[str, ...]":
        """Return which of these groups were Active so lately that nobody can have taken over since."""
        spoke = self.read()
        ages = {group.name: now - spoke[group.name] for group in groups if group.name in spoke}
        return tuple([group.name for group in groups if 0 <= ages.get(group.name, -1) < _patience(group)])

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

    def has_groups(self) -> bool:
        """Tell whether there is anything to keep up to date."""
        return bool(self._places)

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
            # Empty lines take the place of what was there: not every Python can make a file shorter.
            self._longest = max(self._longest, len(self._octets))
            shorter = self._longest - len(self._octets)
            _write_over(self._file, self._octets + b"\n" * shorter if shorter else self._octets)
        except OSError:
            return

    def remove(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        try:
            os.unlink(self._path)
        except OSError:
            return


def may_go_on(group: "GroupSpec") -> bool:
    """Tell whether a restart can be over before another router has taken over."""
    return _patience(group) > SOONEST_START


def _patience(group: "GroupSpec") -> int:
    return 3 * min([router.advert_interval_us for router in group.routers])


def _write_over(file: "FileIO", octets: bytearray) -> None:
    """Write from the beginning of a file; an Active does it all the time, so in one call if there is one."""
    if HAS_PWRITE:
        os.pwrite(file.fileno(), octets, 0)
    else:
        file.seek(0)
        file.write(octets)


def _stamps(octets: "bytes | bytearray") -> "dict[str, int]":
    lines = bytes(octets).decode().split("\n")
    return {line[STAMP_LENGTH + 1 :]: int(line[:STAMP_LENGTH]) for line in lines if line}
