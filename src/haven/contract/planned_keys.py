# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of a virtual router in a plan: loaded where there are some."""

from haven.contract.fields import DocumentError, Field, check_object, one_of, whole
from haven.core.auth.auth_spec import (
    HIGHEST_KEY_ID,
    HIGHEST_WINDOW_S,
    LONGEST_KEY,
    LOWEST_KEY_ID,
    MODES,
    REPLAYS,
    SHORTEST_KEY,
)
from haven.core.clock import SECOND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_is_id = whole(LOWEST_KEY_ID, HIGHEST_KEY_ID)


def _keys(value: "Any") -> str:
    wanted = "a list of [id, octets]"
    try:
        sizes = [(number, len(bytes.fromhex(secret))) for number, secret in value]
    except (TypeError, ValueError):
        return wanted
    is_good = all(not _is_id(number) and SHORTEST_KEY <= size <= LONGEST_KEY for number, size in sizes)
    return "" if sizes and is_good and len(dict(sizes)) == len(sizes) else wanted


KEYS = (
    Field("keys", _keys),
    Field("mode", one_of(MODES)),
    Field("replay", one_of(REPLAYS)),
    Field("window_us", whole(1, HIGHEST_WINDOW_S * SECOND)),
)


def check_keys(router: "dict[str, Any]", where: str) -> None:
    """Check what a virtual router says of keys. Raises DocumentError."""
    check_object(router["authentication"], KEYS, "%s: authentication" % where)
    _need_sha256(where)
    if router.get("auth") is not None:
        raise DocumentError("%s: authentication stands beside auth" % where)


def _need_sha256(where: str) -> None:
    """Refuse keys where they could not be used, as in a MicroPython without SHA-256."""
    try:
        import haven.core.auth.keyed_hash  # noqa: F401
    except ImportError:
        raise DocumentError("%s: auth_key needs SHA-256, which this Python has not" % where) from None
