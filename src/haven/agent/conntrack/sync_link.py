# SPDX-License-Identifier: GPL-2.0-or-later
"""The device between the routers, as it is now: what of it keeps conntrackd from working."""

import errno
import fcntl
import struct
from typing import Any

from haven import light_socket as socket
from haven.contract.problems import problem

SIOCGIFFLAGS = 0x8913
IFF_UP, IFF_RUNNING = 0x1, 0x40


class SyncLink:
    """The device and this router's address on it."""

    def __init__(self, device: str, address: str) -> None:
        self._device, self._address = device, address
        self._index = 0

    def obstacle(self) -> dict[str, Any] | None:
        """Return what is in the way, as status shows it, or None."""
        flags = self._flags()
        if flags is None:
            return problem("conntrack-device-missing", "conntrack", device=self._device)
        if not self._has_address():
            facts = {"address": self._address, "device": self._device}
            return problem("conntrack-address-missing", "conntrack", **facts)
        if not flags & IFF_UP or not flags & IFF_RUNNING:
            return problem("conntrack-link-down", "conntrack", device=self._device)
        return None

    def can_start(self) -> bool:
        """Tell whether conntrackd would start: a link that is down does not keep it from that."""
        return self._flags() is not None and self._has_address()

    def was_replaced(self) -> bool:
        """Tell whether the device is another one than last time: memberships of the old one are gone."""
        index = self._find_index()
        replaced = bool(index and self._index and index != self._index)
        self._index = index or self._index
        return replaced

    def _find_index(self) -> int:
        try:
            return socket.if_nametoindex(self._device)
        except OSError:
            return 0

    def _flags(self) -> int | None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            try:
                answer = fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16s16x", self._device.encode()))
            except OSError:
                return None
        return int(struct.unpack_from("=H", answer, 16)[0])

    def _has_address(self) -> bool:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        own = (self._address, 0, 0, self._find_index()) if family == socket.AF_INET6 else (self._address, 0)
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as trying:
                trying.bind(own)
        except OSError as error:
            return error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
        return True
