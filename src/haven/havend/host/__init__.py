# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the Pythons that havend runs on, chosen once."""

import errno
import sys

if sys.implementation.name == "cpython":
    from haven.havend.host import cpython as system
    from haven.havend.host import cpython_child as child
else:
    from haven.havend.host import micropython as system  # type: ignore[no-redef]
    from haven.havend.host import micropython_child as child  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["child", "datagrams", "system"]


def datagrams() -> "ModuleType":
    """Return what speaks UDP to neighbours, for those who do. Raises OSError where this Python cannot."""
    if sys.implementation.name != "cpython":
        # It has no recvmsg, which tells the TTL.
        raise OSError(errno.EOPNOTSUPP)
    from haven.havend.host import cpython_datagrams

    return cpython_datagrams
