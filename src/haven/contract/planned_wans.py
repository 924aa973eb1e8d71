# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan has of WANs that are dialled."""

from haven.contract.fields import Field, check_objects, flag, list_of, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WANS = (Field("wans", list_of(mapping)),)
WAN = (
    Field("name", text),
    Field("interface", text),
    Field("group", text),
    Field("standby_out", flag, optional=True),
)


def check_planned_wans(document: "dict[str, Any] | None") -> None:
    """Check what the part gets, where there is one. Raises DocumentError."""
    if document is not None:
        check_objects(document["wans"], WAN, "parts: wan")
