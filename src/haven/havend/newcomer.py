# SPDX-License-Identifier: GPL-2.0-or-later
"""A router that is joining others: its links may be laid last, so it hears of them by their word alone."""

import os

from haven import paths
from haven.core.clock import SECOND

# A slow router's agent takes that long until it has reached them.
PATIENCE_US = 30 * SECOND


def first_word_patience(run_dir: str) -> int:
    """Return how long the first word of an Active is waited for, in microseconds."""
    return PATIENCE_US if os.path.exists(paths.inside(run_dir, paths.NEWCOMER_NOTE)) else 0
