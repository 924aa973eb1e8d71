# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets as Python's socket has them, without the enumerations of all constants that it makes.

They bring enum, regular expressions and selectors: 1.4 MB in a process that stays (docs/size.md).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import *  # noqa: F403
else:
    import _socket
    from _socket import *  # noqa: F403

    class socket(_socket.socket):
        """A socket of the kernel's, which also accepts and closes at the end of a block."""

        def accept(self):
            """Return the next connection, which no child of ours gets, and whose it is. Raises OSError."""
            descriptor, address = self._accept()
            return socket(fileno=descriptor), address

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self.close()
