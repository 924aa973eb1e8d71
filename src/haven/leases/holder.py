# SPDX-License-Identifier: GPL-2.0-or-later
"""The holder: an ACK of the DHCP server waits here until another router knows the lease, or its time is over.

It has the queue's socket and a line to the agent, and nothing else. It says what it has seen, a message a
datagram; the agent says what may go. Without the agent everything goes, and the holder ends.

    {"ready": true}                            it reads the queue
    {"ack": number, "binding": {...}}          an ACK, which waits if `holds` was said last
    {"done": number, "waited_ms", "late"}      it has gone; late: nobody has said that it is known
    {"holds": true}   {"kept": number}         the agent's: hold from now on; this one is known
    {"lives": true}                            the agent's question, and its answer
"""

import select
import sys
import time
from typing import Any

from haven import light_socket as socket
from haven.contract.strict_json import read_json, write_json
from haven.leases import nfqueue
from haven.leases.dhcp_message import ACK, REQUEST, DhcpMessage, read_packet

# A client that waits longer asks again.
HOLD_S = 0.1
# Requests whose answer has not been seen yet.
MOST_REQUESTS = 1024
LONGEST = 1 << 16
NOBODY = "0.0.0.0"


class Holder:
    """Reads the queue and the agent's line until that is closed."""

    def __init__(self, queue: socket.socket, agent: socket.socket) -> None:
        self._queue, self._agent = queue, agent
        self._holds = False
        # By the numbers of the packets: since when each waits.
        self._held: dict[int, float] = {}
        self._requests: dict[tuple[bytes, bytes], DhcpMessage] = {}

    def run(self) -> None:
        """Hold and let go until the agent is gone."""
        poll = select.poll()
        poll.register(self._queue, select.POLLIN)
        poll.register(self._agent, select.POLLIN)
        self._say({"ready": True})
        while True:
            ready = [number for number, _events in poll.poll(self._wait_ms())]
            # What may go does so before more is looked at.
            if self._agent.fileno() in ready and not self._hear():
                break
            if self._queue.fileno() in ready:
                self._read()
            self._let_go_late()
        nfqueue.accept_all(self._queue)

    def _wait_ms(self) -> "int | None":
        if not self._held:
            return None
        return max(0, int(1000 * (min(self._held.values()) + HOLD_S - time.monotonic())) + 1)

    # The queue

    def _read(self) -> None:
        try:
            octets = self._queue.recv(LONGEST)
        except OSError:
            # Some were lost for want of room, which have passed.
            return
        for number, hook, packet in nfqueue.packets(octets):
            message = read_packet(packet)
            if message is None or not self._is_to_wait(number, hook, message):
                nfqueue.accept(self._queue, number)

    def _is_to_wait(self, number: int, hook: int, message: DhcpMessage) -> bool:
        key = message.xid, message.mac
        # Anybody can say of a packet that it is a server's; what leaves here is our server's.
        if hook != nfqueue.LOCAL_OUT:
            self._take_request(key, message)
        elif message.kind == ACK and message.yours != NOBODY and message.lasts_s:
            said = self._say({"ack": number, "binding": message.binding(self._requests.pop(key, None))})
            if self._holds and said:
                self._held[number] = time.monotonic()
                return True
        return False

    def _take_request(self, key: tuple[bytes, bytes], message: DhcpMessage) -> None:
        if message.kind == REQUEST:
            if len(self._requests) >= MOST_REQUESTS:
                del self._requests[next(iter(self._requests))]
            self._requests[key] = message

    def _let_go_late(self) -> None:
        now = time.monotonic()
        for number in [number for number, since in self._held.items() if now - since >= HOLD_S]:
            self._let_go(number, late=True)

    def _let_go(self, number: int, late: bool) -> None:
        since = self._held.pop(number, None)
        if since is not None:
            nfqueue.accept(self._queue, number)
            waited_ms = round(1000 * (time.monotonic() - since), 1)
            self._say({"done": number, "waited_ms": waited_ms, "late": late})

    # The agent

    def _hear(self) -> bool:
        """Take all that the agent has said; tell whether it is there."""
        while True:
            try:
                octets = self._agent.recv(LONGEST, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return True
            except OSError:
                octets = b""
            if not octets:
                return False
            self._obey(read_json(octets))

    def _obey(self, order: "dict[str, Any]") -> None:
        if "holds" in order:
            self._holds = order["holds"]
        elif "kept" in order:
            self._let_go(order["kept"], late=False)
        else:
            self._say(order)

    def _say(self, word: "dict[str, Any]") -> bool:
        """Tell the agent; tell whether it could be: one that reads nothing is not waited for."""
        try:
            self._agent.send(write_json(word).encode(), socket.MSG_DONTWAIT)
        except OSError:
            return False
        return True


def main() -> int:
    """Hold what the queue brings; the descriptors of the queue and of the agent's line are the arguments."""
    queue, agent = [socket.socket(fileno=int(number)) for number in sys.argv[1:3]]
    Holder(queue, agent).run()
    return 0
