# SPDX-License-Identifier: GPL-2.0-or-later
"""Carry out the netlink steps of a plan: fill in the indices, send in one batch, read the answers."""

import struct
from errno import EAGAIN

from haven.contract.plan import Step
from haven.core.value import Value
from haven.failure_reason import reason_of
from haven.havend.host import system
from haven.havend.netlink_messages import NLMSG_ERROR, error_of, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from haven.havend.kernel_tables import KernelTables

SEQUENCE_OFFSET = 8
# Where NLM_F_ACK stands, in the machine's order of octets.
ACK_OFFSET = 6 + (struct.pack("@H", 1)[0] == 0)
NLM_F_ACK = 4
# The answers to one batch have to fit the receive buffer, and whoever waits for a pause waits for one batch.
BATCH = 32
RECEIVE = 1 << 16


class StepFailure(Value):
    """The step at a position of those that were given did not work; `error` says why."""

    def __init__(self, position: int, step: Step, error: str) -> None:
        self.position = position
        self.step = step
        self.error = error


def no_pause() -> None:
    """Do nothing between two batches."""


class NetlinkBatch:
    """Sends steps to the kernel, and after each batch lets `pause` do what cannot wait for all of them."""

    def __init__(self, kernel: "KernelTables", pause: "Callable[[], None]" = no_pause) -> None:
        self._kernel = kernel
        self._pause = pause
        self._socket = system.open_netlink(0)
        self._sequence = 0

    def run(self, steps: "Sequence[Step]") -> "list[StepFailure]":
        """Carry out steps in order, whatever fails; return what did."""
        failures: list[StepFailure] = []
        batch, last = bytearray(), 0
        waiting: dict[int, int] = {}
        known: set[tuple[tuple[int, str], ...]] = set()
        for position, step in enumerate(steps):
            is_known = step.patch in known or self._is_known(step)
            if waiting and (len(waiting) == BATCH or not is_known):
                # A device that an earlier step makes has an index only after that.
                failures.extend(self._send(batch, last, waiting, steps))
                batch, waiting = bytearray(), {}
                self._pause()
            try:
                octets = self._filled_in(step)
            except KeyError as error:
                failures.append(StepFailure(position, step, "there is no device %s" % error.args[0]))
                continue
            known.add(step.patch)
            waiting[self._sequence] = position
            last = len(batch)
            batch += octets
        if waiting:
            failures.extend(self._send(batch, last, waiting, steps))
            self._pause()
        return sorted(failures, key=lambda failure: failure.position)

    def _is_known(self, step: Step) -> bool:
        return all(self._kernel.link(device) is not None for _offset, device in step.patch)

    def _filled_in(self, step: Step) -> bytearray:
        octets = bytearray(step.octets)
        for offset, device in step.patch:
            struct.pack_into("@I", octets, offset, self._kernel.index_of(device))
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        struct.pack_into("@I", octets, SEQUENCE_OFFSET, self._sequence)
        octets[ACK_OFFSET] &= ~NLM_F_ACK
        return octets

    def _send(
        self, batch: bytearray, last: int, waiting: "dict[int, int]", steps: "Sequence[Step]"
    ) -> "list[StepFailure]":
        """Send a batch whose last message begins at `last`.

        The kernel answers in order, what failed always, what went well only where it is asked to: an answer
        to each would take a third of the time.
        """
        failures: list[StepFailure] = []
        ends_with = self._sequence
        batch[last + ACK_OFFSET] = steps[waiting[ends_with]].octets[ACK_OFFSET]
        try:
            self._socket.send(batch)
            # The kernel has answered all of the batch by the time send() returns.
            while waiting:
                for kind, sequence, body in messages(self._socket.recv(RECEIVE)):
                    if kind != NLMSG_ERROR or sequence not in waiting:
                        continue
                    position = waiting.pop(sequence)
                    step, code = steps[position], error_of(body)
                    if code and code not in step.tolerate:
                        failures.append(StepFailure(position, step, system.error_text(code)))
                    if sequence == ends_with:
                        waiting.clear()
        except OSError as error:
            for position in waiting.values():
                why = "no answer" if error.errno == EAGAIN else reason_of(error)
                failures.append(StepFailure(position, steps[position], why))
        return failures
