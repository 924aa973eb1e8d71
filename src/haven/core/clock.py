# SPDX-License-Identifier: GPL-2.0-or-later
"""Time in the core: whole microseconds on a clock that only grows.

The core never reads a clock; every entry takes `now`.
"""

MILLISECOND = 1000
CENTISECOND = 10 * MILLISECOND
SECOND = 1000 * MILLISECOND

NEVER = 1 << 62
