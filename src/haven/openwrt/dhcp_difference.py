# SPDX-License-Identifier: GPL-2.0-or-later
"""The difference between /etc/config/dhcp as it is and as the clients of a virtual address need it.

Pure: sections and what is ours come in, the lines for `uci batch` go out.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from haven.config.model import DhcpSettings
from haven.config.uci.document import UciSection
from haven.contract.diagnostics import Diagnostic
from haven.inet import text_of

PACKAGE = "dhcp"
DHCP_FILE = "/etc/config/dhcp"
# The options that are no lists.
SINGLE = ("force", "ra")
YES = ("1", "on", "true", "yes", "enabled")

# odhcpd sends nothing; what it hands on of another router is not for us to end.
SENDS, SILENT, RELAYS = "server", "disabled", ("relay", "hybrid")

# What is ours, for each interface: {"force": bool, "dhcp_option": [text, ...], "ra": what the user had}.
Owned = dict[str, dict[str, Any]]


@dataclass
class DhcpDifference:
    """What is to be added and removed, by section, option and value, and what stands against it."""

    added: list[tuple[str, str, str]] = field(default_factory=list)
    removed: list[tuple[str, str, str]] = field(default_factory=list)
    conflicts: list[Diagnostic] = field(default_factory=list)
    owned: Owned = field(default_factory=dict)

    def batch(self) -> list[str]:
        """Return the lines for `uci batch`."""
        return [_removal(*each) for each in self.removed] + [_addition(*each) for each in self.added]


def difference(
    wanted: tuple[DhcpSettings, ...],
    sections: list[UciSection],
    owned: Owned,
    silenced: Collection[str] = (),
) -> DhcpDifference:
    """Compare what is wanted with what is there, knowing what of it is ours.

    On the interfaces that are `silenced` haven sends the router advertisements, and odhcpd none.
    """
    found = DhcpDifference()
    by_interface = {dhcp.interface: dhcp for dhcp in wanted}
    for interface in sorted({*by_interface, *owned, *silenced}):
        section = _section(interface, sections)
        dhcp = by_interface.get(interface)
        if section is not None:
            lan = _Lan(section, owned.get(interface, {}), found)
            _compare(lan, interface, dhcp)
            _compare_ra(lan, interface, interface in silenced)
        elif dhcp is not None:
            found.conflicts.append(Diagnostic("dhcp-section-missing", {"interface": interface}, DHCP_FILE))
    return found


def _section(interface: str, sections: list[UciSection]) -> UciSection | None:
    for section in sections:
        if section.type == "dhcp" and interface in _values(section, "interface"):
            return section
    return None


def _values(section: UciSection, option: str) -> list[str]:
    return [entry.value for entry in section.entries if entry.name == option]


class _Lan:
    """One section of /etc/config/dhcp, what of it is ours, and where the findings go."""

    def __init__(self, section: UciSection, owned: dict[str, Any], found: DhcpDifference) -> None:
        self.section = section
        self.place = section.name or "@dhcp[%d]" % section.index
        self.present = _values(section, "dhcp_option")
        self.force = _values(section, "force")
        self.ours = [value for value in owned.get("dhcp_option", []) if value in self.present]
        self.force_is_ours = bool(owned.get("force")) and self.force == ["1"]
        self.ra = _values(section, "ra")
        # What the user had before, while nobody has changed ours since.
        self.ra_before = owned.get("ra") if self.ra == [SILENT] else None
        self.found = found

    def complain(self, code: str, option: str, **facts: Any) -> None:
        """Note what stands against ours in an option."""
        # What uci exports has other lines than the file.
        self.found.conflicts.append(Diagnostic(code, facts, DHCP_FILE, 0, self.section.place, option))


def _compare(lan: _Lan, interface: str, dhcp: DhcpSettings | None) -> None:
    targets = ["%d,%s" % (number, text_of(dhcp.address)) for number in dhcp.dhcp_options] if dhcp else []
    for value in lan.ours:
        if value not in targets:
            lan.found.removed.append((lan.place, "dhcp_option", value))
    kept = [value for value in targets if _wants(lan, value)]
    force = _compare_force(lan, dhcp is not None)
    if kept or force:
        lan.found.owned[interface] = {"force": force, "dhcp_option": kept}


def _wants(lan: _Lan, value: str) -> bool:
    """Add a value unless the user has one; tell whether it is ours then."""
    if value in lan.present:
        return value in lan.ours
    number = value.partition(",")[0]
    others = [each for each in lan.present if each.partition(",")[0] == number and each not in lan.ours]
    if others:
        lan.complain("dhcp-option-other", "dhcp_option", value=others[0], wanted=value)
        return False
    lan.found.added.append((lan.place, "dhcp_option", value))
    return True


def _compare_force(lan: _Lan, wanted: bool) -> bool:
    if not wanted:
        if lan.force_is_ours:
            lan.found.removed.append((lan.place, "force", "1"))
        return False
    if not lan.force:
        lan.found.added.append((lan.place, "force", "1"))
        return True
    if lan.force[-1] not in YES:
        lan.complain("dhcp-force-off", "force", value=lan.force[-1])
    return lan.force_is_ours


def _compare_ra(lan: _Lan, interface: str, silenced: bool) -> None:
    before = lan.ra_before
    if silenced and lan.ra and lan.ra[-1] in RELAYS:
        lan.complain("dhcp-ra-relay", "ra", value=lan.ra[-1])
    elif silenced and lan.ra == [SENDS]:
        before = SENDS
        lan.found.removed.append((lan.place, "ra", before))
        lan.found.added.append((lan.place, "ra", SILENT))
    elif not silenced and before is not None:
        lan.found.removed.append((lan.place, "ra", SILENT))
        lan.found.added.append((lan.place, "ra", before))
    if silenced and before is not None:
        ours = lan.found.owned.setdefault(interface, {"force": False, "dhcp_option": []})
        ours["ra"] = before


def _addition(place: str, option: str, value: str) -> str:
    command = "set" if option in SINGLE else "add_list"
    return "%s %s.%s.%s='%s'" % (command, PACKAGE, place, option, value)


def _removal(place: str, option: str, value: str) -> str:
    if option in SINGLE:
        return "delete %s.%s.%s" % (PACKAGE, place, option)
    return "del_list %s.%s.%s='%s'" % (PACKAGE, place, option, value)
