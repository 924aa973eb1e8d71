# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the Pythons that havend runs on, chosen once."""

from haven.havend.host import cpython as system
from haven.havend.host import cpython_child as child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["child", "datagrams", "system"]


def datagrams() -> "ModuleType":
    """Return what speaks UDP to neighbours, for those who do."""
    from haven.havend.host import cpython_datagrams

    return cpython_datagrams
