# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine is told of a virtual router's keys, and in which words."""

from haven.core.clock import SECOND
from haven.core.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# draft-cassen-vrrp-auth-hmac: a short key would be the weakest part of the whole.
SHORTEST_KEY, LONGEST_KEY = 32, 64
LOWEST_KEY_ID, HIGHEST_KEY_ID = 1, 255

# The three steps in which routers that run come to have keys: the first says nothing new, the second signs,
# the third asks for it.
RECEIVE, PERMISSIVE, ENFORCE = "receive", "permissive", "enforce"
MODES = (RECEIVE, PERMISSIVE, ENFORCE)

# By the clock and the order of what a router says, or by the order alone.
TIME, MONOTONIC = "time", "monotonic"
REPLAYS = (TIME, MONOTONIC)

LOWEST_WINDOW_S, HIGHEST_WINDOW_S = 1, 300
# Where nothing is said: so many intervals, and no less than this.
WINDOW_INTERVALS = 3
USUAL_WINDOW_S = 5


class AuthSpec(Value):
    """The keys of a virtual router, (id, octets) each, that which signs first; the window in microseconds."""

    def __init__(self, keys: "tuple[tuple[int, bytes], ...]", mode: str, replay: str, window_us: int) -> None:
        self.keys = keys
        self.mode = mode
        self.replay = replay
        self.window_us = window_us

    def __repr__(self) -> str:
        # What prints a specification must not print a key.
        ids = [number for number, _octets in self.keys]
        return "AuthSpec(keys=%r, mode=%r, replay=%r, window_us=%d)" % (
            ids,
            self.mode,
            self.replay,
            self.window_us,
        )


def usual_window_us(interval_us: int) -> int:
    """Return the window for an advertisement interval, where the user has said none."""
    seconds = WINDOW_INTERVALS * interval_us // SECOND
    return min(max(seconds, USUAL_WINDOW_S), HIGHEST_WINDOW_S) * SECOND


def auth_spec(document: "dict[str, Any]") -> AuthSpec:
    """Return what a plan says of a virtual router's keys."""
    keys = tuple([(number, bytes.fromhex(octets)) for number, octets in document["keys"]])
    return AuthSpec(keys, document["mode"], document["replay"], document["window_us"])
