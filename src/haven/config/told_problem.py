# SPDX-License-Identifier: GPL-2.0-or-later
"""What is wrong with a configuration, told in bounds.

A user's words, and the lines that they stand on, are as many as the file has; what is told of them has to
pass a control socket.
"""

from haven.contract.diagnostics import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_WORDS, MOST_LISTED = 300, 20
MORE = "..."


def told_problem(
    code: str,
    facts: "dict[str, Any]",
    file: str,
    line: int,
    section: "tuple[str, str, str] | None",
    option: "str | None",
) -> Diagnostic:
    """Return a diagnostic whose words and lists are cut short where they are too long."""
    told = {key: _bounded(facts[key]) for key in facts}
    place = section and (_bounded(section[0]), _bounded(section[1]), _bounded(section[2]))
    return Diagnostic(code, told, file, line, place, _bounded(option))


def _bounded(value: "Any") -> "Any":
    if isinstance(value, str) and len(value) > LONGEST_WORDS:
        return value[:LONGEST_WORDS] + MORE
    if isinstance(value, (list, tuple)) and len(value) > MOST_LISTED:
        # MicroPython has no stars in a display.
        return list(value[:MOST_LISTED]) + [MORE]
    return value
