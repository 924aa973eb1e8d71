# SPDX-License-Identifier: GPL-2.0-or-later
"""The links and addresses of this machine, followed through netlink."""

from haven.core.clock import NEVER, SECOND
from haven.core.events import LinkChanged
from haven.core.value import Value
from haven.havend.address_table import AddressTable
from haven.havend.host import system
from haven.havend.kernel_changes import (
    AddressCame,
    AddressesRead,
    AddressGone,
    FamilyBack,
    LinkReplaced,
    family_of,
)
from haven.havend.log import log
from haven.havend.netlink_messages import (
    EVERYTHING,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    KernelLink,
    dump_request,
    error_of,
    flagged_messages,
    index_of_address,
    is_way,
    messages,
    parse_address,
    parse_link,
    parse_prefix,
    route_request,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Table = list[tuple[int, bytes]]

RECEIVE = 1 << 16
# A machine that never stops changing must not keep the timers from their turn.
AT_ONCE = 64
# More messages than the buffer holds.
MOST_WAITING = 1 << 14
# A table that changes while it is read is read again; the kernel that has no memory for the answer has time.
MOST_ATTEMPTS = 4
RETRY_AFTER = SECOND


class DumpBroken(Exception):
    """The kernel has not told the whole of a table."""


class KernelTables:
    """A copy of the kernel's tables, and what changed in them.

    `retry_at` is when everything() is to be tried again, because the kernel did not tell all.
    """

    def __init__(self) -> None:
        self.socket = system.open_netlink(EVERYTHING)
        self._asking = system.open_netlink(0)
        self._asking.setblocking(True)
        self._by_index: dict[int, KernelLink] = {}
        self._by_name: dict[str, KernelLink] = {}
        # The ports that are up, by their bridge, and what is on a device, by that.
        self._ports: dict[int, set[int]] = {}
        self._above: dict[int, set[int]] = {}
        # What is down because its bridge is, before the kernel says so.
        self._cut: set[int] = set()
        self._addresses: dict[tuple[int, int], AddressTable] = {}
        # The devices whose addresses are wanted (None: of every one), their indices, and those that are new.
        self._wanted: set[str] | None = None
        self._followed: set[int] = set()
        self._unread: set[int] = set()
        # Whether changes() has left something for the next call.
        self.has_more = False
        self._sequence = 0
        self.retry_at = NEVER

    def close(self) -> None:
        """Hear no more."""
        self.socket.close()
        self._asking.close()

    def link(self, device: str) -> "KernelLink | None":
        """Return the device of this name, if there is one."""
        return self._by_name.get(device)

    def index_of(self, device: str) -> int:
        """Return the index of a device. Raises KeyError when there is none."""
        link = self._by_name.get(device)
        if link is not None:
            return link.index
        # One that was made this very moment has not been heard of yet.
        index = system.index_of(device)
        if index is None:
            raise KeyError(device)
        return index

    def addresses(self, device: str, family: int) -> "tuple[bytes, ...]":
        """Return the addresses of a device that can be used, in the kernel's order."""
        table = self._table(device, family)
        return () if table is None else table.in_order()

    def holds(self, device: str, address: bytes) -> bool:
        """Tell whether a device has an address."""
        table = self._table(device, family_of(address))
        return table is not None and address in table

    def _table(self, device: str, family: int) -> "AddressTable | None":
        link = self._by_name.get(device)
        return None if link is None else self._addresses.get((link.index, family))

    def prefixes(self, device: str) -> "list[tuple[bytes, int, int, int]]":
        """Return (address, prefix length, preferred s, valid s) of each IPv6 address that a device has now.

        Raises DumpBroken when the kernel does not tell all of them.
        """
        link = self._by_name.get(device)
        found = [parse_prefix(body) for kind, body in self._dump(RTM_GETADDR) if kind == RTM_NEWADDR]
        return [each[1:] for each in found if each is not None and link is not None and each[0] == link.index]

    def has_way_out(self, source: bytes) -> bool:
        """Tell whether a packet from this address would find a route to anywhere, such as a default route."""
        self._sequence += 1
        try:
            self._asking.send(route_request(source, self._sequence))
            for kind, sequence, body in messages(self._asking.recv(RECEIVE)):
                if sequence == self._sequence:
                    return is_way(kind, body)
        except OSError:
            pass
        return False

    def follow_addresses(self, devices: "set[str]") -> None:
        """Know the addresses of these devices from now on, and of no others."""
        self._wanted = devices
        for index in sorted(self._by_index):
            self._follow(self._by_index[index])
        # Nobody has been told of those before.
        list(self._read_new())

    def _follow(self, link: KernelLink) -> None:
        wanted = self._wanted is None or link.name in self._wanted
        if wanted and link.index not in self._followed:
            self._followed.add(link.index)
            self._unread.add(link.index)
        elif not wanted:
            self._forget_addresses(link.index)

    def _forget_addresses(self, index: int) -> None:
        self._followed.discard(index)
        self._unread.discard(index)
        for family in (4, 6):
            self._addresses.pop((index, family), None)

    def changes(self) -> "Iterator[Value]":
        """Yield what has changed since the last call, as events."""
        self.has_more = False
        for _ in range(AT_ONCE):
            try:
                octets = self.socket.recv(RECEIVE)
            except BlockingIOError:
                break
            except OSError:
                # The kernel had more to say than the buffer holds: ask for all of it.
                self._forget_waiting()
                yield from self.everything()
                return
            for kind, _sequence, body in messages(octets):
                yield from self._apply(kind, body)
        else:
            self.has_more = True
        yield from self._read_new()

    def _forget_waiting(self) -> None:
        # It is older than the answer will be. Until the buffer is empty, no more comes in.
        for _ in range(MOST_WAITING):
            try:
                self.socket.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:
                continue

    def everything(self) -> "Iterator[Value]":
        """Read both tables anew and yield what differs from what was known.

        Where the kernel does not tell all, what was known holds until `retry_at`: an empty table would be
        taken for a machine without devices.
        """
        self.retry_at = NEVER
        try:
            devices, addresses = self.dumped()
        except DumpBroken as why:
            self._try_again(why)
            return
        links = [parse_link(body) for kind, body in devices if kind == RTM_NEWLINK]
        present = {link.index: link for link in links if link is not None}
        for index in sorted(self._by_index):
            if index not in present:
                yield from self._gone(index)
        # A port that has come to be up keeps its bridge from being cut by one that has not.
        for _, index in sorted([(not present[index].up, index) for index in present]):
            yield from self._new_link(present[index])
        self._unread.clear()
        yield from self._compare(addresses, self._followed)

    def dumped(self) -> "tuple[Table, Table]":
        """Return all links and all addresses as (type, body) of each message. Raises DumpBroken."""
        return self._dump(RTM_GETLINK), self._dump(RTM_GETADDR)

    def _try_again(self, why: DumpBroken) -> None:
        log("the tables of the kernel cannot be read: %s; trying again" % why, True)
        self.retry_at = system.now() + RETRY_AFTER

    def _read_new(self) -> "Iterator[Value]":
        # A device that appears may have had its addresses for long, under another name.
        if self._unread:
            unread, self._unread = self._unread, set()
            try:
                addresses = self._dump(RTM_GETADDR)
            except DumpBroken as why:
                self._try_again(why)
                return
            yield from self._compare(addresses, unread)

    def _compare(self, addresses: "Table", indices: "set[int]") -> "Iterator[Value]":
        known: dict[tuple[int, int], list[bytes]] = {}
        for kind, body in addresses:
            found = None
            if kind == RTM_NEWADDR and index_of_address(body) in indices:
                found = parse_address(body)
            if found is not None and found.usable:
                known.setdefault((found.index, family_of(found.address)), []).append(found.address)
        for index in sorted(indices):
            for family in (4, 6):
                yield from self._set_addresses((index, family), known.get((index, family), []))

    def _dump(self, request: int) -> "Table":
        """Return a whole table as (type, body) of each message. Raises DumpBroken."""
        why = ""
        for _ in range(MOST_ATTEMPTS):
            try:
                return self._dump_once(request)
            except DumpBroken as broken:
                why = str(broken)
            except OSError as error:
                why = str(error)
        raise DumpBroken(why)

    def _dump_once(self, request: int) -> "Table":
        self._sequence += 1
        self._asking.send(dump_request(request, self._sequence))
        found: Table = []
        interrupted = 0
        while True:
            for kind, flags, sequence, body in flagged_messages(self._asking.recv(RECEIVE)):
                if sequence != self._sequence:
                    continue
                interrupted |= flags & NLM_F_DUMP_INTR
                if kind in (NLMSG_DONE, NLMSG_ERROR):
                    _check_end(error_of(body), bool(interrupted))
                    return found
                found.append((kind, body))

    def _apply(self, kind: int, body: bytes) -> "Iterator[Value]":
        if kind in (RTM_NEWLINK, RTM_DELLINK):
            link = parse_link(body)
            if link is not None:
                yield from self._new_link(link) if kind == RTM_NEWLINK else self._gone(link.index)
        elif kind in (RTM_NEWADDR, RTM_DELADDR) and index_of_address(body) in self._followed:
            yield from self._address(kind == RTM_NEWADDR, body)

    def _new_link(self, link: KernelLink) -> "Iterator[Value]":
        old = self._by_index.get(link.index)
        if old is not None and old.name != link.name:
            yield from self._gone(link.index)
            old = None
        other = self._by_name.get(link.name)
        if other is not None and other.index != link.index:
            yield from self._gone(other.index)
        below = self._by_index.get(link.lower)
        if link.up and link.index in self._cut and below is not None and not below.up:
            # The kernel has not come to it yet.
            link = link.carried(False)
        else:
            self._cut.discard(link.index)
        if old is not None:
            self._relate(old, False)
        self._relate(link, True)
        self._by_index[link.index] = self._by_name[link.name] = link
        self._follow(link)
        if old is None or old.mac != link.mac:
            yield LinkReplaced(link.name)
        if old is None or old.up != link.up:
            yield LinkChanged(link.name, link.up)
        if old is not None and old.up != link.up:
            yield from self._carry(link)

    def _carry(self, link: KernelLink) -> "Iterator[Value]":
        """Take down the bridge of the last port that was up, and what is on it; or up again.

        The kernel says it of a bridge up to a second after its port (linkwatch), and not at all of what is on
        it where the port is back by then.
        """
        bridge = link.bridge or link.index
        if link.up:
            is_meant = not link.bridge or bridge in self._cut
        else:
            is_meant = link.bridge != 0 and bridge not in self._ports
        for index in [bridge] + sorted(self._above.get(bridge, ())) if is_meant else ():
            each = self._by_index.get(index)
            if each is not None and (index in self._cut if link.up else each.up):
                yield from self._new_link(each.carried(link.up))
                if not link.up:
                    self._cut.add(index)

    def _relate(self, link: KernelLink, is_there: bool) -> None:
        # To look for them at each change would cost as much as there are devices.
        for table, below in ((self._ports, link.up and link.bridge), (self._above, link.lower)):
            if below:
                found = table.setdefault(below, set())
                found.add(link.index) if is_there else found.discard(link.index)
                if not found:
                    del table[below]

    def _gone(self, index: int) -> "Iterator[Value]":
        link = self._by_index.pop(index, None)
        self._forget_addresses(index)
        self._cut.discard(index)
        if link is not None:
            self._relate(link, False)
            del self._by_name[link.name]
            yield LinkChanged(link.name, False)
            for family in (4, 6):
                yield AddressesRead(link.name, family)

    def _address(self, new: bool, body: bytes) -> "Iterator[Value]":
        found = parse_address(body)
        if found is None:
            return
        link, family = self._by_index[found.index], family_of(found.address)
        table = self._addresses.setdefault((found.index, family), AddressTable())
        if new and found.usable:
            if not len(table):
                yield FamilyBack(link.name, family)
            if table.add(found.address):
                yield AddressCame(link.name, found.address)
        elif table.remove(found.address):
            yield AddressGone(link.name, found.address)

    def _set_addresses(self, key: "tuple[int, int]", present: "list[bytes]") -> "Iterator[Value]":
        link, before = self._by_index[key[0]], self._addresses.get(key, AddressTable())
        if tuple(present) == before.in_order():
            return
        table = self._addresses[key] = AddressTable(present)
        for address in before.in_order():
            if address not in table:
                yield AddressGone(link.name, address)
        if not len(before):
            yield FamilyBack(link.name, key[1])
        yield AddressesRead(link.name, key[1])


def _check_end(error: int, interrupted: bool) -> None:
    if error > 0:
        raise DumpBroken(system.error_text(error))
    if interrupted:
        raise DumpBroken("they change all the time")
