# SPDX-License-Identifier: GPL-2.0-or-later
"""The UCI packages of a router that setup reads and changes, as octets and as sections."""

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from haven.config.uci.document import UciSection, parse, write
from haven.config.uci.package import package_names
from haven.contract.setup import SetupRefused
from haven.plain_file import read_plain

NETWORK, DHCP, FIREWALL, HAVEN = "network", "dhcp", "firewall", "haven"
CHANGED = (NETWORK, DHCP, FIREWALL, HAVEN)
# Without it there is nothing to begin with; the others may be missing.
REQUIRED = (NETWORK,)
LARGEST = 1 << 20
# What is no UTF-8 in a comment or a name stays what it is.
ENCODING, ERRORS = "utf-8", "surrogateescape"


@dataclass
class UciPackage:
    """A file of /etc/config: what it held when it was read (None: not there), and its sections."""

    name: str
    octets: bytes | None = None
    sections: list[UciSection] = field(default_factory=list)

    def of_type(self, type: str) -> list[UciSection]:
        """Return the sections of a type."""
        return [section for section in self.sections if section.type == type]

    def named(self, name: str, type: str = "") -> UciSection | None:
        """Return the section of a name, and of a type if one is given."""
        for section in self.sections:
            if section.name == name and type in ("", section.type):
                return section
        return None

    def encoded(self) -> bytes:
        """Return the sections as a file."""
        return write(self.sections).encode(ENCODING, ERRORS)


Packages = dict[str, UciPackage]


def config_path(root: str, name: str) -> str:
    """Return where the file of a package is."""
    return "%s/etc/config/%s" % (root, name)


def present(root: str) -> list[str]:
    """Return the names of all packages of a router."""
    return sorted(name for name in package_names(root) if os.path.isfile(config_path(root, name)))


def read_packages(root: str, names: Iterable[str] = (*CHANGED, "system")) -> Packages:
    """Read packages. Raises SetupRefused for one that is no UCI."""
    return {name: _read(root, name) for name in names}


def _read(root: str, name: str) -> UciPackage:
    path = config_path(root, name)
    try:
        octets = read_plain(path, LARGEST)
    except OSError as error:
        if error.errno == errno.ENOENT and name not in REQUIRED:
            return UciPackage(name)
        code = "package-missing" if error.errno == errno.ENOENT else "package-unreadable"
        raise SetupRefused(code, file=path, error=error.strerror) from None
    return package_of(name, octets, path)


def package_of(name: str, octets: bytes, path: str = "") -> UciPackage:
    """Return the package that a file holds. Raises SetupRefused."""
    sections, problems = parse(octets.decode(ENCODING, ERRORS), path or name, name)
    if problems:
        raise SetupRefused("package-no-uci", file=path or name, problem=str(problems[0]))
    return UciPackage(name, octets, sections)


def documents(packages: Packages) -> dict[str, str]:
    """Return packages as UCI text, for the router that is to be the other one of a pair."""
    return {name: packages[name].encoded().decode(ENCODING, ERRORS) for name in CHANGED}


def copied(packages: Packages) -> Packages:
    """Return packages that can be changed without the others noticing."""
    made: Packages = {}
    for name, package in packages.items():
        sections = []
        for section in package.sections:
            twin = UciSection(section.type, section.name, section.line, section.index)
            for entry in section.entries:
                twin.add(entry.name, entry.value, entry.line, entry.listed)
            sections.append(twin)
        made[name] = UciPackage(name, package.octets, sections)
    return made


def uncommitted(root: str) -> list[str]:
    """Return the packages with changes of the user that are not committed: a later commit would add them."""
    folder = "%s/tmp/.uci" % root
    return [name for name in CHANGED if _has_content("%s/%s" % (folder, name))]


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def values(section: UciSection, option: str) -> list[str]:
    """Return what an option or a list holds; words of an option are several, as netifd takes them."""
    found: list[str] = []
    for entry in section.entries:
        if entry.name == option:
            found += [entry.value] if entry.listed else entry.value.split()
    return found


def put(section: UciSection, option: str, value: "str | list[str]") -> None:
    """Set an option, or a list, in the place where it stands; an empty list takes it away."""
    given = value if isinstance(value, list) else [value]
    places = [at for at, entry in enumerate(section.entries) if entry.name == option]
    at = places[0] if places else len(section.entries)
    section.entries = [entry for entry in section.entries if entry.name != option]
    tail, section.entries = section.entries[at:], section.entries[:at]
    for each in given:
        section.add(option, each, listed=isinstance(value, list))
    section.entries += tail


def take(section: UciSection, option: str) -> None:
    """Take an option or a list away."""
    section.entries = [entry for entry in section.entries if entry.name != option]
