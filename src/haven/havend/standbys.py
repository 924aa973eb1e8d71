# SPDX-License-Identifier: GPL-2.0-or-later
"""Which other Backups would take over before this one: they ask the Active quickly, and this one need not.

Each says of itself from time to time, by a greeting that nothing else on the link takes for anything.
"""

from haven.core.clock import SECOND
from haven.core.witness_frames import ETHERTYPE_GREETING, greeted_priority, standby_greeting
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from haven.core.virtual_router import VirtualRouter
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.netlink_messages import KernelLink

    # Device, family and VRID.
    Wire = tuple[str, int, int]

GREET_EVERY_US = 10 * SECOND
# So many times more often after another Active has come.
HURRIED, HURRY_US = 4, SECOND
# Two greetings may be lost.
KNOWN_FOR_US = 35 * SECOND
LONGEST = 64
# Of one look; who floods a link makes nobody ask more seldom than once in a tenth of a second.
MOST_READ = 64
MOST_KNOWN = 16


class Standbys:
    """Hears and sends greetings on the devices on which Actives are asked."""

    def __init__(self, kernel: "KernelTables") -> None:
        self._kernel = kernel
        self._sockets: dict[str, tuple[KernelLink, socket.socket]] = {}
        # Of each virtual router: priority and time of the last greeting, by source.
        self._heard: dict[Wire, dict[bytes, tuple[int, int]]] = {}
        self._greet_at = 0
        # The Active that was followed at the last look.
        self._followed: dict[Wire, bytes | None] = {}
        self._hurried = 0

    def look(self, members: "list[VirtualRouter]", now: int) -> None:
        """Take what has come for these, and greet for them when it is time."""
        wanted = {member.spec.device for member in members}
        wires = {member.spec.wire() for member in members}
        self._heard = {wire: _fresh(self._heard.get(wire, {}), now) for wire in sorted(wires)}
        for device in list(self._sockets):
            if device not in wanted or self._kernel.link(device) != self._sockets[device][0]:
                self._sockets.pop(device)[1].close()
        for device in sorted(wanted):
            self._open(device)
        for device in self._sockets:
            self._read(device, now)
        followed = {member.spec.wire(): member.active_source for member in members}
        if any(self._followed.get(wire) != followed[wire] for wire in followed):
            # After a takeover all Backups would ask quickly until the next time; not all listen at once.
            self._greet_at, self._hurried = now, HURRIED
        self._followed = followed
        if now >= self._greet_at and members:
            self._greet_at = now + (HURRY_US if self._hurried else GREET_EVERY_US)
            self._hurried = max(0, self._hurried - 1)
            for member in members:
                self._greet(member)

    def outranks(self, member: "VirtualRouter", now: int) -> bool:
        """Tell whether another Backup would take over before this one."""
        own = (_priority(member), member.source or b"")
        heard = self._heard.get(member.spec.wire(), {})
        return any(
            now - at < KNOWN_FOR_US and (priority, source) > own and source != member.active_source
            for source, (priority, at) in heard.items()
        )

    def close(self) -> None:
        """Hear nobody any more."""
        for device in list(self._sockets):
            self._sockets.pop(device)[1].close()

    def _open(self, device: str) -> None:
        link = self._kernel.link(device)
        if device in self._sockets or link is None or not (link.up and link.ethernet):
            return
        try:
            self._sockets[device] = (link, system.open_frames(device, ETHERTYPE_GREETING))
        except OSError:
            # The device has gone in between; it is looked again soon.
            return

    def _read(self, device: str, now: int) -> None:
        sock = self._sockets[device][1]
        for _ in range(MOST_READ):
            try:
                found = greeted_priority(sock.recv(LONGEST))
            except OSError:
                return
            if found is not None:
                family, vrid, source, priority = found
                heard = self._heard.get((device, family, vrid))
                if heard is None:
                    continue
                if source in heard or len(heard) < MOST_KNOWN:
                    heard[source] = (priority, now)

    def _greet(self, member: "VirtualRouter") -> None:
        found, spec = self._sockets.get(member.spec.device), member.spec
        if found is None or member.source is None:
            return
        link, sock = found
        try:
            sock.send(standby_greeting(link.mac, spec.family, spec.vrid, member.source, _priority(member)))
        except OSError:
            # A link that is down: the next one follows.
            return


def _priority(member: "VirtualRouter") -> int:
    return member.shown(member.priority) or 0


def _fresh(heard: "dict[bytes, tuple[int, int]]", now: int) -> "dict[bytes, tuple[int, int]]":
    """Return who was heard of late: who has gone, or was never there, takes nobody's place."""
    return {source: heard[source] for source in heard if now - heard[source][1] < KNOWN_FOR_US}
