# SPDX-License-Identifier: GPL-2.0-or-later
"""From links and addresses to faults and priorities."""

from haven.core.spec import RouterSpec
from haven.core.vrrp.constants import OWNER_PRIORITY, is_link_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LINK_DOWN = "link-down"
NO_SOURCE = "no-source"
TRACKED_DOWN = "tracked-down"


class LinkStates:
    """What the engine knows of this machine: which links are up and which addresses they have."""

    def __init__(self) -> None:
        self._up: dict[str, bool] = {}
        self._addresses: dict[tuple[str, int], tuple[bytes, ...]] = {}

    def set_link(self, device: str, up: bool) -> None:
        """Note whether a device can carry packets."""
        self._up[device] = up

    def set_addresses(self, device: str, family: int, addresses: "tuple[bytes, ...]") -> None:
        """Note the addresses of a device, in the kernel's order."""
        self._addresses[(device, family)] = addresses

    def is_up(self, device: str) -> bool:
        """Tell whether a device can carry packets; one never heard of cannot."""
        return self._up.get(device, False)

    def source_for(self, spec: RouterSpec, virtual: "Iterable[bytes]") -> "bytes | None":
        """Return the primary address to advertise from (RFC 9568 1.6), or None.

        A virtual address is not a primary one, except on the router that owns it.
        """
        present = self._addresses.get((spec.device, spec.family), ())
        if spec.source is not None:
            return spec.source if spec.source in present else None
        if spec.family == 6:
            present = tuple(address for address in present if is_link_local(address))
        for address in present:
            if spec.priority == OWNER_PRIORITY or address not in virtual:
                return address
        return None


def faults_of(spec: RouterSpec, machine: LinkStates, source: "bytes | None") -> "tuple[tuple[str, str], ...]":
    """Return why this virtual router cannot work now: (kind, device) pairs."""
    faults = []
    if not machine.is_up(spec.device):
        faults.append((LINK_DOWN, spec.device))
    elif source is None:
        faults.append((NO_SOURCE, spec.device))
    for device, weight in spec.tracks:
        if weight == 0 and not machine.is_up(device):
            faults.append((TRACKED_DOWN, device))
    return tuple(faults)


def penalty_of(specs: "Iterable[RouterSpec]", machine: LinkStates) -> int:
    """Return what the tracked devices that are down take off the priority of their group.

    A device that several members track counts once, with its greatest weight.
    """
    weights: dict[str, int] = {}
    for spec in specs:
        for device, weight in spec.tracks:
            if weight and not machine.is_up(device):
                weights[device] = max(weight, weights.get(device, 0))
    return sum(weights.values())


def effective_priority(spec: RouterSpec, penalty: int, maintenance: bool) -> int:
    """Return the priority to advertise: 1 at the least, which still is a candidate's."""
    if maintenance:
        return 1
    if spec.priority == OWNER_PRIORITY:
        return OWNER_PRIORITY
    return max(1, spec.priority - penalty)
