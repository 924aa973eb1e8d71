# SPDX-License-Identifier: GPL-2.0-or-later
"""What a havend that is killed leaves for the next one: which groups were Active, and until when.

The file is in the run directory, which a reboot empties; the clock is the same for every process.
"""

import os


class RestartNote:
    """Keeps the time of the last ADVERTISEMENT beside the names of the Active groups."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open(path, "r+b" if os.path.exists(path) else "w+b", buffering=0)  # noqa: SIM115

    def read(self) -> "tuple[int, tuple[str, ...]]":
        """Return when an Active of the process before us last spoke, and its groups."""
        try:
            self._file.seek(0)
            lines = self._file.read().decode().split("\n")
            stamp = int(lines[0])
        except (OSError, ValueError):
            return 0, ()
        return stamp, tuple(line for line in lines[1:] if line)

    def set_groups(self, names: "list[str]", now: int) -> None:
        """Write which groups are Active now."""
        self._write(("\n".join(["%020d" % now] + names) + "\n").encode(), True)

    def touch(self, now: int) -> None:
        """Write that the Active groups have just spoken."""
        self._write(b"%020d" % now, False)

    def _write(self, octets: bytes, all_of_it: bool) -> None:
        # On a full disk a restart becomes a takeover; the election goes on.
        try:
            self._file.seek(0)
            self._file.write(octets)
            if all_of_it:
                self._file.truncate()
        except OSError:
            return

    def remove(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        try:
            os.unlink(self._path)
        except OSError:
            return
