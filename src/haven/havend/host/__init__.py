# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs between the Pythons that havend runs on, chosen once."""

from haven.havend.host import cpython as system
from haven.havend.host import cpython_child as child

__all__ = ["child", "system"]
