# SPDX-License-Identifier: GPL-2.0-or-later
"""Carry out the netlink steps of a plan: fill in the indices, send in one batch, read the answers."""

import struct

from haven.core.value import Value
from haven.runtime.cpython import open_netlink
from haven.runtime.netlink import NLMSG_ERROR, error_of, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from haven.runtime.kernel import Kernel

SEQUENCE_OFFSET = 8
# The answers to one batch have to fit the receive buffer.
BATCH = 64
RECEIVE = 1 << 16


class Step(Value):
    """A prepared netlink message: `patch` tells where the index of which device belongs."""

    def __init__(
        self,
        say: str,
        octets: bytes,
        patch: "tuple[tuple[int, str], ...]",
        tolerate: "tuple[int, ...]" = (),
        address: "bytes | None" = None,
        renew: bool = False,
    ) -> None:
        self.say = say
        self.octets = octets
        self.patch = patch
        self.tolerate = tolerate
        self.address = address
        self.renew = renew


class Stepper:
    """Sends steps to the kernel."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._socket = open_netlink(0)
        self._sequence = 0

    def run(self, steps: "Sequence[Step]") -> "list[str]":
        """Carry out steps in order; return what went wrong, in words, one line a step."""
        failures = []
        for start in range(0, len(steps), BATCH):
            failures.extend(self._run_batch(steps[start : start + BATCH]))
        return failures

    def _run_batch(self, steps: "Sequence[Step]") -> "list[str]":
        failures: list[str] = []
        batch = bytearray()
        waiting: dict[int, Step] = {}
        for step in steps:
            try:
                octets = self._filled_in(step)
            except KeyError as error:
                failures.append("%s: there is no device %s" % (step.say, error.args[0]))
                continue
            waiting[self._sequence] = step
            batch += octets
        if not waiting:
            return failures
        try:
            self._socket.send(batch)
        except OSError as error:
            return failures + ["%s: %s" % (step.say, error) for step in waiting.values()]
        failures.extend(self._answers(waiting))
        return failures

    def _filled_in(self, step: Step) -> bytearray:
        octets = bytearray(step.octets)
        for offset, device in step.patch:
            struct.pack_into("@I", octets, offset, self._kernel.index_of(device))
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        struct.pack_into("@I", octets, SEQUENCE_OFFSET, self._sequence)
        return octets

    def _answers(self, waiting: "dict[int, Step]") -> "list[str]":
        # The kernel has answered every message of the batch by the time send() returns.
        failures = []
        while waiting:
            try:
                octets = self._socket.recv(RECEIVE)
            except OSError as error:
                return failures + ["%s: no answer (%s)" % (step.say, error) for step in waiting.values()]
            for kind, sequence, body in messages(octets):
                step = waiting.pop(sequence, None)
                if step is None or kind != NLMSG_ERROR:
                    continue
                code = error_of(body)
                if code and code not in step.tolerate:
                    failures.append("%s: error %d of the kernel" % (step.say, code))
        return failures
