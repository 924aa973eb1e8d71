# SPDX-License-Identifier: GPL-2.0-or-later
"""Follow what others do to this machine's devices and addresses, and mend what they take from us."""

from haven.core.events import AddressesChanged, AnnounceAgain, LinkChanged
from haven.core.value import Value
from haven.havend.host import system
from haven.havend.kernel_changes import (
    AddressCame,
    AddressesRead,
    AddressGone,
    FamilyBack,
    LinkReplaced,
    family_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from haven.contract.plan import Plan
    from haven.core.engine import Engine
    from haven.havend.address_keeper import AddressKeeper
    from haven.havend.event_history import EventHistory
    from haven.havend.kernel_tables import KernelTables
    from haven.havend.plan_in_force import PlanInForce
    from haven.havend.sysctl import Sysctls
    from haven.havend.vrrp_sockets import VrrpSockets

# Whoever takes many addresses away is let finish before they are put back, but not for ever.
PUT_OFF_AT_MOST = 16


class Repair:
    """Tells the engine (`handle`) of the devices that it watches, and puts back what is ours."""

    def __init__(
        self,
        engine: "Engine",
        kernel: "KernelTables",
        in_force: "PlanInForce",
        sockets: "VrrpSockets",
        addresses: "AddressKeeper",
        sysctls: "Sysctls",
        events: "EventHistory",
        handle: "Callable[[Value], None]",
    ) -> None:
        self._engine = engine
        self._kernel = kernel
        self._in_force = in_force
        self._sockets = sockets
        self._addresses = addresses
        self._sysctls = sysctls
        self._events = events
        self._handle = handle
        # Who goes by the addresses of a device, too.
        self.address_changed: Callable[[str], None] = lambda device: None
        # Who asks routers that a cable without carrier went to.
        self.link_lost: Callable[[str], None] = lambda device: None
        # The devices that the engine is told about; others come and go without it.
        self._watched: set[str] = set()
        # What was taken from us, and how often putting it back has been put off.
        self._lost: set[tuple[str, bytes]] = set()
        self._put_off = 0

    def watch(self, plan: "Plan") -> None:
        """Tell the engine of the devices of a plan, before it has to judge by them."""
        routers = plan.routers.values()
        sources = {router.device for router in routers}
        self._kernel.follow_addresses(sources | {router.address_device for router in routers})
        watched = sources | {device for router in routers for device, _weight in router.spec.tracks}
        unknown, self._watched = sorted(watched - self._watched), watched
        for device in unknown:
            link = self._kernel.link(device)
            self._handle(LinkChanged(device, link is not None and link.up))
        # What was of no account by the plan before may be the source by this one.
        for device in sorted(sources):
            for family in (4, 6):
                self._tell_addresses(device, family)

    def follow(self, changes: "Iterable[Value]") -> None:
        """Take what has changed in the kernel's tables."""
        # However many addresses have come and gone, the engine is told once.
        differ: set[tuple[str, int]] = set()
        for change in changes:
            if type(change) is AddressCame or type(change) is AddressGone:
                self.address_changed(change.device)
                key = (change.device, family_of(change.address))
                if self._engine.could_change_source(key[0], key[1], change.address):
                    differ.add(key)
                if type(change) is AddressGone:
                    self._lost.add((change.device, change.address))
            elif type(change) is AddressesRead:
                differ.add((change.device, change.family))
            elif type(change) is LinkReplaced:
                self._replace(change.device)
            elif type(change) is FamilyBack:
                self._sockets.join_again(change.device, change.family)
            elif type(change) is LinkChanged:
                self._link_changed(change)
        for device, family in sorted(differ):
            if device in self._watched:
                self._tell_addresses(device, family)
        self._put_back()

    def _tell_addresses(self, device: str, family: int) -> None:
        self._handle(AddressesChanged(device, family, self._kernel.addresses(device, family)))

    def _put_back(self) -> None:
        # Only now, since it may have come back in the meantime, by another's hand or ours.
        if self._kernel.has_more and self._put_off < PUT_OFF_AT_MOST:
            self._put_off += 1
            return
        lost, self._lost, self._put_off = self._lost, set(), 0
        for name in sorted({self._loser_of(device, address) for device, address in lost} - {""}):
            self._restore_addresses(name)

    def _link_changed(self, change: LinkChanged) -> None:
        if not change.up:
            self.link_lost(change.device)
        is_gone = self._kernel.link(change.device) is None
        if is_gone:
            self._rebuild(change.device)
        if change.device in self._watched:
            self._handle(change)
        for router in self._in_force.plan.routers.values():
            # It may be there under another name, with ours on it, which would keep ours from its successor.
            if is_gone and change.device == router.device:
                self._addresses.tear_down(router)

    def _replace(self, device: str) -> None:
        """Stand on a device that is another one of the same name, or has another MAC address."""
        self._sockets.replace(device)
        plan = self._in_force.plan
        self._sysctls.apply(plan.sysctls)
        for name in sorted(plan.routers):
            if plan.routers[name].device == device:
                self._addresses.set_up(name)
                if name in self._addresses.held():
                    # The hosts know another MAC address.
                    self._addresses.take((name,), system.now())
                    self._handle(AnnounceAgain(name))

    def _rebuild(self, device: str) -> None:
        """Make a device of ours anew that somebody has removed; addresses follow where they are held."""
        routers = self._in_force.plan.routers
        for name in sorted(routers):
            router = routers[name]
            if device == router.address_device != router.device:
                self._addresses.set_up(name)
                if name in self._addresses.held():
                    self._restore_addresses(name)

    def _loser_of(self, device: str, address: bytes) -> str:
        """Return the virtual router that an address was taken from, or nothing if it is nobody's loss."""
        if self._kernel.holds(device, address) or self._kernel.link(device) is None:
            return ""
        return self._addresses.owner_of(device, address) or ""

    def _restore_addresses(self, name: str) -> None:
        if self._addresses.restore(name, system.now()):
            device = self._in_force.plan.routers[name].address_device
            self._handle(AnnounceAgain(name))
            self._events.add("addresses-restored", virtual_router=name, device=device)
