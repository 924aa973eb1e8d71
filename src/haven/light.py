# SPDX-License-Identifier: GPL-2.0-or-later
"""Small things of Python's library that bring great ones along, for programs that stay in memory."""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import TracebackType
else:
    # What is around it is an enumeration of every number.
    import _signal as signal

__all__ = ["forget_what_could_be_imported", "hear_of_children", "signal", "suppress", "which"]


class suppress:
    """Leaves a block of statements at the first of these exceptions, and goes on after it."""

    def __init__(self, *kinds: "type[BaseException]") -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        _error: "BaseException | None",
        _trace: "TracebackType | None",
    ) -> bool:
        return kind is not None and issubclass(kind, self._kinds)


def hear_of_children() -> None:
    """Let the kernel tell how programs that we start have ended: whoever started us may not want to know."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def which(program: str, path: "str | None" = None) -> "str | None":
    """Return where a program is on a search path, by default that of the environment."""
    for folder in (os.environ.get("PATH", os.defpath) if path is None else path).split(":"):
        place = os.path.join(folder, program)
        if os.path.isfile(place) and os.access(place, os.X_OK):
            return place
    return None


def forget_what_could_be_imported() -> None:
    """Let go of the lists of modules in archives and folders, 0.4 MB; another import makes them anew."""
    zipimport = sys.modules.get("zipimport")
    for files in zipimport._zip_directory_cache.values() if zipimport else ():
        # Each module that has come from there knows them.
        files.clear()
    if zipimport:
        zipimport._zip_directory_cache.clear()
    sys.path_importer_cache.clear()
