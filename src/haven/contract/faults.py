# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a virtual router cannot work, as status, events and problems have it."""

from haven.contract.message import message, render
from haven.core.tracking import CHECK_DOWN, LINK_DOWN, NO_SOURCE, TRACKED_DOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FAULTS = {
    LINK_DOWN: "the link of {device} is down",
    NO_SOURCE: "there is no address on {device} to advertise from",
    TRACKED_DOWN: "the tracked device {device} is down",
    CHECK_DOWN: "the check {check} fails",
}


def fault(kind: str, name: str) -> "dict[str, Any]":
    """Return a fault of the engine's as a message; the name is a device's, or a check's."""
    return message(kind, **{"check" if kind == CHECK_DOWN else "device": name})


def faults(found: "tuple[tuple[str, str], ...]") -> "list[dict[str, Any]]":
    """Return the engine's (kind, name) pairs as messages."""
    return [fault(kind, name) for kind, name in found]


def fault_text(found: "dict[str, Any]") -> str:
    """Return a fault in English."""
    return render(FAULTS[found["code"]], found["facts"], {})
