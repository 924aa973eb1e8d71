# SPDX-License-Identifier: GPL-2.0-or-later
"""Who calls the object: what the command ubus does, in the tests' own process."""

import socket
from pathlib import Path

from haven.ubus import codec as wire
from haven.ubus.codec import UbusFrame, decode_table, encode_table, next_frame
from tests.lab.wait import wait_until

EVENTS = 1
BUDGET_S = 30


class Caller:
    """A connection to a broker, for `with`."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(BUDGET_S)
        self._socket.connect(str(path))
        self._received = b""
        self._sequence = 0
        self._events: list[tuple[str, dict]] = []
        # By the number of the call: another may have begun before this one is answered.
        self._answers: dict[int, list[UbusFrame]] = {}
        self._ended: dict[int, int] = {}
        assert self._next().kind == wire.HELLO

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_why: object) -> None:
        self._socket.close()

    def signature(self, path: str) -> dict | None:
        """Return the methods of an object, or None where there is no such object."""
        found, status = self._ask(wire.LOOKUP, path=path)
        return decode_table(found[0].attributes["signature"]) if not status and found else None

    def wait_for(self, path: str) -> "Caller":
        """Wait until somebody has an object."""
        wait_until(lambda: self.signature(path) is not None, BUDGET_S, f"{path} is on ubus")
        return self

    def call(self, path: str, method: str, arguments: "dict | bytes | None" = None) -> tuple[int, dict]:
        """Return how a call went and what it answered."""
        data = arguments if isinstance(arguments, bytes) else encode_table(arguments or {})
        found, status = self._ask(wire.INVOKE, object=self._number_of(path), method=method, data=data)
        return status, decode_table(found[0].attributes["data"]) if found else {}

    def begin(self, path: str, method: str, arguments: dict | None = None) -> int:
        """Call and do not wait; the number is for finish()."""
        data = encode_table(arguments or {})
        return self._send(wire.INVOKE, object=self._number_of(path), method=method, data=data)

    def finish(self, sequence: int) -> tuple[int, dict]:
        """Wait for the answer to a call that has begun."""
        found, status = self._answer_to(sequence)
        return status, decode_table(found[0].attributes["data"]) if found else {}

    def listen(self, pattern: str) -> "Caller":
        """Hear events from now on."""
        found, _status = self._ask(wire.ADD_OBJECT)
        number = found[0].number("object") or 0
        # blobmsg has no unsigned numbers.
        signed = number - (1 << 32) if number >= 1 << 31 else number
        data = encode_table({"object": signed, "pattern": pattern})
        assert self._ask(wire.INVOKE, object=EVENTS, method="register", data=data)[1] == 0
        return self

    def send_event(self, name: str, document: dict) -> None:
        """Tell all who listen of something."""
        data = encode_table({"id": name, "data": document})
        assert self._ask(wire.INVOKE, object=EVENTS, method="send", data=data)[1] == 0

    def next_event(self) -> tuple[str, dict]:
        """Wait for an event."""
        while not self._events:
            self._take(self._next())
        return self._events.pop(0)

    def _number_of(self, path: str) -> int:
        found, status = self._ask(wire.LOOKUP, path=path)
        assert status == 0, f"{path} is not on ubus"
        return found[0].number("object") or 0

    def _ask(self, kind: int, **attributes: object) -> tuple[list[UbusFrame], int]:
        return self._answer_to(self._send(kind, **attributes))

    def _send(self, kind: int, **attributes: object) -> int:
        self._sequence += 1
        peer = attributes.get("object", 0)
        self._socket.sendall(UbusFrame(kind, self._sequence, peer, **attributes).encode())
        return self._sequence

    def _answer_to(self, sequence: int) -> tuple[list[UbusFrame], int]:
        while sequence not in self._ended:
            self._take(self._next())
        return self._answers.pop(sequence, []), self._ended.pop(sequence)

    def _take(self, frame: UbusFrame) -> None:
        if frame.kind == wire.INVOKE:
            self._keep_event(frame)
        elif frame.kind == wire.STATUS:
            self._ended[frame.sequence] = frame.number("status") or 0
        else:
            self._answers.setdefault(frame.sequence, []).append(frame)

    def _keep_event(self, frame: UbusFrame) -> None:
        self._events.append((frame.attributes["method"], decode_table(frame.attributes["data"])))

    def _next(self) -> UbusFrame:
        while (found := next_frame(self._received)) is None:
            octets = self._socket.recv(1 << 16)
            assert octets, "the broker has hung up"
            self._received += octets
        frame, length = found
        self._received = self._received[length:]
        return frame
