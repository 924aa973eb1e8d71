# SPDX-License-Identifier: GPL-2.0-or-later
"""Why the kernel refused something, in its words; MicroPython's errors have the number alone."""

import os


def reason_of(error: OSError) -> str:
    """Return the text of an error."""
    return str(error.args[1]) if len(error.args) > 1 else os.strerror(error.errno or 0)
