# SPDX-License-Identifier: GPL-2.0-or-later
"""What another machine has to know of this one to compile its plan."""


def print_facts() -> int:
    """Print them."""
    return 0
