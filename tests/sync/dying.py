# SPDX-License-Identifier: GPL-2.0-or-later
"""Children that die at one of their operations on files, as when the power goes."""

import os
from collections.abc import Callable
from typing import Any

OPERATIONS = ("open", "replace", "rename", "unlink", "fsync", "fchmod", "chmod", "makedirs", "mkdir", "rmdir")
DIED, LIVED = 77, 0


def dies_at(number: int, act: "Callable[[], Any]") -> bool:
    """Do something in a child that ends before its operation of that number; tell whether it got so far."""
    child = os.fork()
    if not child:
        status = 99
        try:
            _count_down(number)
            act()
            status = LIVED
        finally:
            os._exit(status)
    _pid, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (DIED, LIVED), code
    return code == DIED


def _count_down(number: int) -> None:
    left = [number]

    def counting(real: "Callable[..., Any]") -> "Callable[..., Any]":
        def operation(*args: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                os._exit(DIED)
            return real(*args, **more)

        return operation

    for name in OPERATIONS:
        setattr(os, name, counting(getattr(os, name)))
