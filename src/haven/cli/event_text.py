# SPDX-License-Identifier: GPL-2.0-or-later
"""An event as a line of text."""

import time

from haven.cli.text import painted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def line(event: "dict[str, Any]", colour: bool = False) -> str:
    """Return an event as one line, with the local time."""
    text = " ".join(str(event["text"]).split())
    kind = event.get("kind", "")
    if kind == "transition":
        kind = str(event.get("to", ""))
    return f"{clock(event['at'])}  {painted(text, kind, colour)}"


def clock(at: float) -> str:
    """Return a moment in local time, to the millisecond: failovers take no longer."""
    milliseconds = int(at * 1000)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds // 1000)) + (
        f".{milliseconds % 1000:03d}"
    )
