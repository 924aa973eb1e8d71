# SPDX-License-Identifier: GPL-2.0-or-later
"""Hundreds of edits on several routers, with splits, repetitions and deaths: nothing is lost."""

import os
import random
from pathlib import Path
from typing import Any

import pytest

from haven.config.uci.package import PackageSection, Value
from haven.sync.change_documents import SyncError
from tests.sync.dying import dies_at
from tests.sync.model import Account, Key
from tests.sync.routers import Router, exchange_all

EDITS = 500
# Each router has of these what it likes.
LOCAL = (("system", "system", "hostname"), ("network", "lan", "ipaddr"), ("haven", "main", "node"))
PACKAGES = ("firewall", "dhcp", "network", "sqm", "pbr")
TYPES = {"firewall": "rule", "dhcp": "domain", "network": "interface", "sqm": "queue", "pbr": "policy"}
OPTIONS = ("alpha", "beta", "gamma")
START = {
    "firewall": "config rule\n\toption name 'first'\n\toption alpha '0'\n",
    "system": "config system 'system'\n\toption hostname '%s'\n\toption zonename 'UTC'\n",
    "network": "config interface 'lan'\n\toption ipaddr '10.0.0.%d'\n\toption proto 'static'\n",
}


class World:
    """Routers with the model's account of each."""

    def __init__(self, folder: Path, names: list[str], seed: int) -> None:
        self.chance = random.Random(seed)
        random.seed(seed)
        self.routers = [
            Router(
                folder,
                name,
                firewall=START["firewall"],
                system=START["system"] % name,
                network=START["network"] % (number + 1),
            )
            for number, name in enumerate(names)
        ]
        exchange_all(self.routers)
        self.accounts = {router.name: Account() for router in self.routers}
        self.local = {(router.name, what): router.get(*what) for router in self.routers for what in LOCAL}
        self.made = 0
        self.unseen: set[tuple[str, Key]] = set()
        self.kills = 0
        self._begin()

    def _begin(self) -> None:
        first = self.accounts[self.routers[0].name]
        for package, section, options in (
            ("firewall", "first", {"name": "first", "alpha": "0"}),
            ("network", "lan", {"proto": "static"}),
            ("system", "system", {"zonename": "UTC"}),
        ):
            first.write(("section", package, section), "there")
            for option, value in options.items():
                first.write(("option", package, section, option), value)
        for router in self.routers[1:]:
            self.accounts[router.name].hear(first)

    def edit(self) -> None:
        """Let one router write something."""
        router = self.chance.choice(self.routers)
        account = self.accounts[router.name]
        kinds = [self.set_option] * 6 + [
            self.add,
            self.add,
            self.remove,
            self.file,
            self.file,
            self.edit_local,
        ]
        kinds += [self.move, self.empty]
        self.chance.choice(kinds)(router, account)
        if self.chance.random() < 0.7:
            router.replica.scan()

    def seen(self, router: Router, key: Key) -> None:
        """Let a router look at what it wrote before: what is taken back between two looks was never there."""
        if (router.name, key) in self.unseen:
            router.replica.scan()
            self.unseen = {each for each in self.unseen if each[0] != router.name}
        self.unseen.add((router.name, key))

    def value(self) -> Value:
        some = [str(self.chance.randint(0, 9)), "it's %d" % self.made, ["a", str(self.chance.randint(0, 3))]]
        return self.chance.choice(some)

    def sections(self, router: Router, account: Account, package: str) -> list[str]:
        there = [each.name or str(each.options["name"]) for each in router.sections(package)]
        # Of a section that is in dispute nobody knows any more what is in it.
        return [each for each in there if len(account.values(("section", package, each))) == 1]

    def set_option(self, router: Router, account: Account) -> None:
        package = self.chance.choice([*PACKAGES, "firewall", "system"])
        names = self.sections(router, account, package)
        if not names:
            return
        section, option = self.chance.choice(names), self.chance.choice(OPTIONS)
        had = router.get(package, section, option)
        value = None if had is not None and self.chance.random() < 0.25 else self.value()
        if value == had:
            return
        self.seen(router, ("option", package, section, option))
        account.has(("option", package, section, option), had)
        router.set(package, section, option, value)
        account.write(("option", package, section, option), value)
        account.touch(package, section)

    def add(self, router: Router, account: Account) -> None:
        package = self.chance.choice(PACKAGES)
        self.made += 1
        name = f"new{self.made}"
        options: dict[str, Value] = {"name": name, "one": name, "two": name, "alpha": self.value()}
        named = self.chance.random() < 0.4
        if named and self.chance.random() < 0.4:
            # One that others may make as well, or had made and removed.
            name = f"common{self.chance.randint(0, 3)}"
            options = {"alpha": self.value()}
            if account.seen.get(("section", package, name)) and account.values(
                ("section", package, name)
            ) != [None]:
                return
        sections = router.sections(package)
        if any(each.name == name for each in sections):
            return
        new = PackageSection(TYPES[package], name if named else "", dict(options))
        sections.insert(self.chance.randint(0, len(sections)), new)
        router.change(package, sections)
        router.replica.scan()
        account.add(package, name, options)

    def remove(self, router: Router, account: Account) -> None:
        package = self.chance.choice(PACKAGES)
        names = [name for name in self.sections(router, account, package) if name != "lan"]
        if names:
            self.remove_section(router, account, package, self.chance.choice(names))

    def remove_section(self, router: Router, account: Account, package: str, section: str) -> None:
        router.replica.scan()
        left = [
            each for each in router.sections(package) if section not in (each.name, each.options.get("name"))
        ]
        router.change(package, left)
        router.replica.scan()
        account.remove(package, section)

    def empty(self, router: Router, account: Account) -> None:
        package = self.chance.choice(("sqm", "pbr"))
        if not router.path(package).exists() or self.chance.random() < 0.5:
            return
        router.replica.scan()
        names = [each.name or str(each.options["name"]) for each in router.sections(package)]
        if any(len(account.values(("section", package, name))) > 1 for name in names):
            return
        router.write(package, "\n")
        router.replica.scan()
        for name in names:
            account.remove(package, name)

    def move(self, router: Router, account: Account) -> None:
        # Two that move one section to two places would be in conflict; that has a test of its own.
        sections = router.sections("firewall")
        if router is not self.routers[0] or len(sections) < 4:
            return
        router.replica.scan()
        moving = self.chance.randrange(len(sections))
        places = [at for at in range(len(sections)) if abs(at - moving) > 1]
        if not places:
            return
        section = sections.pop(moving)
        name = section.name or str(section.options["name"])
        if len(account.values(("section", "firewall", name))) > 1:
            return
        sections.insert(self.chance.choice(places), section)
        router.change("firewall", sections)
        router.replica.scan()
        account.touch("firewall", name)

    def file(self, router: Router, account: Account) -> None:
        path = "/etc/openvpn/" + self.chance.choice(("a.conf", "b.conf", "keys.pem"))
        key = ("file", path)
        where = router.file(path)
        self.seen(router, key)
        account.has(key, (where.read_bytes(), where.stat().st_mode & 0o777) if where.exists() else None)
        if where.exists() and self.chance.random() < 0.2:
            where.unlink()
            account.write(key, None)
        else:
            octets, mode = os.urandom(self.chance.randint(0, 3)), self.chance.choice((0o600, 0o644))
            if account.own.get(key) == (octets, mode):
                return
            aside = where.with_name("aside")
            aside.write_bytes(octets)
            aside.chmod(mode)
            os.replace(aside, where)
            account.write(key, (octets, mode))

    def edit_local(self, router: Router, account: Account) -> None:
        what = self.chance.choice(LOCAL[:2])
        self.made += 1
        value = f"mine{self.made}"
        router.set(*what, value)
        self.local[router.name, what] = value

    def talk(self) -> None:
        """Let one tell another, who may die, hear all of it twice, or take it back."""
        teller, hearer = self.chance.sample(self.routers, 2)
        hearer.replica.scan()
        documents = teller.replica.changes_for(hearer.replica.summary())
        documents += self.chance.sample(documents, len(documents) // 2)
        self.chance.shuffle(documents)
        if documents and self.chance.random() < 0.3:
            self.kill(hearer, documents)
        if not documents or self.chance.random() < 0.2:
            return
        try:
            codes = [hearer.replica.receive(document).code for document in documents]
        except SyncError as why:
            assert why.code == "change-undone"
            return
        if "applied" not in codes:
            return
        if hearer.replica.on_trial and self.chance.random() < 0.1:
            hearer.replica.undo()
            return
        hearer.replica.keep()
        self.accounts[hearer.name].hear(self.accounts[teller.name])

    def kill(self, router: Router, documents: list[Any]) -> None:
        def receive() -> None:
            for document in documents:
                router.replica.receive(document)

        self.kills += dies_at(self.chance.randint(0, 60), receive)
        router.start()

    def finish(self) -> None:
        """Heal every split, and let everybody know everything."""
        for router in self.routers:
            router.replica.scan()
            router.replica.try_again()
        exchange_all(self.routers)
        for _ in self.routers:
            for one in self.accounts.values():
                for other in self.accounts.values():
                    one.hear(other)


@pytest.mark.parametrize("names", [["r1", "r2"], ["r1", "r2", "r3"]], ids=["two", "three"])
@pytest.mark.parametrize("seed", range(2))
def test_all_become_equal_and_nothing_is_lost(tmp_path: Path, names: list[str], seed: int):
    world = World(tmp_path, names, seed)
    for _ in range(EDITS):
        world.edit()
        if world.chance.random() < 0.25:
            world.talk()
    world.finish()
    assert world.kills > 3
    for router in world.routers:
        account = world.accounts[router.name]
        assert conflicts_of(router) == account.conflicts()
        check(router, account)
        for (name, what), value in world.local.items():
            if name == router.name:
                assert router.get(*what) == value
    world.routers[0].replica.take(names[0])
    for router in world.routers:
        if any(conflict for conflict in world.routers[0].replica.conflicts()):
            world.routers[0].replica.take(router.name)
    exchange_all(world.routers)
    assert [router.replica.conflicts() for router in world.routers] == [[] for _ in names]
    first = everything(world.routers[0])
    assert [everything(router) for router in world.routers[1:]] == [first] * (len(names) - 1)


def conflicts_of(router: Router) -> set[Key]:
    """Return the conflicts that a router shows, by the model's keys."""
    from haven.sync.showing import conflict_items

    found = set()
    memory = router.replica._store.memory
    for package, id, option, _item in conflict_items(memory):
        if not package:
            found.add(("file", id))
            continue
        unit = memory.units[package][id]
        name = unit.name or str(unit.options["name"].value)
        found.add(("option", package, name, option) if option else ("section", package, name))
    return found


def check(router: Router, account: Account) -> None:
    """Hold the files of a router against the model."""
    disputed = account.conflicts()
    for key in account.seen:
        if key[0] == "file":
            path = router.file(key[1])
            has = (path.read_bytes(), path.stat().st_mode & 0o777) if path.exists() else None
            assert has in account.values(key), key
        elif key[0] == "section" and key not in disputed:
            there = [key[2] in (each.name, each.options.get("name")) for each in router.sections(key[1])]
            assert sum(there) == (account.values(key) == ["there"]), key
        elif key[0] == "option" and account.values(("section", *key[1:3])) == ["there"]:
            assert router.get(*key[1:]) in account.values(key), key


def everything(router: Router) -> dict[str, Any]:
    """Return all that is shared, as it is in the files."""
    found: dict[str, Any] = {}
    for package in (*PACKAGES, "system"):
        for each in router.sections(package):
            options = {
                name: value
                for name, value in each.options.items()
                if not any(what[0] == package and what[2] == name for what in LOCAL)
            }
            found.setdefault(f"{package}.{each.type}", []).append((each.name, options))
    for path in sorted(router.file("/etc/openvpn").iterdir()):
        found[path.name] = (path.read_bytes(), path.stat().st_mode)
    return found
