# SPDX-License-Identifier: GPL-2.0-or-later
"""Carry out what the agent has lent (contract/lending.py): with the addresses of a group, and as fast.

What is taken lives as the virtual addresses do: renewed while the group is Active, gone from the kernel when
nobody renews it, until somebody else on this node keeps it (`is_kept`).
"""

from haven.core.announce import announcement
from haven.core.clock import NEVER
from haven.core.witness_frames import arp_request
from haven.havend.host import system
from haven.havend.netlink_batch import NetlinkBatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from haven.contract.lending import Loan
    from haven.contract.plan import Step
    from haven.havend.kernel_tables import KernelTables


class Loans:
    """The loans that there are, and those that are taken; `tell` hears what did not work."""

    def __init__(
        self, kernel: "KernelTables", renew_us: int, tell: "Callable[[str, list[Any]], None]"
    ) -> None:
        self._kernel = kernel
        self._batch = NetlinkBatch(kernel)
        self._renew_us = renew_us
        self._tell = tell
        self._loans: dict[str, Loan] = {}
        self._taken: dict[str, Loan] = {}
        # By device, each with the index that it was opened for: the kernel takes 10 ms and more to close one.
        self._lines: dict[str, tuple[int, socket.socket]] = {}
        self.renew_at = NEVER

    def replace(self, loans: "Sequence[Loan]", active: "Iterable[str]", now: int) -> None:
        """Take the loans that there are from now on; of what is taken already, only what differs moves."""
        before, self._loans = self._loans, {each.name: each for each in loans}
        for name in sorted(set(before) | set(self._taken)):
            self._replace_one(name, self._taken.get(name), self._loans.get(name))
        groups = set(active)
        for each in loans:
            if each.is_of_active == (each.group in groups) and each.name not in self._taken:
                self._take(each, now)

    def _replace_one(self, name: str, old: "Loan | None", new: "Loan | None") -> None:
        if old is None:
            return
        moved = new is None or new.release != old.release
        if moved:
            kept = {step.wanted() for step in new.release} if new is not None else set()
            self._run(name, [step for step in old.release if step.wanted() not in kept])
            del self._taken[name]
        if new is not None and new.is_kept and (moved or not old.is_kept):
            # A renewal of ours may have given a lifetime to what somebody else had just put there, and an
            # address that leaves takes those with it that came to its network later.
            self._run(name, new.takeover)
        if new is not None and not moved:
            self._taken[name] = new

    def _take(self, loan: "Loan", now: int) -> None:
        self._taken[loan.name] = loan
        if not loan.is_kept:
            self._run(loan.name, loan.takeover)
            self._announce(loan)
            self.renew_at = min(self.renew_at, now + self._renew_us)

    def take(self, groups: "Iterable[str]", now: int) -> None:
        """Take what was lent for groups that become Active, in place of what they have on a standby."""
        self._change(set(groups), True, now)

    def release(self, groups: "Iterable[str]", now: int) -> None:
        """Give up what belongs to an Active, and take what belongs to a standby."""
        self._change(set(groups), False, now)

    def _change(self, groups: "set[str]", is_active: bool, now: int) -> None:
        for name in sorted(self._taken):
            if self._taken[name].group in groups and self._taken[name].is_of_active != is_active:
                self._run(name, self._taken.pop(name).release)
        for name in sorted(self._loans):
            loan = self._loans[name]
            if loan.group in groups and loan.is_of_active == is_active:
                self._take(loan, now)

    def end(self) -> None:
        """Give up everything."""
        for name in sorted(self._taken):
            self._run(name, self._taken.pop(name).release)
        for _index, sock in self._lines.values():
            sock.close()
        self._lines = {}

    def renew(self, now: int) -> None:
        """Give what is taken a new lifetime, and put back what somebody has removed."""
        ours = [each for _name, each in sorted(self._taken.items()) if not each.is_kept]
        self.renew_at = now + self._renew_us if ours else NEVER
        for loan in ours:
            self._run(loan.name, loan.takeover)
            self._announce(loan)

    def _run(self, name: str, steps: "Sequence[Step]") -> None:
        possible = [
            step for step in steps if all(self._kernel.link(device) is not None for _at, device in step.patch)
        ]
        failures = self._batch.run(possible)
        if failures:
            self._tell(name, failures)

    def _announce(self, loan: "Loan") -> None:
        for device, address, asked in loan.announce:
            link = self._kernel.link(device)
            if link is None or not link.ethernet:
                continue
            frames = [announcement(link.mac, address)]
            if asked is not None and len(asked) == len(address) == 4:
                # A gateway that takes no notice of gratuitous ARP does of a question.
                frames.append(arp_request(link.mac, address, asked))
            self._send(device, link.index, frames)

    def _send(self, device: str, index: int, frames: "list[bytes]") -> None:
        try:
            line = self._line(device, index)
            for frame in frames:
                line.send(frame)
        except OSError:
            # A link that is still down: it is told again at the next renewal.
            pass

    def _line(self, device: str, index: int) -> "socket.socket":
        held = self._lines.get(device)
        if held is None or held[0] != index:
            if held is not None:
                held[1].close()
            held = self._lines[device] = (index, system.open_link(device))
        return held[1]
