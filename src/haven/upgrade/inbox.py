# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages that come to a router for its upgrade: judged by what is said of them, taken in pieces, kept.

They lie in the run directory, in memory; a reboot forgets them, and nothing of the router was changed. What
they really are is looked at before they are installed (installer.py), in a process of its own.
"""

import base64
import contextlib
import fcntl
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from haven import VERSION
from haven.atomic_file import write_whole
from haven.contract.fields import DocumentError, check_objects
from haven.contract.upgrade import (
    LARGEST_UPGRADE,
    MOST_PACKAGES,
    PACKAGE,
    PIECE,
    UpgradeRefused,
    UpgradeStopped,
    is_ours,
)
from haven.own_program import argv_of
from haven.plain_file import read_plain
from haven.private_folder import make_private
from haven.upgrade.manager import ANY_ARCHITECTURE, Manager
from haven.upgrade.package_version import is_older
from haven.upgrade.rollout_note import NoteFile

FOLDER, OFFER, RESULT = "upgrade", "offer.json", "result.json"
# Locked by the installer, and by who carries the upgrade of the pair out from here.
INSTALLING, LEADING = "installing.lock", "leading.lock"
# Of who carries it out: what to do, and how far it is.
ORDER, PROGRESS = "order.json", "progress"
KEPT = (INSTALLING, LEADING, ORDER, PROGRESS)
INSTALLER = "upgrade-installer"
# An offer of which nothing more is heard is in nobody's way.
ABANDONED_S = 120.0
# What a file system keeps for itself.
SLACK = 256 << 10
LARGEST_NOTE = 1 << 16
VERSION_WORDS = re.compile(r"[\w.+~:-]{1,64}")


class Inbox:
    """What lies in the run directory of a router, and what is done with it. Raises UpgradeRefused."""

    def __init__(self, root: str, run_dir: str) -> None:
        self._root, self._run_dir = root.rstrip("/"), run_dir.rstrip("/")
        self.folder = f"{self._run_dir}/{FOLDER}"

    def open(self) -> None:
        """Make the folder, ours alone."""
        try:
            make_private(self.folder)
        except OSError as why:
            raise UpgradeRefused("upgrade-folder", error=why.strerror) from None

    # What is known

    def state(self) -> dict[str, Any]:
        """Return where this router stands."""
        try:
            installed = Manager(self._root).installed()
        except UpgradeRefused:
            installed = {}
        result = self.read(RESULT)
        return {
            "stage": self._stage(result),
            "words": result.get("words", ""),
            "installed": installed,
            "running": VERSION,
            "leads": is_locked(f"{self.folder}/{LEADING}"),
        }

    def _stage(self, result: dict[str, Any]) -> str:
        if is_locked(f"{self.folder}/{INSTALLING}"):
            return "installing"
        if result:
            return "installed" if result.get("ok") is True else "failed"
        offer = self.read(OFFER)
        if offer.get("begun"):
            # Whoever installed was killed.
            return "failed"
        return "receiving" if offer else "idle"

    def read(self, name: str) -> dict[str, Any]:
        """Return a note in the folder, empty where there is none."""
        try:
            found = json.loads(read_plain(f"{self.folder}/{name}", LARGEST_NOTE))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write a note into the folder. Raises OSError."""
        write_whole(f"{self.folder}/{name}", json.dumps(document).encode(), 0o600)

    def path(self, offer: dict[str, Any], number: int) -> str:
        """Return where a package lies; its name there is ours."""
        package = offer["packages"][number]
        return f"{self.folder}/{package['name']}.{package['kind']}"

    # What is offered

    def offer(self, token: str, packages: list[Any], may_be_older: bool, only_judge: bool) -> dict[str, Any]:
        """Judge packages by what is said of them, and unless that is all make room for them."""
        self.open()
        self._check_free(token)
        wanted = self._judge(packages, may_be_older)
        if not only_judge:
            self._clear()
            self._forget_own(token)
            document = {"token": token, "packages": wanted, "may_be_older": may_be_older, "begun": False}
            self._write_offer(document)
        return {"wanted": [each["name"] for each in wanted]}

    def _forget_own(self, token: str) -> None:
        """Forget an upgrade that was begun here and interrupted: this one has overtaken it."""
        notes = NoteFile(self._root)
        note = notes.read()
        if note is not None and note.token != token:
            with contextlib.suppress(UpgradeStopped):
                notes.forget()

    def _check_free(self, token: str) -> None:
        others = {self._leader(), self._offerer()} - {"", token}
        if others or is_locked(f"{self.folder}/{INSTALLING}"):
            raise UpgradeRefused("upgrade-busy")

    def _leader(self) -> str:
        """Return the token of who carries an upgrade out from here."""
        path = f"{self.folder}/{LEADING}"
        if not is_locked(path):
            return ""
        try:
            return read_plain(path, LARGEST_NOTE).decode("ascii", "replace") or "?"
        except OSError:
            return "?"

    def _offerer(self) -> str:
        """Return the token of whose packages are coming."""
        offer = self.read(OFFER)
        is_waited_for = offer and not offer.get("begun")
        return str(offer.get("token", "")) if is_waited_for and not self._is_abandoned() else ""

    def _is_abandoned(self) -> bool:
        times = [entry.stat().st_mtime for entry in os.scandir(self.folder)]
        return not 0 <= time.time() - max(times, default=0.0) < ABANDONED_S

    def _judge(self, packages: list[Any], may_be_older: bool) -> list[dict[str, Any]]:
        try:
            check_objects(packages, PACKAGE, "packages")
        except DocumentError as why:
            raise UpgradeRefused("package-wrong", error=str(why)) from None
        names = [package["name"] for package in packages]
        if not 1 <= len(set(names)) == len(names) <= MOST_PACKAGES:
            raise UpgradeRefused("packages-many", count=len(names), most=MOST_PACKAGES)
        manager = Manager(self._root)
        installed = manager.installed()
        wanted = [package for package in packages if package["name"] in installed]
        for package in packages:
            check_package(package, manager)
        for package in wanted:
            _check_version(package, installed[package["name"]], may_be_older)
        if not wanted:
            raise UpgradeRefused("package-absent")
        self._check_room(wanted)
        keys = [field.key for field in PACKAGE]
        return [{key: package[key] for key in keys} for package in wanted]

    def _check_room(self, packages: list[dict[str, Any]]) -> None:
        size = sum(package["size"] for package in packages)
        if size > LARGEST_UPGRADE:
            raise UpgradeRefused("package-large", size=size >> 10, most=LARGEST_UPGRADE >> 10)
        places = (
            ("room-memory", self.folder, size + SLACK),
            # As opkg asks for it, whatever the old files leave.
            ("room-flash", self._flash(), sum(package["installed_size"] for package in packages)),
        )
        for code, folder, needed in places:
            found = os.statvfs(folder)
            free = found.f_bavail * found.f_frsize
            if free < needed:
                raise UpgradeRefused(code, folder=folder, free=free >> 10, size=needed >> 10)

    def _flash(self) -> str:
        folders = (f"{self._root}/usr/lib/haven", f"{self._root}/usr/lib", f"{self._root}/")
        return next(folder for folder in folders if os.path.isdir(folder))

    def _clear(self) -> None:
        for name in os.listdir(self.folder):
            if name not in KEPT:
                with contextlib.suppress(OSError):
                    os.unlink(f"{self.folder}/{name}")

    def _write_offer(self, document: dict[str, Any]) -> None:
        try:
            self.write(OFFER, document)
        except OSError as why:
            raise UpgradeRefused("upgrade-folder", error=why.strerror) from None

    # What comes

    def piece(self, token: str, number: int, at: int, octets: str) -> dict[str, Any]:
        """Take a piece of a package; return how much of it is there."""
        offer = self._offer_of(token)
        try:
            package, piece = offer["packages"][number], base64.b64decode(octets, validate=True)
        except (IndexError, ValueError):
            raise UpgradeRefused("piece-wrong", name=str(number)) from None
        path = self.path(offer, number)
        have = os.path.getsize(path) if os.path.exists(path) else 0
        if at != have or not piece or len(piece) > PIECE or at + len(piece) > package["size"]:
            raise UpgradeRefused("piece-wrong", name=package["name"])
        try:
            with open(path, "ab") as file:
                file.write(piece)
        except OSError as why:
            raise UpgradeRefused("upgrade-folder", error=why.strerror) from None
        return {"have": at + len(piece)}

    def _offer_of(self, token: str) -> dict[str, Any]:
        offer = self.read(OFFER)
        if offer.get("token") != token or offer.get("begun"):
            raise UpgradeRefused("upgrade-unknown")
        return offer

    def drop(self, token: str) -> dict[str, Any]:
        """Forget what has come."""
        self._offer_of(token)
        self._clear()
        return {}

    def install(self, token: str) -> dict[str, Any]:
        """Let the installer begin, which needs nobody from then on."""
        offer = self._offer_of(token)
        for number, package in enumerate(offer["packages"]):
            path = self.path(offer, number)
            if not os.path.exists(path) or os.path.getsize(path) != package["size"]:
                raise UpgradeRefused("package-incomplete", name=package["name"])
        lock = take_lock(f"{self.folder}/{INSTALLING}")
        if lock is None:
            raise UpgradeRefused("upgrade-busy")
        try:
            self._write_offer({**offer, "begun": True})
            self._start(lock)
        except OSError as why:
            raise UpgradeRefused("upgrade-folder", error=why.strerror) from None
        finally:
            os.close(lock)
        return {}

    def _start(self, lock: int) -> None:
        """Start the installer with the lock, which is free when it has ended in whatever way."""
        where = ("--root", self._root or "/", "--run-dir", self._run_dir)
        nowhere = subprocess.DEVNULL
        subprocess.Popen(
            argv_of(INSTALLER, *where),
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
            pass_fds=(lock,),
            cwd="/",
        )

    def forget_packages(self, offer: dict[str, Any]) -> None:
        """Give the memory back that the packages took."""
        for number in range(len(offer["packages"])):
            with contextlib.suppress(OSError):
                os.unlink(self.path(offer, number))

    @contextlib.contextmanager
    def leading(self, token: str) -> Iterator[bool]:
        """Be the one who carries an upgrade out from here; yields whether that is so."""
        self.open()
        lock = take_lock(f"{self.folder}/{LEADING}")
        try:
            if lock is not None:
                os.ftruncate(lock, 0)
                os.pwrite(lock, token.encode(), 0)
            yield lock is not None
        finally:
            if lock is not None:
                os.close(lock)


def check_package(package: dict[str, Any], manager: Manager) -> None:
    """See that a package is one of ours and fits this router. Raises UpgradeRefused."""
    if not is_ours(package["name"]):
        raise UpgradeRefused("package-strange", name=package["name"][:64])
    if not VERSION_WORDS.fullmatch(package["version"]):
        raise UpgradeRefused("package-wrong", error="a version is odd")
    if package["kind"] != manager.kind:
        raise UpgradeRefused("kind-other", manager=manager.name, kind=package["kind"])
    own = manager.architecture()
    if package["architecture"] not in (*ANY_ARCHITECTURE, own):
        facts = {"name": package["name"], "architecture": package["architecture"][:64]}
        raise UpgradeRefused("package-arch", own=own or "unknown", **facts)


def _check_version(package: dict[str, Any], installed: str, may_be_older: bool) -> None:
    if is_older(package["version"], installed) and not may_be_older:
        facts = {"name": package["name"], "version": package["version"]}
        raise UpgradeRefused("package-older", installed=installed, **facts)


def take_lock(path: str) -> int | None:
    """Return a descriptor that holds the lock until it is closed everywhere, or None. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def is_locked(path: str) -> bool:
    """Tell whether somebody holds a lock."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False
