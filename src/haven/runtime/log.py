# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for the log, on stderr, which never hold anybody up."""

import os
import select

STDERR = 2
# A pipe that poll() calls writable takes this much at once without waiting (pipe(7), PIPE_BUF).
LONGEST_LINE = 4096

_stderr = select.poll()
_stderr.register(STDERR, select.POLLOUT)


def write_line(text: str, patience_ms: int = 0) -> bool:
    """Write a line, unless whoever reads is stuck: an election does not wait for a log.

    Tell whether it was written; `patience_ms` is how long a reader may take to make room.
    """
    octets = text.encode("utf-8", "replace")[: LONGEST_LINE - 1] + b"\n"
    if not _stderr.poll(patience_ms):
        return False
    try:
        os.write(STDERR, octets)
    except OSError:
        return False
    return True


def log(text: str) -> bool:
    """Write what havend has to say."""
    return write_line("havend: " + text)


def explain(text: str) -> None:
    """Write every line of a text before the election has begun, when there is time to."""
    for line in text.splitlines():
        if not write_line(line, 1000):
            return
