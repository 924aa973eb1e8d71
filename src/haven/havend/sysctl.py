# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel settings that a plan asks for, put back at the end."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ROOT = "/proc/sys/"


class Sysctls:
    """Applies (name, value) pairs and remembers what was there before."""

    def __init__(self) -> None:
        self._before: dict[str, str] = {}

    def apply(self, wanted: "Sequence[tuple[str, str]]") -> None:
        """Set every value; one whose device is not there waits for it, one not wanted any more goes back."""
        for name, value in wanted:
            before = _read(name)
            if before not in (None, value) and _write(name, value):
                self._before.setdefault(name, before or "")
        names = {name for name, _value in wanted}
        self._put_back([name for name in sorted(self._before) if name not in names])

    def restore(self) -> None:
        """Put back what was there before."""
        self._put_back(sorted(self._before))

    def _put_back(self, names: "Iterable[str]") -> None:
        for name in names:
            _write(name, self._before.pop(name))


def _read(name: str) -> "str | None":
    try:
        with open(ROOT + name) as file:
            return file.read().strip()
    except OSError:
        return None


def _write(name: str, value: str) -> bool:
    try:
        with open(ROOT + name, "w") as file:
            file.write(value)
    except OSError:
        return False
    return True
