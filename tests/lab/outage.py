# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a client may do without its gateway before a test calls it wrong; the benches measure it."""

from tests.lab.probe import Result

# A machine with two cores that also does other work was seen to hold a process up for 130 ms.
STALL_MS = 1000
# With this interval a takeover for silence takes longer than any stall, so a missed handover shows.
HANDOVER_INTERVAL_MS = 400


def active_down_ms(interval_ms: int, priority: int = 100) -> float:
    """Return the Active_Down_Interval, in ms: three intervals and the Skew_Time (RFC 9568 6.1)."""
    return 3 * interval_ms + interval_ms * (256 - priority) / 256


def check_outage(result: Result, expected_ms: float = 0) -> None:
    """Print the result; raise AssertionError when the service was away for longer than that and a stall."""
    print(result)
    assert result.longest_gap_ms < expected_ms + STALL_MS
