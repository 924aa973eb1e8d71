# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel settings that a plan asks for, put back at the end."""

ROOT = "/proc/sys/"


class Sysctls:
    """Applies (name, value) pairs and remembers what was there before."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def apply(self, wanted: "list[list[str]]") -> None:
        """Set every value; one whose device is not there waits for it."""
        for name, value in wanted:
            try:
                with open(ROOT + name) as file:
                    before = file.read().strip()
                if before != value:
                    _write(name, value)
                    self._before.setdefault(name, before)
            except OSError:
                continue

    def restore(self) -> None:
        """Put back what was there before."""
        for name in sorted(self._before):
            try:
                _write(name, self._before[name])
            except OSError:
                continue


def _write(name: str, value: str) -> None:
    with open(ROOT + name, "w") as file:
        file.write(value)
