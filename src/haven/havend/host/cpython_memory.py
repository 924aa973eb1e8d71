# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages that the kernel is to leave to this process."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def lock_memory(flags: int) -> bool:
    """Ask as mlockall(2) does; tell whether the kernel agrees. Raises ImportError where Python cannot ask."""
    # ctypes itself takes half a megabyte.
    import _ctypes

    everything: Any = None
    try:
        function = _ctypes.dlsym(_ctypes.dlopen(everything, os.RTLD_NOW), "mlockall")
        return bool(_ctypes.call_function(function, (flags,)) == 0)
    except (AttributeError, OSError) as why:
        # A static Python finds no function, and what is Python's own may be gone in the next one.
        raise ImportError(str(why)) from None
