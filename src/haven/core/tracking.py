# SPDX-License-Identifier: GPL-2.0-or-later
"""From links and addresses to faults and priorities."""

from haven.core.spec import CARP, GroupSpec, RouterSpec
from haven.core.vrrp.constants import OWNER_PRIORITY, is_link_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from haven.core.virtual_router import VirtualRouter

LINK_DOWN = "link-down"
NO_SOURCE = "no-source"
TRACKED_DOWN = "tracked-down"
CHECK_DOWN = "check-down"
# What a link that takes no packets (mute.py) takes off the priority: 1 is left, which asks for relief.
MUTE_WEIGHT = 254


class LinkStates:
    """What the engine knows of this machine: links, their addresses, and the verdicts of checks."""

    def __init__(self) -> None:
        self._up: dict[str, bool] = {}
        self._verdicts: dict[str, bool] = {}
        self._addresses: dict[tuple[str, int], tuple[bytes, ...]] = {}
        self._present: dict[tuple[str, int], set[bytes]] = {}
        # The first address that is not virtual, and what was taken for virtual then.
        self._primary: dict[tuple[str, int], tuple[Iterable[bytes], bytes | None]] = {}
        # What was given as a source, or that there was none.
        self._given: dict[tuple[str, int], set[bytes | None]] = {}

    def set_link(self, device: str, up: bool) -> None:
        """Note whether a device can carry packets."""
        self._up[device] = up

    def set_addresses(self, device: str, family: int, addresses: "tuple[bytes, ...]") -> None:
        """Note the addresses of a device, in the kernel's order."""
        key = (device, family)
        self._addresses[key] = addresses
        self._present[key] = set(addresses)
        self._primary.pop(key, None)
        self._given.pop(key, None)

    def is_up(self, device: str) -> bool:
        """Tell whether a device can carry packets; one never heard of cannot."""
        return self._up.get(device, False)

    def set_check(self, check: str, up: bool) -> None:
        """Note the verdict of a check, which holds until the next one."""
        self._verdicts[check] = up

    def verdict(self, check: str) -> "bool | None":
        """Return the last verdict of a check, None before the first."""
        return self._verdicts.get(check)

    def keep_checks(self, checks: "Iterable[str]") -> None:
        """Forget the verdicts of all other checks: one that comes again begins anew."""
        self._verdicts = {name: self._verdicts[name] for name in checks if name in self._verdicts}

    def could_change_source(self, device: str, family: int, address: bytes) -> bool:
        """Tell whether a source could be another one now that an address has come, as the last, or gone."""
        given = self._given.get((device, family))
        return given is not None and (address in given or None in given)

    def source_for(self, spec: RouterSpec, virtual: "Iterable[bytes]") -> "bytes | None":
        """Return the primary address to advertise from (RFC 9568 1.6), or None.

        A virtual address is not a primary one, except on the router that owns it.
        """
        key = (spec.device, spec.family)
        if spec.source is not None:
            source = spec.source if spec.source in self._present.get(key, ()) else None
        elif spec.priority == OWNER_PRIORITY:
            source = self._first(key, ())
        else:
            source = self._first_primary(key, virtual)
        self._given.setdefault(key, set()).add(source)
        return source

    def _first_primary(self, key: "tuple[str, int]", virtual: "Iterable[bytes]") -> "bytes | None":
        # Hundreds of virtual routers on one device ask the same question.
        found = self._primary.get(key)
        if found is None or found[0] is not virtual:
            found = self._primary[key] = (virtual, self._first(key, virtual))
        return found[1]

    def _first(self, key: "tuple[str, int]", virtual: "Iterable[bytes]") -> "bytes | None":
        for address in self._addresses.get(key, ()):
            if address not in virtual and (key[1] == 4 or is_link_local(address)):
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


def check_faults(spec: GroupSpec, machine: LinkStates) -> "tuple[tuple[str, str], ...]":
    """Return the checks that fail and without which the group cannot work: (kind, check) pairs."""
    return tuple(
        [(CHECK_DOWN, name) for name, weight in spec.checks if weight == 0 and machine.verdict(name) is False]
    )


def is_judged(spec: GroupSpec, machine: LinkStates) -> bool:
    """Tell whether every check of a group has had a verdict."""
    return all(machine.verdict(name) is not None for name, _weight in spec.checks)


def penalty_of(group: GroupSpec, members: "Iterable[VirtualRouter]", machine: LinkStates) -> int:
    """Return what tracked devices and checks that are down take off the priority of their group.

    A device that several members track counts once, with its greatest weight. A check without a verdict
    takes nothing off. A link that takes no packets leaves nothing.
    """
    weights: dict[str, int] = {}
    for member in members:
        for device, weight in member.spec.tracks:
            if weight and not machine.is_up(device):
                weights[device] = max(weight, weights.get(device, 0))
    failed = [weight for name, weight in group.checks if machine.verdict(name) is False]
    return sum(weights.values()) + sum(failed) + (MUTE_WEIGHT if is_mute(members) else 0)


def effective_priority(spec: RouterSpec, penalty: int, maintenance: bool) -> int:
    """Return the priority to advertise: 1 at the least, which still is a candidate's."""
    if spec.protocol == CARP:
        return spec.effective_priority(penalty, maintenance)  # type: ignore[attr-defined,no-any-return]
    if maintenance:
        return 1
    if spec.priority == OWNER_PRIORITY:
        return OWNER_PRIORITY
    return max(1, spec.priority - penalty)


def is_mute(members: "Iterable[VirtualRouter]") -> bool:
    """Tell whether the link of one of these takes no packets."""
    return any(member.is_mute for member in members)
