# SPDX-License-Identifier: GPL-2.0-or-later
"""When a router that has just taken over forwards its first packet, by the kernel's own count."""

import time
from collections.abc import Callable

from haven.agent.loop import Scope
from haven.contract.outages import FORWARD_WAIT_S
from haven.kernel_file import read_kernel_file
from haven.light import suppress

# Of the first one the table of IP comes first, its names and then its values.
SNMP, SNMP6 = "/proc/net/snmp", "/proc/net/snmp6"
COUNT_V6 = b"Ip6OutForwDatagrams"
# Often at first, as a busy network is back at once; seldom where nobody sends anything.
OFTEN_S, SELDOM_S, OFTEN_FOR_S = 0.005, 0.1, 0.5
REST_S = 1.0

Tell = Callable[["int | None"], None]


class FirstPacket:
    """Knows the count of a moment ago, and looks when it grows; `tell` gets milliseconds, or None."""

    def __init__(self, scope: Scope, clock: Callable[[], float]) -> None:
        self._scope, self._clock = scope, clock
        self._count = forwarded()
        self._waiting: list[tuple[float, float, Tell]] = []
        scope.every(REST_S, self._rest)

    def _rest(self) -> None:
        if not self._waiting:
            self._count = forwarded()

    def wait(self, since: float, tell: Tell) -> None:
        """Tell how long after `since`, in seconds since the epoch, a packet was forwarded."""
        # By the clock that is never set: a router that has just started may be told the time meanwhile.
        now = self._clock()
        begun = now - min(max(0.0, time.time() - since), FORWARD_WAIT_S)
        self._waiting.append((begun, now + FORWARD_WAIT_S, tell))
        if len(self._waiting) == 1:
            self._look()

    def _look(self) -> None:
        now = self._clock()
        if forwarded() != self._count:
            self._end(lambda begun: max(0, round((now - begun) * 1000)))
        elif now >= self._waiting[0][1]:
            self._end(lambda begun: None)
        else:
            begun = self._waiting[0][1] - FORWARD_WAIT_S
            self._scope.after(OFTEN_S if now - begun < OFTEN_FOR_S else SELDOM_S, self._again)

    def _again(self) -> None:
        if self._waiting:
            self._look()

    def settle(self) -> None:
        """Wait no longer."""
        self._end(lambda begun: None)

    def _end(self, after: "Callable[[float], int | None]") -> None:
        waiting, self._waiting = self._waiting, []
        for begun, _until, tell in waiting:
            tell(after(begun))


def forwarded() -> int:
    """Return how many packets of both families this kernel has forwarded."""
    found = 0
    with suppress(OSError, ValueError, IndexError):
        names, values = [line.split() for line in read_kernel_file(SNMP).split(b"\n")[:2]]
        found += int(values[names.index(b"ForwDatagrams")])
    with suppress(OSError, ValueError, IndexError):
        found += int(read_kernel_file(SNMP6).split(COUNT_V6)[1].split(None, 1)[0])
    return found
