# SPDX-License-Identifier: GPL-2.0-or-later
"""The base of everything that crosses a border of the core."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Value:
    """Compare by kind and content, and print both.

    MicroPython has no dataclasses, and a namedtuple would equal any tuple of the same content.
    """

    def __eq__(self, other: "Any") -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        fields = self.__dict__
        return "%s(%s)" % (
            type(self).__name__,
            ", ".join("%s=%r" % (name, fields[name]) for name in sorted(fields)),
        )
