# SPDX-License-Identifier: GPL-2.0-or-later
"""The links and addresses of this machine, followed through netlink."""

from haven.core.events import AddressesChanged, LinkChanged
from haven.core.value import Value
from haven.runtime.cpython import open_netlink
from haven.runtime.netlink import (
    EVERYTHING,
    NLMSG_DONE,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    Link,
    dump_request,
    messages,
    parse_address,
    parse_link,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

RECEIVE = 1 << 16


class LinkReplaced(Value):
    """A device of this name appeared, or came back as another one."""

    def __init__(self, device: str) -> None:
        self.device = device


class AddressGone(Value):
    """An address was taken off a device by somebody, or ran out."""

    def __init__(self, device: str, address: bytes) -> None:
        self.device = device
        self.address = address


class Kernel:
    """A copy of the kernel's tables, and what changed in them."""

    def __init__(self) -> None:
        self.socket = open_netlink(EVERYTHING)
        self._by_index: dict[int, Link] = {}
        self._addresses: dict[tuple[int, int], list[bytes]] = {}
        self._sequence = 0

    def link(self, device: str) -> "Link | None":
        """Return the device of this name, if there is one."""
        for link in self._by_index.values():
            if link.name == device:
                return link
        return None

    def index_of(self, device: str) -> int:
        """Return the index of a device. Raises KeyError when there is none."""
        link = self.link(device)
        if link is None:
            raise KeyError(device)
        return link.index

    def holds(self, device: str, address: bytes) -> bool:
        """Tell whether a device has an address."""
        link = self.link(device)
        family = 6 if len(address) == 16 else 4
        return link is not None and address in self._addresses.get((link.index, family), ())

    def changes(self) -> "Iterator[Value]":
        """Yield what has changed since the last call, as events."""
        while True:
            try:
                octets = self.socket.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:
                # The kernel had more to say than the buffer holds: ask for all of it.
                yield from self.everything()
                return
            for kind, _sequence, body in messages(octets):
                yield from self._apply(kind, body)

    def everything(self) -> "Iterator[Value]":
        """Read both tables anew and yield them as events."""
        before = {link.name: link.index for link in self._by_index.values()}
        self._by_index, self._addresses = {}, {}
        changes: list[Value] = []
        for request in (RTM_GETLINK, RTM_GETADDR):
            for kind, body in self._dump(request):
                changes.extend(self._apply(kind, body))
        for name in sorted(before):
            if self.link(name) is None:
                changes.append(LinkChanged(name, False))
        yield from changes

    def _dump(self, request: int) -> "Iterator[tuple[int, bytes]]":
        self._sequence += 1
        sock = open_netlink(0)
        try:
            sock.setblocking(True)
            sock.send(dump_request(request, self._sequence))
            while True:
                for kind, _sequence, body in messages(sock.recv(RECEIVE)):
                    if kind == NLMSG_DONE:
                        return
                    yield kind, body
        finally:
            sock.close()

    def _apply(self, kind: int, body: bytes) -> "Iterator[Value]":
        if kind == RTM_NEWLINK:
            # A bridge tells of its ports in its own family; those are not states of the device.
            if body[0] == 0:
                yield from self._new_link(parse_link(body))
        elif kind == RTM_DELLINK:
            if body[0] == 0:
                yield from self._gone(parse_link(body).index)
        elif kind in (RTM_NEWADDR, RTM_DELADDR):
            yield from self._address(kind == RTM_NEWADDR, body)

    def _new_link(self, link: Link) -> "Iterator[Value]":
        old = self._by_index.get(link.index)
        if old is not None and old.name != link.name:
            yield from self._gone(link.index)
            old = None
        for other in list(self._by_index.values()):
            if other.name == link.name and other.index != link.index:
                yield from self._gone(other.index)
        self._by_index[link.index] = link
        if old is None or old.mac != link.mac:
            yield LinkReplaced(link.name)
        if old is None or old.up != link.up:
            yield LinkChanged(link.name, link.up)

    def _gone(self, index: int) -> "Iterator[Value]":
        link = self._by_index.pop(index, None)
        for family in (4, 6):
            self._addresses.pop((index, family), None)
        if link is not None:
            yield LinkChanged(link.name, False)
            for family in (4, 6):
                yield AddressesChanged(link.name, family, ())

    def _address(self, new: bool, body: bytes) -> "Iterator[Value]":
        found = parse_address(body)
        link = self._by_index.get(found.index)
        if link is None or len(found.address) not in (4, 16):
            return
        family = 6 if len(found.address) == 16 else 4
        present = self._addresses.setdefault((found.index, family), [])
        if new and found.usable:
            if found.address in present:
                return
            present.append(found.address)
        elif found.address in present:
            present.remove(found.address)
        if not new:
            yield AddressGone(link.name, found.address)
        yield AddressesChanged(link.name, family, tuple(present))
