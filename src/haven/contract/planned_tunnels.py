# SPDX-License-Identifier: GPL-2.0-or-later
"""What the plan has of WireGuard interfaces."""

from haven.contract.fields import Field, any_text, check_objects, list_of, mapping, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TUNNELS = (Field("tunnels", list_of(mapping)),)
# `interface` is netifd's, empty where the device is nobody's but ours.
TUNNEL = (Field("name", text), Field("interface", any_text), Field("device", text), Field("group", text))


def check_planned_tunnels(document: "dict[str, Any] | None") -> None:
    """Check what the part gets, where there is one. Raises DocumentError."""
    if document is not None:
        check_objects(document["tunnels"], TUNNEL, "parts: wireguard")
