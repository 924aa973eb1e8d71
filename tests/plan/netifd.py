# SPDX-License-Identifier: GPL-2.0-or-later
"""netifd on a ubus of its own, which answers for one interface what a test says."""

import socket
import threading
from pathlib import Path

from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, encode_table, next_frame
from tests.bus.ubus_broker import StandIn


class Netifd:
    """Answers `status` of an interface with a table, octets as they are, or the number of a refusal."""

    def __init__(self, path: Path, interface: str, answer: "dict | bytes | int") -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._broker = StandIn(path).start()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._received = b""
        assert self._next().kind == wire.HELLO
        self._send(wire.ADD_OBJECT, 1, 0, path="network.interface." + interface, signature=b"")
        assert [self._next().kind for _ in range(2)] == [wire.DATA, wire.STATUS]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """End it, and its ubus."""
        self._broker.kill()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while (frame := self._next()) is not None:
            number = frame.attributes["object"]
            self.asked.append(frame.attributes["method"])
            status = self._answer if isinstance(self._answer, int) else 0
            if not status:
                data = self._answer if isinstance(self._answer, bytes) else encode_table(self._answer)
                self._send(wire.DATA, frame.sequence, frame.peer, object=number, data=data)
            self._send(wire.STATUS, frame.sequence, frame.peer, object=number, status=status)

    def _send(self, kind: int, sequence: int, peer: int, **attributes: object) -> None:
        self._socket.sendall(UbusFrame(kind, sequence, peer, **attributes).encode())

    def _next(self) -> "UbusFrame | None":
        while (found := next_frame(self._received)) is None:
            octets = self._socket.recv(1 << 16)
            if not octets:
                return None
            self._received += octets
        self._received = self._received[found[1] :]
        return found[0]
