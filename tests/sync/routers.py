# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers as folders, with real files, and what goes between them."""

import os
import random
from pathlib import Path
from typing import Any

from haven.config.uci.package import PackageSection, read_package, write_package
from haven.sync.replica import Outcome, Replica

HAVEN = """config haven 'main'
	option node '%s'

config sync 'sync'
	list file '/etc/openvpn/'
"""


class Router:
    """A root with /etc/config, and the replica over it."""

    def __init__(self, folder: Path, name: str, **packages: str) -> None:
        self.name = name
        self.root = folder / name
        (self.root / "etc/config").mkdir(parents=True)
        (self.root / "etc/openvpn").mkdir()
        for package, text in {"haven": HAVEN % name, **packages}.items():
            self.write(package, text)
        self.start()

    def start(self) -> Outcome:
        """Begin as after a boot."""
        self.replica = Replica(str(self.root), self.name)
        return self.replica.recover()

    def path(self, package: str) -> Path:
        return self.root / "etc/config" / package

    def write(self, package: str, text: str) -> None:
        """Replace a package as uci does."""
        aside = self.root / "etc/config" / f".{package}.uci-aside"
        aside.write_text(text)
        os.replace(aside, self.path(package))

    def text(self, package: str) -> str:
        return self.path(package).read_text()

    def sections(self, package: str) -> list[PackageSection]:
        if not self.path(package).exists():
            return []
        sections, problems = read_package(self.text(package), package, package)
        assert problems == []
        return sections

    def change(self, package: str, sections: list[PackageSection]) -> None:
        self.write(package, write_package(sections))

    def set(self, package: str, section: str, option: str, value: Any) -> None:
        """Set an option of a section by its name, or by the option `name` of one without."""
        sections = self.sections(package)
        found = find(sections, section)
        if value is None:
            found.options.pop(option, None)
        else:
            found.options[option] = value
        self.change(package, sections)

    def get(self, package: str, section: str, option: str) -> Any:
        return find(self.sections(package), section).options.get(option)

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def find(sections: list[PackageSection], section: str) -> PackageSection:
    """Find a section by its name, or by its option `name`."""
    return next(each for each in sections if section in (each.name, each.options.get("name")))


def tell(teller: Router, hearer: Router, keep: bool = True) -> str:
    """Bring what one has to the other, in any order and with repetitions; return what came of it."""
    documents = teller.replica.changes_for(hearer.replica.summary())
    documents += random.sample(documents, len(documents) // 2)
    random.shuffle(documents)
    codes = [hearer.replica.receive(document).code for document in documents]
    if keep:
        hearer.replica.keep()
    return "applied" if "applied" in codes else codes[-1] if codes else "nothing"


def exchange_all(routers: list[Router]) -> None:
    """Let everybody hear everybody until all know the same."""
    for _ in range(6):
        for router in routers:
            router.replica.scan()
        if len({router.replica.digest for router in routers}) == 1:
            return
        for teller in routers:
            for hearer in routers:
                if teller is not hearer:
                    tell(teller, hearer)
    raise AssertionError("they do not come to an end")


def content(router: Router, *packages: str) -> dict[str, list[Any]]:
    """Return sections by their types, in order."""
    found: dict[str, list[Any]] = {}
    for package in packages:
        for each in router.sections(package):
            found.setdefault(f"{package}.{each.type}", []).append((each.name, each.options))
    return found
