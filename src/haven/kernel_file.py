# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's own files, which are short and are read often: open() asks five things about each one."""

import os

# What a page of the kernel holds.
AT_ONCE = 4096


def read_kernel_file(path: str) -> bytes:
    """Return the first page of a file below /proc or /sys. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, AT_ONCE)
    finally:
        os.close(descriptor)
