# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shared on this router: the table, and what the user has said otherwise."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from haven.config.uci.package import PackageSection
from haven.sync.table import LOCAL, PACKAGES, SHARED, Row


@dataclass(frozen=True)
class Overrides:
    """The values of a `sync` section: paths with wildcards, and files."""

    shared: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def overrides_in(sections: list[PackageSection]) -> Overrides:
    """Return what the sections of /etc/config/haven say."""
    found: dict[str, list[str]] = {"shared": [], "local": [], "file": []}
    for section in sections:
        if section.type == "sync":
            for name, into in found.items():
                value = section.options.get(name, [])
                into.extend(value.split() if isinstance(value, str) else value)
    return Overrides(tuple(found["shared"]), tuple(found["local"]), tuple(found["file"]))


_EVERYTHING = Row("*", kind=SHARED)
_NOTHING = Row("*", kind=LOCAL)
_ASKED = Row("*", kind=SHARED, why="by `list shared`")
_KEPT = Row("*", kind=LOCAL, why="by `list local`")


class Sharing:
    """Answers for each option which row of the table is in force."""

    def __init__(self, overrides: Overrides) -> None:
        self.overrides = overrides
        self._known: dict[tuple[str, str, str, str], Row] = {}

    def packages(self, present: list[str]) -> list[str]:
        """Return which of these packages have anything that is shared."""
        asked = [path.split(".")[0] for path in self.overrides.shared]
        return [
            name
            for name in present
            if (name in PACKAGES or any(fnmatchcase(name, each) for each in asked))
            and not _fits_all(name, self.overrides.local)
        ]

    def section(self, package: str, type: str, name: str) -> bool:
        """Tell whether a section stands on all routers, with whatever options of its are shared."""
        return self.option(package, type, name, "").kind != LOCAL

    def option(self, package: str, type: str, name: str, option: str) -> Row:
        """Return the row for an option, or for the section itself where it is ''."""
        key = (package, type, name, option)
        row = self._known.get(key)
        if row is None:
            row = self._known[key] = self._find(package, type, name, option)
        return row

    def _find(self, package: str, type: str, name: str, option: str) -> Row:
        here = (package, type, name, option)
        if any(_fits(path, here) for path in self.overrides.local):
            return _KEPT
        if any(_fits(path, here) or (not option and _names(path, here)) for path in self.overrides.shared):
            return _ASKED
        if package not in PACKAGES:
            return _NOTHING
        for row in PACKAGES[package]:
            if row.section in ("*", name, "@" + type) and (not row.options or option in row.options):
                return row
        return _EVERYTHING


def _names(path: str, here: "tuple[str, str, str, str]") -> bool:
    """Tell whether a path is about a section, or options in it."""
    package, type, name, _option = here
    parts = (path.split(".") + ["*"])[:2]
    if not fnmatchcase(package, parts[0]):
        return False
    return fnmatchcase(name, parts[1]) or fnmatchcase("@" + type, parts[1])


def _fits(path: str, here: "tuple[str, str, str, str]") -> bool:
    option = here[3]
    wanted = (path.split(".") + ["*", "*"])[2]
    # What names an option says nothing of the section that it stands in.
    return _names(path, here) and (fnmatchcase(option, wanted) if option else wanted == "*")


def _fits_all(package: str, paths: "tuple[str, ...]") -> bool:
    return any(fnmatchcase(package, path) for path in paths if path.count(".") == 0)
