# SPDX-License-Identifier: GPL-2.0-or-later
"""The sockets that ADVERTISEMENTs and announcements go through."""

import errno

from haven.core.announce import BROADCAST, announcement
from haven.core.clock import NEVER
from haven.core.effects import Send
from haven.core.frame import ipv4_packet, ipv6_packet, multicast_frame
from haven.core.spec import BY_ARP, CARP
from haven.core.vrrp.constants import multicast_group
from haven.failure_reason import reason_of
from haven.havend.host import system
from haven.havend.vrrp_receiver import VrrpReceiver

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from haven.contract.plan import RouterPlan
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.netlink_messages import KernelLink

    # A socket, octets for it, and where to (None: the frame says so).
    Parcel = tuple[socket.socket, bytes, bytes | None]
    # A Send, what to hand to which socket for it, and the index of the device.
    Ready = tuple[Send, list[Parcel], int]
    from haven.havend.vrrp_receiver import Hear

# What a link, or a rule for what leaves, says to a packet. A peer without a route says nothing of the link.
OF_THE_LINK = (errno.EPERM, errno.EACCES, errno.EIO, errno.EAGAIN, errno.ENOBUFS)


class VrrpSockets:
    """Opens, reopens and closes the sockets, sends through them and reads from them."""

    def __init__(
        self,
        kernel: "KernelTables",
        poller: system.Poller,
        hear: "Hear",
        flooded: "Callable[[str, int], None]",
    ) -> None:
        self._kernel = kernel
        self._poller = poller
        self._hear = hear
        self._flooded = flooded
        self.resume_at = NEVER
        self._plans: dict[str, RouterPlan] = {}
        self._receivers: dict[int, VrrpReceiver] = {}
        self._links: dict[str, socket.socket] = {}
        self._senders: dict[tuple[str, int], socket.socket] = {}
        self._ready: dict[str, Ready] = {}
        # The frames that tell where the addresses of a virtual router are, each with its socket.
        self._announcements: dict[str, list[tuple[socket.socket, bytes]]] = {}
        # Who hears other things on a device, too, and is to do so anew.
        self.replaced: Callable[[str], None] = lambda device: None
        # Why a virtual router could not send the last time, and why a device cannot hear a family.
        self.send_errors: dict[str, str] = {}
        self.receive_errors: dict[tuple[str, int], str] = {}
        # Who learns, once an ADVERTISEMENT was refused, of what is taken and what is not.
        self.sent: Callable[[str, bool], None] = lambda router, taken: None
        self._was_refused = False

    def set_routers(self, plans: "dict[str, RouterPlan]") -> None:
        """Serve these virtual routers from now on."""
        self._plans = plans
        self._ready, self._announcements = {}, {}
        self.send_errors = {name: why for name, why in self.send_errors.items() if name in plans}
        wanted = {(plan.device, plan.spec.family) for plan in plans.values()}
        self.receive_errors = {key: why for key, why in self.receive_errors.items() if key in wanted}
        for receiver in list(self._receivers.values()):
            if (receiver.device, receiver.family) not in wanted:
                self._close_receiver(receiver)
        for device in list(self._links):
            if device not in {name for name, _family in wanted}:
                self._links.pop(device).close()
        for key in list(self._senders):
            if key not in wanted:
                self._senders.pop(key).close()
        for receiver in self._receivers.values():
            self._set_filter(receiver)
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
        self._ready, self._announcements = {}, {}
        for family in sorted({plan.spec.family for plan in self._plans.values() if plan.device == device}):
            self._open_receiver(device, family)
        self.replaced(device)

    def join_again(self, device: str, family: int) -> None:
        """Hear one family again after the kernel has had no use for it, and dropped the membership."""
        for receiver in list(self._receivers.values()):
            if (receiver.device, receiver.family) == (device, family):
                self._close_receiver(receiver)
        if any((plan.device, plan.spec.family) == (device, family) for plan in self._plans.values()):
            self._open_receiver(device, family)
            self.replaced(device)

    def close(self) -> None:
        """Close every socket."""
        for receiver in list(self._receivers.values()):
            self._close_receiver(receiver)
        for sock in list(self._links.values()) + list(self._senders.values()):
            sock.close()

    # Receiving

    def receivers(self) -> "dict[int, VrrpReceiver]":
        """Return those that hear, by descriptor."""
        return self._receivers

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one of the receivers'."""
        return descriptor in self._receivers

    def read(self, descriptor: int) -> None:
        """Hand over every packet that waits in one socket; one with a flood in it rests for a while."""
        receiver = self._receivers[descriptor]
        if receiver.read(self._hear):
            self._poller.change(descriptor, False, False)
            self._set_filter(receiver)
            self._flooded(receiver.device, receiver.family)

    def read_alone(self, ready: "list[tuple[int, int]]") -> bool:
        """Hand over what has come to one socket, if nothing else has; tell whether that was so."""
        if len(ready) != 1 or ready[0][0] not in self._receivers:
            return False
        self.read(ready[0][0])
        return True

    def resume(self, now: int) -> None:
        """Read again from what has rested long enough, and filter as before a flood that is over."""
        self.resume_at = NEVER
        for descriptor, receiver in self._receivers.items():
            if now >= receiver.resume_at:
                receiver.resume_at = NEVER
                self._set_filter(receiver)
                self._poller.change(descriptor, True, False)
            self.resume_at = min(self.resume_at, receiver.resume_at)

    def is_flooded(self, device: str, family: int, now: int) -> bool:
        """Tell whether more came lately than could be read."""
        return any(
            each.is_flooded(now)
            for each in self._receivers.values()
            if (each.device, each.family) == (device, family)
        )

    def _set_filter(self, receiver: VrrpReceiver) -> None:
        specs = [
            plan.spec
            for plan in self._plans.values()
            if (plan.device, plan.spec.family) == (receiver.device, receiver.family)
        ]
        from_afar = any(spec.unicast_peers and spec.unicast_hops for spec in specs)
        receiver.set_filter([spec.vrid for spec in specs], from_afar)
        # When it has rested, and when a flood is over and the filter is to be as before.
        self.resume_at = min(self.resume_at, receiver.resume_at)

    def _open_receiver(self, device: str, family: int) -> None:
        self.receive_errors.pop((device, family), None)
        link = self._kernel.link(device)
        if link is None:
            return
        try:
            sock = system.open_receiver(device, link.index, family, multicast_group(family))
        except OSError as error:
            # The device may have gone in between; netlink will say so, and say when it is back.
            if system.index_of(device) is not None:
                self.receive_errors[(device, family)] = reason_of(error)
            return
        self._receivers[sock.fileno()] = receiver = VrrpReceiver(device, family, sock)
        self._set_filter(receiver)
        self._poller.add(sock.fileno())

    def _close_receiver(self, receiver: VrrpReceiver) -> None:
        descriptor = receiver.socket.fileno()
        self._poller.remove(descriptor)
        del self._receivers[descriptor]
        receiver.socket.close()

    # Sending

    def send(self, effect: Send) -> None:
        """Send the ADVERTISEMENTs of one virtual router."""
        ready, plain = self._ready.get(effect.router), effect.plain or effect
        if ready is None or ready[0] is not plain:
            ready = self._prepare(plain)
            if ready is None:
                return
        if self.send_errors:
            self.send_errors.pop(effect.router, None)
        refused = 0
        for index, (sock, octets, destination) in enumerate(ready[1]):
            if effect.trailer:
                octets = effect.complete(index, octets)
            try:
                if destination is None:
                    sock.send(octets)
                else:
                    system.send_to(sock, octets, destination, ready[2])
            except OSError as error:
                # A link that is down, a full queue, a peer without a route: the next one follows soon.
                self.send_errors[effect.router] = reason_of(error)
                refused += _is_of_link(error, destination)
        if refused or self._was_refused:
            self._was_refused = True
            self.sent(effect.router, refused < len(ready[1]))

    def probe(self, effect: Send) -> bool:
        """Tell whether a link takes this; a standby does not speak from the virtual MAC address."""
        link, taken = self._kernel.link(self._plans[effect.router].device), False
        destination = None
        if link is None:
            return False
        try:
            for sock, octets, destination in self._parcels(effect, link, None):
                if destination is None:
                    sock.send(octets)
                else:
                    system.send_to(sock, octets, destination, link.index)
                taken = True
        except OSError as error:
            self.send_errors[effect.router] = reason_of(error)
            taken = taken or not _is_of_link(error, destination)
        return taken

    def prepare(self, effect: Send) -> bool:
        """Make what a takeover begins with, before it is needed; tell whether there was anything to make."""
        router = effect.router
        ready = self._ready.get(router)
        if ready is not None and ready[0] is effect and router in self._announcements:
            return False
        self._prepare(effect)
        self._prepare_announcement(router)
        return True

    def _prepare_announcement(self, router: str) -> "list[tuple[socket.socket, bytes]]":
        plan = self._plans[router]
        link = self._kernel.link(plan.device)
        if link is None:
            return []
        found = []
        if link.ethernet and plan.spec.announce == BY_ARP:
            mac = plan.virtual_mac or link.mac
            try:
                sock = self._link(plan.device)
            except OSError as error:
                self.send_errors[router] = reason_of(error)
                return []
            found = [(sock, announcement(mac, each)) for each in plan.spec.addresses]
        self._announcements[router] = found
        return found

    def _prepare(self, effect: Send) -> "Ready | None":
        plan = self._plans[effect.router]
        link = self._kernel.link(plan.device)
        if link is None:
            return None
        try:
            parcels = self._parcels(effect, link, plan.virtual_mac)
        except OSError as error:
            self.send_errors[effect.router] = reason_of(error)
            return None
        self._ready[effect.router] = ready = (effect, parcels, link.index)
        return ready

    def _parcels(self, effect: Send, link: "KernelLink", mac: "bytes | None") -> "list[Parcel]":
        spec = self._plans[effect.router].spec
        parcels: list[Parcel] = []
        for destination, message in effect.packets:
            # The lengths in the headers count a trailer that is not known yet.
            message += bytes(effect.room)
            if link.ethernet and not spec.unicast_peers:
                frame = multicast_frame(mac or link.mac, effect.source, destination, message)
                if spec.protocol == CARP and spec.broadcast:  # type: ignore[attr-defined]
                    frame = BROADCAST + frame[len(BROADCAST) :]
                parcels.append((self._link(spec.device), frame[: len(frame) - effect.room], None))
            else:
                wrap = ipv6_packet if spec.family == 6 else ipv4_packet
                packet = wrap(effect.source, destination, message)
                packet = packet[: len(packet) - effect.room]
                parcels.append((self._sender(spec.device, spec.family), packet, destination))
        return parcels

    def announce(self, router: str) -> None:
        """Send gratuitous ARP, or unsolicited neighbour advertisements, for every virtual address."""
        found = self._announcements.get(router)
        try:
            for sock, frame in self._prepare_announcement(router) if found is None else found:
                sock.send(frame)
        except OSError as error:
            self.send_errors[router] = reason_of(error)

    def send_frame(self, router: str, frame: bytes) -> None:
        """Send a whole frame for a virtual router on its device."""
        try:
            self._link(self._plans[router].device).send(frame)
        except OSError as error:
            self.send_errors[router] = reason_of(error)

    def _link(self, device: str) -> "socket.socket":
        if device not in self._links:
            self._links[device] = system.open_link(device)
        return self._links[device]

    def _sender(self, device: str, family: int) -> "socket.socket":
        key = (device, family)
        if key not in self._senders:
            self._senders[key] = system.open_sender(device, family)
        return self._senders[key]


def _is_of_link(error: OSError, destination: "bytes | None") -> bool:
    return destination is None or error.errno in OF_THE_LINK
