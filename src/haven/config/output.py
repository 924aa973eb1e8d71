# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of what writes a text made from the option table."""

import sys


def write(module: str, text: str, arguments: list[str]) -> int:
    """Write a text to the file that is named, or to standard output; return the exit status."""
    if len(arguments) > 1:
        print(f"usage: python -m {module} [FILE]", file=sys.stderr)
        return 2
    if not arguments:
        sys.stdout.write(text)
        return 0
    try:
        with open(arguments[0], "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as why:
        print(f"{module}: {arguments[0]}: cannot be written: {why.strerror}", file=sys.stderr)
        return 1
    return 0
