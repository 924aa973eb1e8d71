# SPDX-License-Identifier: GPL-2.0-or-later
"""Connections that are accepted, and those that there is no descriptor for: they are hung up on.

One that waited for a descriptor would be there to be read at every turn of the loop: all of a processor.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# ENFILE and EMFILE, which MicroPython's errno has no names for: the machine has none left, or this process.
NONE_LEFT = (23, 24)

# Open for nothing, and closed for a connection that is to be closed.
_spare: "list[Any]" = []


def set_aside() -> None:
    """Keep one descriptor for that, if there is one and none is kept yet."""
    try:
        if not _spare:
            _spare.append(open("/dev/null", "rb", 0))  # noqa: SIM115
    except OSError:
        return


def accept_from(listener: "Any") -> "tuple[Any, Any] | None":
    """Return the next connection and where it comes from, or None when there is none."""
    try:
        found: tuple[Any, Any] = listener.accept()
        return found
    except OSError as error:
        if error.errno in NONE_LEFT:
            _hang_up_on_next(listener)
        return None


def _hang_up_on_next(listener: "Any") -> None:
    while _spare:
        _spare.pop().close()
    try:
        listener.accept()[0].close()
    except OSError:
        # Another process of a full machine was quicker, or whoever came has gone.
        return
    finally:
        set_aside()
