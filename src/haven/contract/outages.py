# SPDX-License-Identifier: GPL-2.0-or-later
"""An outage as far as a router knows it: from the last ADVERTISEMENT of the old Active to the first packet.

The one record that the history, the metrics and the drills count by.
"""

from haven.contract.fields import Field, number, text, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OUTAGE = (
    # When packets were forwarded again, seconds since the epoch.
    Field("at", number),
    Field("group", text),
    # Why this router took over: a code of REASONS (event_log.py).
    Field("reason", text),
    # From the last word of the old Active to the takeover, and from there to the first packet forwarded; null
    # where nobody sent one within FORWARD_WAIT_S.
    Field("silence_ms", whole()),
    Field("forward_ms", whole(), nullable=True),
    # The sum of both.
    Field("outage_ms", whole()),
)

# How long the first packet is waited for.
FORWARD_WAIT_S = 5.0


def outage_of(
    group: str, reason: str, silence_us: "int | None", forward_ms: "int | None", at: float
) -> "dict[str, Any]":
    """Return the record of an outage that ended at `at`; a takeover without silence is none, of 0 ms."""
    silence_ms = round((silence_us or 0) / 1000)
    return {
        "at": at,
        "group": group,
        "reason": reason,
        "silence_ms": silence_ms,
        "forward_ms": forward_ms,
        "outage_ms": silence_ms + (forward_ms or 0) if silence_us else 0,
    }
