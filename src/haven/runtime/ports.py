# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets that ADVERTISEMENTs and announcements go through."""

from haven.core.advert import multicast_group
from haven.core.announce import announcement
from haven.core.effects import Send
from haven.core.frame import ipv4_packet, ipv6_packet, multicast_frame
from haven.runtime import cpython as system

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterable

    from haven.core.spec import GroupSpec, RouterSpec
    from haven.runtime.kernel import Kernel
    from haven.runtime.planfile import RouterPlan

    Hear = Callable[[str, int, bytes, bytes, int, bytes], None]

# A flood on one socket must not keep the others, and the timers, from their turn.
AT_ONCE = 512


class Receiver:
    """A socket that hears one family on one device."""

    def __init__(self, device: str, family: int, sock: "socket.socket") -> None:
        self.device = device
        self.family = family
        self.socket = sock
        self.receive = system.receive_v6 if family == 6 else system.receive_v4


class Ports:
    """Opens, reopens and closes the sockets, sends through them and reads from them."""

    def __init__(self, kernel: "Kernel", poller: system.Poller, hear: "Hear") -> None:
        self._kernel = kernel
        self._poller = poller
        self._hear = hear
        self._specs: dict[str, RouterSpec] = {}
        self._plans: dict[str, RouterPlan] = {}
        self._receivers: dict[int, Receiver] = {}
        self._links: dict[str, socket.socket] = {}
        self._senders: dict[tuple[str, int], socket.socket] = {}
        # What to hand to which socket for the last Send of a virtual router.
        self._ready: dict[str, tuple[Send, list[tuple[socket.socket, bytes, bytes | None]]]] = {}
        self.send_errors = 0

    def set_routers(self, groups: "Iterable[GroupSpec]", plans: "dict[str, RouterPlan]") -> None:
        """Serve these virtual routers from now on."""
        self._specs = {router.name: router for group in groups for router in group.routers}
        self._plans = plans
        self._ready = {}
        wanted = {(spec.device, spec.family) for spec in self._specs.values()}
        for receiver in list(self._receivers.values()):
            if (receiver.device, receiver.family) not in wanted:
                self._close_receiver(receiver)
        for device in list(self._links):
            if device not in {name for name, _family in wanted}:
                self._links.pop(device).close()
        present = {(each.device, each.family) for each in self._receivers.values()}
        for device, family in sorted(wanted - present):
            self._open_receiver(device, family)

    def replace(self, device: str) -> None:
        """Open everything on a device anew: it is another one, or has another MAC address."""
        for receiver in list(self._receivers.values()):
            if receiver.device == device:
                self._close_receiver(receiver)
        if device in self._links:
            self._links.pop(device).close()
        for key in [key for key in self._senders if key[0] == device]:
            self._senders.pop(key).close()
        self._ready = {}
        for family in sorted({spec.family for spec in self._specs.values() if spec.device == device}):
            self._open_receiver(device, family)

    def close(self) -> None:
        """Close every socket."""
        for receiver in list(self._receivers.values()):
            self._close_receiver(receiver)
        for sock in [*self._links.values(), *self._senders.values()]:
            sock.close()

    # Receiving

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of the receivers'."""
        return descriptor in self._receivers

    def read(self, descriptor: int) -> None:
        """Hand over every packet that waits in one socket."""
        receiver = self._receivers[descriptor]
        receive, sock, device, family = receiver.receive, receiver.socket, receiver.device, receiver.family
        for _ in range(AT_ONCE):
            packet = receive(sock)
            if packet is None:
                return
            source, destination, ttl, message = packet
            self._hear(device, family, source, destination, ttl, message)

    def _open_receiver(self, device: str, family: int) -> None:
        link = self._kernel.link(device)
        if link is None:
            return
        try:
            sock = system.open_receiver(device, link.index, family, multicast_group(family))
        except OSError:
            # The device went away in between; netlink will say so, and say when it is back.
            return
        self._receivers[sock.fileno()] = Receiver(device, family, sock)
        self._poller.add(sock.fileno())

    def _close_receiver(self, receiver: Receiver) -> None:
        descriptor = receiver.socket.fileno()
        self._poller.remove(descriptor)
        del self._receivers[descriptor]
        receiver.socket.close()

    # Sending

    def send(self, effect: Send) -> None:
        """Send the ADVERTISEMENTs of one virtual router."""
        ready = self._ready.get(effect.router)
        if ready is None or ready[0] is not effect:
            ready = self._prepare(effect)
        index = 0
        for sock, octets, destination in ready[1]:
            try:
                if destination is None:
                    sock.send(octets)
                else:
                    index = index or self._kernel.index_of(self._specs[effect.router].device)
                    system.send_to(sock, octets, destination, index)
            except (OSError, KeyError):
                # A link that is down, or a full queue: the next ADVERTISEMENT follows soon.
                self.send_errors += 1

    def _prepare(self, effect: Send) -> "tuple[Send, list[tuple[socket.socket, bytes, bytes | None]]]":
        spec = self._specs[effect.router]
        link = self._kernel.link(spec.device)
        out: list[tuple[socket.socket, bytes, bytes | None]] = []
        for destination, message in effect.packets:
            try:
                if link is not None and link.ethernet and not spec.unicast_peers:
                    mac = self._plans[spec.name].virtual_mac or link.mac
                    frame = multicast_frame(mac, effect.source, destination, message)
                    out.append((self._link(spec.device), frame, None))
                else:
                    wrap = ipv6_packet if spec.family == 6 else ipv4_packet
                    packet = wrap(effect.source, destination, message)
                    out.append((self._sender(spec.device, spec.family), packet, destination))
            except OSError:
                self.send_errors += 1
        ready = (effect, out)
        if out:
            self._ready[effect.router] = ready
        return ready

    def announce(self, router: str) -> None:
        """Send gratuitous ARP, or unsolicited neighbour advertisements, for every virtual address."""
        spec, plan = self._specs[router], self._plans[router]
        link = self._kernel.link(spec.device)
        if link is None or not link.ethernet:
            return
        mac = plan.virtual_mac or link.mac
        for address in spec.addresses:
            try:
                self._link(spec.device).send(announcement(mac, address))
            except OSError:
                self.send_errors += 1

    def _link(self, device: str) -> "socket.socket":
        if device not in self._links:
            self._links[device] = system.open_link(device)
        return self._links[device]

    def _sender(self, device: str, family: int) -> "socket.socket":
        key = (device, family)
        if key not in self._senders:
            self._senders[key] = system.open_sender(device, family)
        return self._senders[key]
