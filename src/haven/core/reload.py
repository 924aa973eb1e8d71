# SPDX-License-Identifier: GPL-2.0-or-later
"""Which groups and virtual routers of a new configuration are those that run already.

They are known by what they are on the wire (device, family, VRID), not by their names: to rename one, or to
move it into another group, is no reason to let go of its addresses.
"""

from haven.core.vrrp import states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.group import Group
    from haven.core.spec import GroupSpec
    from haven.core.virtual_router import VirtualRouter

    Wire = tuple[str, int, int]


class Reload:
    """From the groups that run to the groups that are wanted.

    `kept` has the group that goes on as each wanted one, `donors` whom a new one takes its state from,
    `members` each virtual router that runs, with its group, by wire.
    """

    def __init__(self, groups: "list[Group]", specs: "tuple[GroupSpec, ...]") -> None:
        self.specs = specs
        self.members: dict[Wire, tuple[VirtualRouter, Group]] = {}
        for group in groups:
            for member in group.members:
                self.members[member.spec.wire()] = (member, group)
        self._heirs = {(router.wire(), router.protocol): spec for spec in specs for router in spec.routers}
        self.kept: dict[str, Group] = {}
        self._keep(groups, _by_likeness(groups, specs))
        self._keep(
            groups, [(spec, group) for spec in specs for group in groups if spec.name == group.spec.name]
        )
        self.donors = {spec.name: self._donor_of(spec) for spec in specs}

    def _keep(self, groups: "list[Group]", pairs: "list[tuple[GroupSpec, Group]]") -> None:
        for spec, group in pairs:
            if spec.name not in self.kept and group not in self.kept.values():
                self.kept[spec.name] = group

    def _donor_of(self, spec: "GroupSpec") -> "Group | None":
        if spec.name in self.kept:
            return self.kept[spec.name]
        found = [self.members[wire][1] for wire in _wires(spec) if wire in self.members]
        return found[0] if found else None

    def goes_on(self, group: "Group") -> bool:
        """Tell whether anything is left of a group."""
        return group in self.donors.values() or any(self.stays(member) for member in group.members)

    def stays(self, member: "VirtualRouter") -> bool:
        """Tell whether a virtual router goes on in the state that it has."""
        heir = self._heirs.get((member.spec.wire(), member.spec.protocol))
        if heir is None:
            return False
        donor = self.donors[heir.name]
        return donor is not None and donor.state == self.members[member.spec.wire()][1].state

    def names(self) -> "tuple[dict[str, str], dict[str, str]]":
        """Return what has another name from now on: virtual routers old to new, and groups new to old."""
        routers = {}
        for spec in self.specs:
            for router in spec.routers:
                found = self.members.get(router.wire())
                if found is not None and self.stays(found[0]) and found[0].spec.name != router.name:
                    routers[found[0].spec.name] = router.name
        groups = {}
        for name in self.donors:
            donor = self.donors[name]
            if donor is not None and donor.spec.name != name:
                groups[name] = donor.spec.name
        return routers, groups


def _by_likeness(groups: "list[Group]", specs: "tuple[GroupSpec, ...]") -> "list[tuple[GroupSpec, Group]]":
    """Return the pairs that have virtual routers in common, those with the most first."""
    found = []
    for at, spec in enumerate(specs):
        for group in groups:
            common = len([member for member in group.members if member.spec.wire() in _wires(spec)])
            if common:
                # Where the same number speaks for two, the one that holds addresses goes on.
                likeness = (-common, group.state != states.ACTIVE, spec.name != group.spec.name)
                found.append((likeness, at, group.spec.name, spec, group))
    return [each[3:] for each in sorted(found, key=lambda each: each[:3])]


def _wires(spec: "GroupSpec") -> "list[Wire]":
    return [router.wire() for router in spec.routers]
