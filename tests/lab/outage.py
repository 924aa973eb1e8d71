# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a client may do without its gateway before a test calls it wrong; the benches measure it."""

from tests.lab.probe import Result

# A machine that also does other work holds a process up for as long as it likes: how short an outage is
# the benches say, and what brought a takeover about its reason.
STALL_MS = 2500
# With this interval no stall of a process that goes before others is taken for a death.
HANDOVER_INTERVAL_MS = 400


def active_down_ms(interval_ms: int, priority: int = 100) -> float:
    """Return the Active_Down_Interval, in ms: three intervals and the Skew_Time (RFC 9568 6.1)."""
    return 3 * interval_ms + interval_ms * (256 - priority) / 256


def check_outage(result: Result, expected_ms: float = 0) -> None:
    """Print the result; raise AssertionError when the service was away for longer than that and a stall."""
    print(result)
    assert result.longest_gap_ms < expected_ms + STALL_MS
