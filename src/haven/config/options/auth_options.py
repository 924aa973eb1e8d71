# SPDX-License-Identifier: GPL-2.0-or-later
"""The options by which ADVERTISEMENTs are signed, and how a key is written."""

from haven.config.options.kinds import BadValue, Choice, Kind, Whole, only, whole_number
from haven.config.options.option import ADVANCED, Option
from haven.core.auth.auth_spec import (
    ENFORCE,
    HIGHEST_KEY_ID,
    HIGHEST_WINDOW_S,
    LONGEST_KEY,
    LOWEST_KEY_ID,
    LOWEST_WINDOW_S,
    MODES,
    REPLAYS,
    SHORTEST_KEY,
    TIME,
)
from haven.core.spec import VRRP

_DIGITS = "0123456789"
_HEX_DIGITS = "0123456789abcdefABCDEF"
_HEX = "hex:"
# Of a key without one, so that a single key needs none.
USUAL_ID = LOWEST_KEY_ID


class AuthKey(Kind):
    """A key with its id: ID:WORD or ID:hex:DIGITS; its text never shows in a message."""

    spaceless = False

    def __init__(self) -> None:
        values = "`ID:` (%d to %d; without it %d) and %d to %d characters, or `hex:` and twice as many digits"
        limits = (LOWEST_KEY_ID, HIGHEST_KEY_ID, USUAL_ID, SHORTEST_KEY, LONGEST_KEY)
        # The longest has an id and every octet in digits.
        longest = len("255:" + _HEX) + 2 * LONGEST_KEY
        Kind.__init__(self, "secret", values % limits, "rangelength(%d, %d)" % (SHORTEST_KEY, longest))

    def parse(self, text: str) -> tuple[int, bytes]:
        """Read the id and the octets."""
        before, colon, after = text.partition(":")
        number = USUAL_ID
        if colon and only(before, _DIGITS):
            found = whole_number(before, HIGHEST_KEY_ID)
            if not found:
                raise BadValue("auth-key-id", low=LOWEST_KEY_ID, high=HIGHEST_KEY_ID)
            number, text = found, after
        octets = _octets(text)
        if len(octets) > LONGEST_KEY:
            raise BadValue("value-long", octets=len(octets), longest=LONGEST_KEY)
        if len(octets) < SHORTEST_KEY:
            raise BadValue("value-short", octets=len(octets), shortest=SHORTEST_KEY)
        return number, octets


def _octets(text: str) -> bytes:
    if not text.startswith(_HEX):
        return text.encode()
    digits = text[len(_HEX) :]
    if not only(digits, _HEX_DIGITS) or len(digits) % 2:
        raise BadValue("auth-key-hex")
    return bytes.fromhex(digits)


AUTH_OPTIONS = (
    Option(
        "auth_key",
        AuthKey(),
        "Key that advertisements are signed with (HMAC-SHA-256, as keepalived's auth_hmac). The same on all "
        "routers; one by chance: `openssl rand -hex 32`, behind `hex:`. To begin with keys on routers that "
        "run, see auth_mode.",
        default_says="no signature",
        only_with=("protocol", VRRP),
        title="Key",
    ),
    Option(
        "auth_key_other",
        AuthKey(),
        "A second key, with another id, that is understood beside auth_key while keys are changed.",
        default_says="no second key",
        only_with=("protocol", VRRP),
        title="Second key",
    ),
    Option(
        "auth_mode",
        Choice(*MODES),
        "`receive`: understand signatures, and sign nothing; `permissive`: sign, and hear others without; "
        "`enforce`: hear nobody without a good signature. Routers that run go through the three one after "
        "another, each on all of them first.",
        default=ENFORCE,
        only_with=("protocol", VRRP),
        title="Use of keys",
    ),
    Option(
        "auth_replay",
        Choice(*REPLAYS),
        "What makes an advertisement a new one: `time`, its time and its order, or for routers without a "
        "common clock `monotonic`, its order alone.",
        default=TIME,
        only_with=("protocol", VRRP),
        title="Replay protection",
    ),
    Option(
        "auth_window",
        Whole(LOWEST_WINDOW_S, HIGHEST_WINDOW_S),
        "By how much the clocks of the routers may differ with `time`.",
        default_says="three intervals, 5 at least",
        unit="s",
        only_with=("protocol", VRRP),
        title="Clock tolerance",
        group=ADVANCED,
    ),
)
