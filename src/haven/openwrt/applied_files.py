# SPDX-License-Identifier: GPL-2.0-or-later
"""Make /etc/config/dhcp, sysupgrade.conf and rc.d as the configuration wants them, and take it back."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import Any

from haven import paths
from haven.atomic_file import forget_leftovers, write_whole
from haven.config.model import Model, advertising
from haven.config.uci.document import UciSection, parse
from haven.openwrt import boot_start, owned, sysupgrade_conf
from haven.openwrt.dhcp_difference import DHCP_FILE, PACKAGE, DhcpDifference, Owned, difference
from haven.private_folder import make_private
from haven.ubus.client import UbusError, call

UCI_SECONDS = 20
DHCP_CHANGED = {"type": "config.change", "data": {"package": PACKAGE}}


class ApplyError(Exception):
    """Something could not be read or changed; the text says what."""


class RouterFiles:
    """The files and programs of the router; other paths let a test have its own."""

    def __init__(self, root: str = "", uci: Sequence[str] = ("uci",)) -> None:
        self.root = root
        self.note = root + paths.OWNED_NOTE
        self.sysupgrade = root + sysupgrade_conf.PATH
        self.dhcp_file = root + DHCP_FILE
        self.run_dir = root + paths.RUN_DIR
        self._uci = uci

    def dhcp(self) -> list[UciSection]:
        """Return the sections of /etc/config/dhcp."""
        return _sections(self.uci(["export", PACKAGE]))

    def changed_dhcp(self, found: DhcpDifference) -> bytes:
        """Return /etc/config/dhcp as uci makes it of a difference. Raises ApplyError."""
        before = self.dhcp()
        exported = self.uci(["batch"], "\n".join([*found.batch(), "export %s" % PACKAGE]) + "\n")
        # uci says nothing of a file system without room.
        if _entries(_sections(exported)) != _entries(before) + len(found.added) - len(found.removed):
            room = "uci could not change a copy of %s; is there room in %s?"
            raise ApplyError(room % (DHCP_FILE, paths.RUN_DIR))
        return exported.partition("\n")[2].encode("utf-8", "surrogateescape")

    def write_dhcp(self, octets: bytes) -> None:
        """Replace /etc/config/dhcp, all of it or nothing; `uci commit` leaves nothing on a full flash."""
        try:
            write_whole(self.dhcp_file, octets, os.stat(self.dhcp_file).st_mode & 0o777)
        except OSError as why:
            raise ApplyError("%s: cannot be written: %s" % (DHCP_FILE, why.strerror)) from why

    def uci(self, words: list[str], stdin: str = "") -> str:
        """Run uci; ApplyError says why it failed."""
        # uci takes what lies in the folder of changes for the user's. Those that he has not committed are in
        # its usual place and stay there; those in ours are ours, as nobody else can have put any there.
        with self._empty_folder() as changes:
            return self._run(["-c", os.path.dirname(self.dhcp_file), "-t", changes], words, stdin)

    def _empty_folder(self) -> "tempfile.TemporaryDirectory[str]":
        try:
            make_private(self.run_dir)
            return tempfile.TemporaryDirectory(prefix="uci.", dir=self.run_dir)
        except OSError as why:
            raise ApplyError("%s cannot be used: %s" % (self.run_dir, why.strerror)) from why

    def _run(self, options: list[str], words: list[str], stdin: str) -> str:
        try:
            done = subprocess.run(
                [*self._uci, *options, *words],
                input=stdin,
                capture_output=True,
                timeout=UCI_SECONDS,
                encoding="utf-8",
                errors="surrogateescape",
            )
        except (OSError, subprocess.TimeoutExpired) as why:
            raise ApplyError("uci cannot be run: %s" % why) from why
        # uci batch ends with 0 whatever happened in it.
        if done.returncode or done.stderr.strip():
            raise ApplyError("uci %s: %s" % (words[0], done.stderr.strip() or "it failed"))
        return done.stdout

    def tell_dnsmasq(self) -> None:
        """Let procd know that the file has changed; dnsmasq then reads it."""
        try:
            call("service", "event", DHCP_CHANGED)
        except UbusError as why:
            raise ApplyError("dnsmasq was not told: %s" % why) from why


def look(model: Model | None, router: RouterFiles) -> DhcpDifference:
    """Return what is to change in /etc/config/dhcp; without a model everything is taken back."""
    works = model is not None and model.main.enabled
    wanted = model.dhcps if model is not None and works else ()
    silenced = advertising(model) if model is not None and works else ()
    note = _note(router).get(PACKAGE, {})
    # A router without odhcpd need not have the file.
    if not wanted and not note and not (silenced and os.path.exists(router.dhcp_file)):
        return DhcpDifference()
    return difference(wanted, router.dhcp(), note, silenced)


def apply(model: Model | None, router: RouterFiles) -> list[str]:
    """Make everything as the model wants it, or take all of it back; return the problems."""
    return _carry_out((_apply_dhcp, _apply_keep, _apply_boot), model, router)


def _carry_out(steps: Sequence[Any], model: Model | None, router: RouterFiles) -> list[str]:
    problems: list[str] = []
    for step in steps:
        try:
            problems += step(model, router)
        except (ApplyError, owned.OwnedError) as why:
            problems.append(str(why))
        except OSError as why:
            problems.append(_unwritable(step, why))
    return list(dict.fromkeys(problems))


def _unwritable(step: Any, why: OSError) -> str:
    place = sysupgrade_conf.PATH if step is _apply_keep else boot_start.LINKS
    return "%s: cannot be written: %s" % (place, why.strerror)


def give_back_boot(router: RouterFiles) -> list[str]:
    """Let OpenWrt start at boot again what haven has started by role; return the problems."""
    return _carry_out((_apply_boot,), None, router)


def give_back_beside_dhcp(router: RouterFiles) -> list[str]:
    """Take back what no copy of /etc/config/dhcp brings back; return the problems."""
    return _carry_out((_apply_keep, _apply_boot), None, router)


def _apply_boot(model: Model | None, router: RouterFiles) -> list[str]:
    names = boot_start.wanted(model)
    note = _note(router)
    ours: boot_start.Boot = note.get("boot", {})
    if not names and not ours:
        return []
    found = boot_start.links_of(names, router.root)
    taken = {**ours, **found}
    if taken != ours:
        # Before the change: what a power cut leaves half done is ours, too.
        owned.write(router.note, {**note, "boot": taken})
    boot_start.remove(found, router.root)
    given = {name: link for name, link in taken.items() if name not in names}
    boot_start.put_back(given, router.root)
    if given:
        left = {name: link for name, link in taken.items() if name in names}
        owned.write(router.note, {**note, "boot": left})
    return []


def _apply_dhcp(model: Model | None, router: RouterFiles) -> list[str]:
    found = look(model, router)
    note = _note(router)
    if found.batch():
        # Before the change: what a power cut leaves half done is ours, too.
        before, changed = note.get(PACKAGE, {}), router.changed_dhcp(found)
        owned.write(router.note, {**note, PACKAGE: _both(before, found.owned)})
        router.write_dhcp(changed)
    if note.get(PACKAGE, {}) != found.owned or found.batch():
        owned.write(router.note, {**note, PACKAGE: found.owned})
    if found.batch():
        router.tell_dnsmasq()
    return [str(each) for each in found.conflicts]


def _sections(exported: str) -> list[UciSection]:
    sections, problems = parse(exported, DHCP_FILE, PACKAGE)
    if problems:
        raise ApplyError("; ".join(str(problem) for problem in problems))
    return sections


def _entries(sections: list[UciSection]) -> int:
    return sum(len(section.entries) for section in sections)


def _both(before: Owned, after: Owned) -> Owned:
    union: Owned = {}
    for interface in sorted({*before, *after}):
        one, other = before.get(interface, {}), after.get(interface, {})
        values = dict.fromkeys([*one.get("dhcp_option", []), *other.get("dhcp_option", [])])
        force = bool(one.get("force") or other.get("force"))
        union[interface] = {"force": force, "dhcp_option": list(values)}
        for each in (other, one):
            if "ra" in each:
                union[interface]["ra"] = each["ra"]
    return union


def _apply_keep(model: Model | None, router: RouterFiles) -> list[str]:
    note = _note(router)
    ours = note.get("keep", [])
    # A router that is switched off is to be the same after a sysupgrade.
    wanted = list(model.main.keeps) if model is not None else []
    if not wanted and not ours:
        return []
    before = sysupgrade_conf.read(router.sysupgrade)
    after, still = sysupgrade_conf.change(before, wanted, ours)
    if after != before:
        owned.write(router.note, {**note, "keep": [*ours, *(line for line in still if line not in ours)]})
        sysupgrade_conf.write(router.sysupgrade, after)
    if still != ours:
        owned.write(router.note, {**note, "keep": still})
    return []


def _note(router: RouterFiles) -> dict[str, Any]:
    return owned.read(router.note)


def take_back(router: RouterFiles) -> list[str]:
    """Undo all that was ever applied, and remove our folder if nothing is in it; return the problems."""
    problems = apply(None, router)
    for path in (router.note, router.sysupgrade, router.dhcp_file):
        forget_leftovers(path)
    folder = os.path.dirname(router.note)
    if os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
    return problems


def main() -> int:
    """Take everything back, before the package is removed."""
    problems = take_back(RouterFiles())
    for text in problems:
        print("haven: %s" % text, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
