# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose drill holds this router, and until when: in the run directory, where a dying agent leaves it."""

import os
import time

from haven.contract.drill_words import REQUESTS, DrillRefused
from haven.contract.fields import DocumentError, Field, check_object, number
from haven.contract.strict_json import read_json, write_json
from haven.light import suppress
from haven.paths import DRILL_NOTE, inside
from haven.plain_file import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST = 1 << 16
# `until` in seconds since the boot, which a clock that is set does not move; a reboot empties the directory.
NOTE = (*REQUESTS["drill-hold"], Field("until", number))


def read_hold(run_dir: str) -> "dict[str, Any] | None":
    """Return the drill that holds this router, over or not, or None."""
    with suppress(OSError, ValueError, DocumentError):
        return check_object(read_json(read_plain(inside(run_dir, DRILL_NOTE), LARGEST)), NOTE, "the drill")
    return None


def is_over(hold: "dict[str, Any]") -> bool:
    """Tell whether its time has passed."""
    return bool(_uptime() >= hold["until"])


def take_hold(run_dir: str, asked: "dict[str, Any]") -> None:
    """Let a drill hold this router. Raises DrillRefused while another one does."""
    found = read_hold(run_dir)
    if found is not None and found["token"] != asked["token"]:
        raise DrillRefused("drill-busy", owner=found["owner"])
    note = {field.key: asked.get(field.key) for field in REQUESTS["drill-hold"]}
    note["until"] = _uptime() + asked["limit_s"]
    path = inside(run_dir, DRILL_NOTE)
    try:
        with open(path + ".new", "w") as file:
            file.write(write_json(note))
        os.replace(path + ".new", path)
    except OSError as why:
        raise DrillRefused("drill-unwritten", error=str(why.strerror or why)) from None


def end_hold(run_dir: str, token: str) -> None:
    """Let go of the drill of this token. Raises DrillRefused where another one holds, or none."""
    found = read_hold(run_dir)
    if found is None or found["token"] != token:
        raise DrillRefused("drill-unheld")
    forget_hold(run_dir)


def forget_hold(run_dir: str) -> None:
    """Be held by nobody."""
    with suppress(OSError):
        os.unlink(inside(run_dir, DRILL_NOTE))


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
