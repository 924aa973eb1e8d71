# SPDX-License-Identifier: GPL-2.0-or-later
"""An event as a line of text."""

import time

from haven.cli.text import painted
from haven.contract.event_log import event_text
from haven.contract.message import ODD_FACTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def line(event: "dict[str, Any]", colour: bool = False) -> str:
    """Return an event as one line, with the local time."""
    kind = event.get("kind", "")
    if kind == "transition":
        kind = str(event.get("to", ""))
    return f"{clock(event['at'])}  {painted(_text(event), kind, colour)}"


def _text(event: "dict[str, Any]") -> str:
    try:
        text = event_text(event["code"], event["facts"])
    except ODD_FACTS:
        # Of another release, which says it in its own words.
        text = str(event["text"])
    return " ".join(text.split())


def clock(at: float) -> str:
    """Return a moment in local time, to the millisecond: failovers take no longer."""
    milliseconds = int(at * 1000)
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(milliseconds // 1000)) + (
        f".{milliseconds % 1000:03d}"
    )
