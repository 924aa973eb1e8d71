# SPDX-License-Identifier: GPL-2.0-or-later
"""The two intervals of the protocol, in microseconds."""

from haven.core.clock import SECOND
from haven.core.vrrp.constants import HIGHEST_PRIORITY

# By how much of an interval two clocks may differ after three of them.
CLOCKS_DIFFER = 16


def skew_time(version: int, priority: int, interval_us: int) -> int:
    """Return Skew_Time: the higher the priority, the sooner (RFC 9568 6.1; RFC 3768 6.1)."""
    unit = SECOND if version == 2 else interval_us
    return (256 - priority) * unit // 256


def active_down_interval(version: int, priority: int, interval_us: int) -> int:
    """Return Active_Down_Interval for an Active that advertises every `interval` (RFC 9568 6.1)."""
    return 3 * interval_us + skew_time(version, priority, interval_us)


def soonest_takeover(version: int, interval_us: int) -> int:
    """Return after how much silence of an Active another may have taken over, by a clock that differs."""
    return active_down_interval(version, HIGHEST_PRIORITY, interval_us) - interval_us // CLOCKS_DIFFER
