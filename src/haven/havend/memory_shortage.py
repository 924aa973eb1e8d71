# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom the kernel kills when memory is short: havend after everybody else."""

from haven.failure_reason import reason_of

SCORE = "/proc/self/oom_score_adj"
# Of -1000 to 1000. With -1000 the kernel would rather stop the machine than a process that has gone wrong.
LAST, USUAL = "-999", "0"


def be_last_killed() -> "str | None":
    """Ask the kernel to kill every other process before this one; return why it does not, or None."""
    try:
        _write(LAST)
    except OSError as error:
        return reason_of(error)
    return None


def score_of_children() -> str:
    """Be what a child is to inherit, the usual; return what to `restore` once it has been started."""
    try:
        with open(SCORE) as file:
            before = str(file.read()).strip()
        if before == LAST:
            _write(USUAL)
            return before
    except OSError:
        pass
    return ""


def restore(before: str) -> None:
    """Be again what this process was."""
    if before:
        try:
            _write(before)
        except OSError:
            return


def _write(score: str) -> None:
    with open(SCORE, "w") as file:
        file.write(score)
