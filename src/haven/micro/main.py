# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of the small node: micropython main.py havend|command ARGUMENT..."""

import gc
import sys

OLDEST = (1, 23, 0)
COLLECT_AFTER = 32 << 10
HERE = __file__.rsplit("/", 1)[0]


def main() -> int:
    """Run the program that the first word names."""
    if sys.implementation.name != "micropython" or sys.implementation.version < OLDEST:
        sys.stderr.write("haven: this needs MicroPython 1.23 or later\n")
        return 1
    try:
        # Words are taken as they come; joined, two halves of a letter would be a whole one.
        for word in sys.argv:
            word.encode().decode()
    except UnicodeError:
        sys.stderr.write("haven: a word of the command line is not UTF-8\n")
        return 2
    # Often, so that the heap is not filled to its end with what nobody needs: it counts as memory in use.
    gc.threshold(COLLECT_AFTER)  # type: ignore[attr-defined]
    # MicroPython's own modules are completed before anything else needs them.
    sys.path[0:0] = [HERE + "/standard", HERE.rsplit("/", 2)[0]]
    name = sys.argv[1]
    del sys.argv[1]
    module = __import__("haven.micro." + name, None, None, ("main",))
    status: int = module.main()
    return status


if __name__ == "__main__":
    sys.exit(main())
