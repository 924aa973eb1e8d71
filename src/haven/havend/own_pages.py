# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend has read of its own program: it stays in memory, however short that is."""

from haven.havend.host import system

# Of mlockall(2): what is mapped now, as far as it has been touched (Linux 4.4); PowerPC's numbers are others.
TOUCHED = (0x1 | 0x4, 0x2000 | 0x8000)


def keep_own_pages() -> "str | None":
    """Ask the kernel to take no page from this process; return why it may do so, or None.

    Who has to read its own program from slow flash again does not advertise meanwhile.
    """
    try:
        is_left = any(system.lock_memory(flags) for flags in TOUCHED)
    except (AttributeError, ImportError, OSError):
        return "this Python has no words for it"
    return None if is_left else "the kernel refuses"
