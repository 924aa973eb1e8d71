# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages that the kernel is to leave to this process."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def lock_memory(flags: int) -> bool:
    """Ask as mlockall(2) does; tell whether the kernel agrees.

    Raises ImportError or AttributeError where Python's own words are others, OSError where it is static.
    """
    # ctypes itself takes half a megabyte.
    import _ctypes

    everything: Any = None
    function = _ctypes.dlsym(_ctypes.dlopen(everything, os.RTLD_NOW), "mlockall")
    return bool(_ctypes.call_function(function, (flags,)) == 0)
