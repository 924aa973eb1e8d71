# SPDX-License-Identifier: GPL-2.0-or-later
"""The router advertisements of this node: which virtual routers send them, and what is heard of others'.

While no virtual router of the plan sends any, nothing of it is loaded but this file.
"""

from haven.contract.problems import problem
from haven.core.clock import MILLISECOND, NEVER, SECOND
from haven.havend.host import system
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable
    from typing import Any

    from haven.contract.plan import RouterPlan
    from haven.havend.advertiser import Advertiser
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.vrrp_sockets import VrrpSockets

# Hosts that ask without end must not keep the ADVERTISEMENTs from their turn.
AT_ONCE = 32
REST = 100 * MILLISECOND
# Somebody may forge more.
MOST_STRANGERS = 4


class RouterAdverts:
    """Advertisers by the names of their virtual routers; `deadline` is when act() has something to do.

    `is_ending` when this node stops: whom nobody takes over from is no router any more.
    """

    def __init__(self, kernel: "KernelTables", poller: system.Poller, sockets: "VrrpSockets") -> None:
        self._kernel = kernel
        self._poller = poller
        self._sockets = sockets
        self._advertisers: dict[str, Advertiser] = {}
        self._hearers: dict[int, tuple[str, socket.socket]] = {}
        self._resting: set[int] = set()
        self._resume_at = NEVER
        # Who else says that it is a router: (device, source) and until when.
        self._strangers: dict[tuple[str, bytes], int] = {}
        self.deadline = NEVER
        self.is_ending = False

    # Which there are

    def set_routers(self, plans: "dict[str, RouterPlan]", held: "Iterable[str]", now: int) -> None:
        """Advertise these virtual routers from now on, at once those whose addresses this node holds."""
        wanted = {name: plan for name, plan in plans.items() if plan.advertises is not None}
        for name in [name for name in self._advertisers if name not in wanted]:
            gone = self._advertisers.pop(name)
            if name in plans and gone.is_advertising():
                gone.cease(now)
        self._plan_next()
        if not wanted and not self._hearers:
            return
        # Here, because only who has such a virtual router is to pay for it.
        from haven.havend.advertiser import Advertiser

        virtual = {address for plan in plans.values() for address in plan.spec.addresses}
        for name, plan in wanted.items():
            known = self._advertisers.get(name)
            if known is None or known.plan.spec.wire() != plan.spec.wire():
                made = self._advertisers[name] = Advertiser(self._kernel, self._sockets, plan, virtual)
                if name in held:
                    made.take()
            else:
                known.set_plan(plan, virtual, now)
        self._listen({plan.device for plan in wanted.values()})
        self._plan_next()

    def rename(self, names: "dict[str, str]") -> None:
        """Know virtual routers by other names: those of before, and of now."""
        self._advertisers = {names.get(name, name): each for name, each in self._advertisers.items()}

    def replace(self, device: str) -> None:
        """Hear anew on a device that is another one, or has been without IPv6."""
        if not self._advertisers:
            return
        for descriptor in [each for each, (name, _sock) in self._hearers.items() if name == device]:
            self._close(descriptor)
        self._listen({each.plan.device for each in self._advertisers.values()})

    # What happens to the addresses

    def take(self, names: "Iterable[str]") -> None:
        """These have become Active: what they say leaves when everything else of the takeover has."""
        for each in self._of(names):
            each.take()
        self._plan_next()

    def release(self, names: "Iterable[str]", now: int) -> None:
        """These are Active no more."""
        for each in self._of(names):
            each.release(now)
        self._plan_next()

    def pause(self, names: "Iterable[str]", now: int) -> None:
        """Another router has been asked to take over from these."""
        for each in self._of(names):
            each.pause(now)
        self._plan_next()

    def resume(self, names: "Iterable[str]", now: int) -> None:
        """Nobody has taken over from these."""
        for each in self._of(names):
            each.resume(now)
        self._plan_next()

    def cease(self, names: "Iterable[str]", now: int) -> None:
        """These have given up their addresses, nobody has taken them, and this node ends."""
        for each in self._of(names) if self.is_ending else []:
            each.cease(now)

    def look_soon(self, device: str) -> None:
        """An address of a device has come or gone."""
        for each in self._advertisers.values():
            if each.plan.device == device:
                each.look_soon(system.now())
        self._plan_next()

    def _of(self, names: "Iterable[str]") -> "list[Advertiser]":
        return [self._advertisers[name] for name in names if name in self._advertisers]

    # Time

    def act(self) -> None:
        """Send what is due of one virtual router, and hear again what has rested.

        One in each turn of the loop: the kernel is asked for its addresses, and ADVERTISEMENTs are due, too.
        """
        now = system.now()
        for each in self._advertisers.values():
            if now >= each.deadline():
                each.tick(now)
                break
        if now >= self._resume_at:
            resting, self._resting, self._resume_at = self._resting, set(), NEVER
            for descriptor in resting:
                self._poller.change(descriptor, True, False)
        self._plan_next()

    def _plan_next(self) -> None:
        self.deadline = self._resume_at
        for each in self._advertisers.values():
            self.deadline = min(self.deadline, each.deadline())

    # What is heard

    def serves(self, descriptor: int) -> bool:
        """Tell whether a descriptor is one that solicitations come in by."""
        return descriptor in self._hearers

    def read(self, descriptor: int) -> None:
        """Take what waits in one socket; one with more than a few rests for a moment."""
        device, sock = self._hearers[descriptor]
        here = [each for each in self._advertisers.values() if each.plan.device == device]
        for _ in range(AT_ONCE):
            packet = system.receive_v6(sock)
            if packet is None:
                break
            source, _destination, hops, message = packet
            self._hear(here, device, source, hops, message)
        else:
            self._poller.change(descriptor, False, False)
            self._resting.add(descriptor)
            self._resume_at = min(self._resume_at, system.now() + REST)
        self._plan_next()

    def _hear(self, here: "list[Advertiser]", device: str, source: bytes, hops: int, message: bytes) -> None:
        from haven.core.ra.messages import ROUTER_SOLICITATION, Malformed, heard_advert, solicitor

        now = system.now()
        try:
            if message[:1] == bytes((ROUTER_SOLICITATION,)):
                mac = solicitor(source, hops, message)
                for each in here:
                    each.solicit(None if mac is None else (source, mac), now)
                return
            heard = heard_advert(source, hops, message)
        except Malformed:
            # Nothing that a user could do about it: RFC 4861 6.1 lets them be dropped silently.
            return
        for each in here:
            each.hear(source, heard, now)
        if not any(each.is_own(source) for each in here):
            self._note_stranger((device, source), heard.lifetime_s, now)

    def _note_stranger(self, key: "tuple[str, bytes]", lifetime_s: int, now: int) -> None:
        self._strangers = {each: until for each, until in self._strangers.items() if now < until}
        if not lifetime_s:
            self._strangers.pop(key, None)
        elif key in self._strangers or len(self._strangers) < MOST_STRANGERS:
            self._strangers[key] = now + lifetime_s * SECOND

    def _listen(self, devices: "set[str]") -> None:
        from haven.core.ra.messages import ALL_ROUTERS, ROUTER_ADVERTISEMENT, ROUTER_SOLICITATION

        for descriptor in [each for each, (name, _sock) in self._hearers.items() if name not in devices]:
            self._close(descriptor)
        present = {name for name, _sock in self._hearers.values()}
        for device in sorted(devices - present):
            link = self._kernel.link(device)
            if link is None:
                continue
            kinds = (ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT)
            try:
                sock = system.open_discovery(device, link.index, ALL_ROUTERS, kinds)
            except OSError:
                # Without IPv6 there, as without the device; either comes back with a word of the kernel's.
                continue
            self._hearers[sock.fileno()] = (device, sock)
            self._poller.add(sock.fileno())

    def _close(self, descriptor: int) -> None:
        self._poller.remove(descriptor)
        self._resting.discard(descriptor)
        self._hearers.pop(descriptor)[1].close()

    def close(self) -> None:
        """Close every socket."""
        for descriptor in list(self._hearers):
            self._close(descriptor)

    # What is told

    def account(self, name: str) -> "dict[str, Any] | None":
        """Return what the status shows of a virtual router's advertisements, or None."""
        each = self._advertisers.get(name)
        return None if each is None else each.account(system.now())

    def problems(self, now: int) -> "list[dict[str, Any]]":
        """Return what is the matter with the advertisements."""
        found: list[dict[str, Any]] = []
        for name in sorted(self._advertisers):
            each = self._advertisers[name]
            if each.has_no_prefix():
                found.append(problem("ra-no-prefix", name, device=each.plan.device))
            for (device, source), until in sorted(self._strangers.items()):
                if device == each.plan.device and now < until:
                    found.append(problem("ra-stranger", name, peer=text_of(source), device=device))
        return found
