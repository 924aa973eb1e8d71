# SPDX-License-Identifier: GPL-2.0-or-later
"""Files, a block at a time: a plan may be larger than the memory that is free."""

_BLOCK = 4096


def copy_file(source: str, target: str) -> None:
    """Copy a file. Raises OSError."""
    with open(source, "rb") as file, open(target, "wb") as other:
        octets = file.read(_BLOCK)
        while octets:
            other.write(octets)
            octets = file.read(_BLOCK)
