# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend asks of poll() while it is imported, of a MicroPython without descriptors."""

POLLIN, POLLOUT, POLLERR, POLLHUP = 1, 4, 8, 16


class Poll:
    """Nothing is ever ready."""

    def register(self, _descriptor, _mask):
        """Take a descriptor."""


def poll():
    """Return one."""
    return Poll()
