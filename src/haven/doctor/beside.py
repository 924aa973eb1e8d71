# SPDX-License-Identifier: GPL-2.0-or-later
"""Something that is done beside the rest, by a process of its own, which answers with a document and ends."""

import json
import os
import signal
from collections.abc import Callable
from typing import Any

RECEIVE = 1 << 16
# More than a look of 250 virtual routers.
LONGEST = 8 << 20


class Beside:
    """A child of this process; `is_over` has to be asked until it says so, or `end` be called."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._pipe, theirs = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _work(work, theirs)
        os.close(theirs)
        os.set_blocking(self._pipe, False)
        self._octets = b""
        self._is_over = False

    def is_over(self) -> bool:
        """Tell whether it has ended; take what it has said meanwhile."""
        while not self._is_over:
            try:
                octets = os.read(self._pipe, RECEIVE)
            except BlockingIOError:
                break
            self._octets += octets
            if not octets or len(self._octets) > LONGEST:
                self.end()
        return self._is_over

    def end(self) -> None:
        """Wait for it no longer."""
        if not self._is_over:
            self._is_over = True
            os.close(self._pipe)
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def result(self) -> Any:
        """Return what it has answered, None for nothing that is whole."""
        try:
            return json.loads(self._octets)
        except ValueError:
            return None


def _work(work: Callable[[], Any], pipe: int) -> None:
    """Answer and end, whatever happens: nothing of what the parent was about must go on here."""
    try:
        answer = json.dumps(work()).encode()
        with open(pipe, "wb") as there:
            there.write(answer)
    finally:
        os._exit(0)
