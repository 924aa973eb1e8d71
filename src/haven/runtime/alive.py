# SPDX-License-Identifier: GPL-2.0-or-later
"""What a havend that is killed leaves for the next one: which groups were Active, and until when.

The file is in the run directory, which a reboot empties; the clock is the same for every process.
"""

import os

STAMP = 20


class Alive:
    """Keeps the time of the last ADVERTISEMENT beside the names of the Active groups."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = open(path, "r+b" if os.path.exists(path) else "w+b", buffering=0)  # noqa: SIM115

    def read(self) -> "tuple[int, tuple[str, ...]]":
        """Return when an Active of the process before us last spoke, and its groups."""
        self._file.seek(0)
        lines = self._file.read().decode("utf-8", "replace").split("\n")
        if len(lines[0]) != STAMP or not lines[0].isdigit():
            return 0, ()
        return int(lines[0]), tuple(line for line in lines[1:] if line)

    def set_groups(self, names: "list[str]", now: int) -> None:
        """Write which groups are Active now."""
        self._file.seek(0)
        self._file.write(("\n".join(["%020d" % now, *names]) + "\n").encode())
        self._file.truncate()

    def touch(self, now: int) -> None:
        """Write that the Active groups have just spoken."""
        self._file.seek(0)
        self._file.write(b"%020d" % now)

    def remove(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        os.unlink(self._path)
