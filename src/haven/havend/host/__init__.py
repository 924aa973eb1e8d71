# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the Pythons that havend runs on, chosen once."""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING or sys.implementation.name == "cpython":
    from haven.havend.host import cpython as system
    from haven.havend.host import cpython_child as child
else:
    from haven.havend.host import micropython as system
    from haven.havend.host import micropython_child as child

__all__ = ["child", "system"]
