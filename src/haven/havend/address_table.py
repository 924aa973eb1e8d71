# SPDX-License-Identifier: GPL-2.0-or-later
"""The addresses of one device and family, in the order in which they came."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class AddressTable:
    """Finds, takes in and lets go of an address in the same time, however many there are.

    The order is written beside each, as dictionaries of MicroPython keep none.
    """

    def __init__(self, addresses: "Iterable[bytes]" = ()) -> None:
        self._places: dict[bytes, int] = {}
        self._next = 0
        for address in addresses:
            self.add(address)

    def __contains__(self, address: bytes) -> bool:
        return address in self._places

    def __len__(self) -> int:
        return len(self._places)

    def add(self, address: bytes) -> bool:
        """Put an address behind the others; tell whether it is new."""
        if address in self._places:
            return False
        self._places[address] = self._next
        self._next += 1
        return True

    def remove(self, address: bytes) -> bool:
        """Let go of an address; tell whether it was there."""
        return self._places.pop(address, None) is not None

    def in_order(self) -> "tuple[bytes, ...]":
        """Return all of them, the oldest first."""
        return tuple(sorted(self._places, key=lambda address: self._places[address]))
