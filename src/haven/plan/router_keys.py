# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a virtual router as the plan has them."""

from typing import Any

from haven.config.model import VirtualRouterSettings
from haven.core.auth.auth_spec import RECEIVE, usual_window_us
from haven.core.vrrp.advert import AUTH_TRAILER_LENGTH


def authentication(router: VirtualRouterSettings) -> dict[str, Any] | None:
    """Return what the engine is told, None for a virtual router without a key."""
    if router.auth_key is None:
        return None
    keys = [each for each in (router.auth_key, router.auth_key_other) if each is not None]
    return {
        "keys": [[number, octets.hex()] for number, octets in keys],
        "mode": router.auth_mode,
        "replay": router.auth_replay,
        "window_us": router.auth_window_us or usual_window_us(router.advert_interval_us),
    }


def trailer_length(router: VirtualRouterSettings) -> int:
    """Return how much longer its ADVERTISEMENTs are by their signature."""
    return 0 if router.auth_key is None or router.auth_mode == RECEIVE else AUTH_TRAILER_LENGTH
