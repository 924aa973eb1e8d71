# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines for the log, which never hold anybody up: what is wrong on stderr, everything else on stdout.

Whoever runs havend tells the two apart by that: procd logs them as daemon.err and as daemon.info.
"""

import os
import select

STDOUT = 1
STDERR = 2
# A pipe that poll() calls writable takes this much at once without waiting (pipe(7), PIPE_BUF).
LONGEST_LINE = 4096


def _poll(descriptor: int) -> "select.poll":
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll


_polls = {descriptor: _poll(descriptor) for descriptor in (STDOUT, STDERR)}


def write_line(text: str, patience_ms: int = 0, descriptor: int = STDERR) -> bool:
    """Write a line, unless whoever reads is stuck: an election does not wait for a log.

    Tell whether it was written; `patience_ms` is how long a reader may take to make room.
    """
    octets = text.encode("utf-8", "replace")[: LONGEST_LINE - 1] + b"\n"
    if not _polls[descriptor].poll(patience_ms):
        return False
    try:
        os.write(descriptor, octets)
    except OSError:
        return False
    return True


def log(text: str, wrong: bool = False) -> bool:
    """Write what havend has to say; `wrong` when somebody should do something about it."""
    return write_line("havend: " + text, 0, STDERR if wrong else STDOUT)


def explain(text: str) -> None:
    """Write every line of what stands in the way, before the election has begun, when there is time to."""
    for line in text.splitlines():
        if not write_line(line, 1000):
            return
