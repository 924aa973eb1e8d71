# SPDX-License-Identifier: GPL-2.0-or-later
"""What a trial leaves on the flash: copies of what was there, what shall be there, and a marker.

    /etc/haven/pending-setup/    a trial: nobody has confirmed it yet
    /etc/haven/undoing-setup/    being taken back, or about to be
    /etc/haven/before-setup/     confirmed: the copies for an undo

One step to the next is one rename, so that whoever is first has decided. Both states are written before
anything changes: to put one in place needs no room, and is done again by whoever finds it half done.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from haven.atomic_file import write_whole
from haven.contract.setup import SetupRefused
from haven.paths import JOINING, PEERS, REPLICA, SETUP_FOLDER, SETUP_PENDING, SETUP_UNDOING

PENDING, UNDOING, BEFORE = SETUP_PENDING, SETUP_UNDOING, "before-setup"
NEW = PENDING + ".new"
MARKER = "marker.json"
OLD_FILES, NEW_FILES = "before", "after"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass
class Marker:
    """A trial: the boot it is of and its end on that boot's clock, what it touches, and what it waits for.

    `files` are paths below the root that had a file before, `absent` those that had none; `guards` are
    (address, length) that the device keeps meanwhile; `gateway` is the address that haven has to take.
    """

    boot: str
    until: float
    files: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    role: str = ""
    device: str = ""
    own: str = ""
    gateway: str = ""
    guards: list[tuple[str, int]] = field(default_factory=list)


class TrialFolder:
    """The trial of a router; `root` is where its /etc is."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._folder = root + SETUP_FOLDER

    def path(self, name: str) -> str:
        """Return the path of one of the folders."""
        return os.path.join(self._folder, name)

    def is_there(self, name: str) -> bool:
        """Tell whether one of the folders is there."""
        return os.path.isdir(self.path(name))

    def target(self, file: str) -> str:
        """Return where a file of the router is."""
        return "%s/%s" % (self.root, file)

    def begin(self, marker: Marker, wanted: Mapping[str, bytes], touched: Iterable[str]) -> None:
        """Write everything that a trial needs, all of it or nothing. Raises SetupRefused."""
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            self.forget(NEW)
            for file in dict.fromkeys([*wanted, *touched]):
                self._copy(file, marker)
            for file, octets in wanted.items():
                _write_inside(self._inside(NEW, NEW_FILES, file), octets, _mode_of(self.target(file)))
            self._write_marker(NEW, marker)
            self._move(NEW, PENDING)
        except OSError as error:
            self.forget(NEW)
            file = error.filename or self._folder
            raise SetupRefused("no-room", file=str(file), error=error.strerror) from None

    def _copy(self, file: str, marker: Marker) -> None:
        path = self.target(file)
        if not os.path.exists(path):
            marker.absent.append(file)
            return
        with open(path, "rb") as stream:
            _write_inside(self._inside(NEW, OLD_FILES, file), stream.read(), _mode_of(path))
        marker.files.append(file)

    def _inside(self, name: str, kind: str, file: str) -> str:
        # Flat, so that one folder holds the names, and is synced with them.
        return os.path.join(self.path(name), kind, file.replace("/", "%"))

    def _write_marker(self, name: str, marker: Marker) -> None:
        octets = json.dumps(asdict(marker), indent=1, sort_keys=True).encode()
        write_whole(os.path.join(self.path(name), MARKER), octets, 0o600)

    def marker(self, name: str = PENDING) -> Marker | None:
        """Return the marker of a folder; None where there is none to be read."""
        try:
            with open(os.path.join(self.path(name), MARKER), encoding="utf-8") as file:
                found = Marker(**json.load(file))
        except (OSError, ValueError, TypeError):
            return None
        return found

    def extend(self, marker: Marker) -> None:
        """Note another end of the trial; one that cannot be written keeps the one before."""
        try:
            self._write_marker(PENDING, marker)
        except OSError:
            return

    def put_in_place(self) -> None:
        """Put what the trial wants in place; what is there already is left alone. Raises OSError."""
        marker = self.marker()
        for file in [*marker.files, *marker.absent] if marker else ():
            _replace(self._inside(PENDING, NEW_FILES, file), self.target(file))

    def copies(self, name: str) -> dict[str, bytes | None]:
        """Return what files held before, None for those that were not there."""
        marker = self.marker(name)
        if marker is None:
            return {}
        found: dict[str, bytes | None] = dict.fromkeys(marker.absent)
        for file in marker.files:
            with open(self._inside(name, OLD_FILES, file), "rb") as stream:
                found[file] = stream.read()
        return found

    def confirm(self) -> bool:
        """Let the trial be the configuration; False when it was taken back first, or there is none."""
        if self.is_there(PENDING):
            self.forget(BEFORE)
        return self._move(PENDING, BEFORE)

    def give_up(self, name: str = PENDING) -> bool:
        """Decide that a trial, or one that was confirmed, is taken back; False when there is none."""
        return self._move(name, UNDOING)

    def restore(self) -> None:
        """Put back what was there before; what is back already is left alone. Raises SetupRefused."""
        marker = self.marker(UNDOING)
        if marker is None:
            return
        try:
            for file in marker.files:
                _replace(self._inside(UNDOING, OLD_FILES, file), self.target(file))
            for file in marker.absent:
                if os.path.exists(self.target(file)):
                    os.unlink(self.target(file))
        except OSError as error:
            where = {"files": str(error.filename2 or error.filename), "folder": self.path(UNDOING)}
            raise SetupRefused("not-restored", error=error.strerror, **where) from None

    def forget(self, name: str) -> None:
        """Remove one of the folders."""
        shutil.rmtree(self.path(name), ignore_errors=True)

    def forget_pair(self) -> None:
        """Remove what this router knows of a pair that it had joined."""
        for path in (PEERS, REPLICA):
            shutil.rmtree(self.root + path, ignore_errors=True)
        with suppress(FileNotFoundError):
            os.unlink(self.root + JOINING)

    def _move(self, source: str, target: str) -> bool:
        try:
            os.rename(self.path(source), self.path(target))
        except FileNotFoundError:
            return False
        _sync(self._folder)
        return True


def boot_id() -> str:
    """Return the name of this boot of the kernel."""
    with open(BOOT_ID) as file:
        return file.read().strip()


def _mode_of(path: str) -> int:
    return os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o600


def _write_inside(path: str, octets: bytes, mode: int) -> None:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    write_whole(path, octets, mode)


def _replace(source: str, target: str) -> None:
    """Move a file over another; one that was moved already is there."""
    if not os.path.exists(source):
        return
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # /etc/haven is on a file system of its own.
        with open(source, "rb") as file:
            write_whole(target, file.read(), _mode_of(source))
        os.unlink(source)
    _sync(os.path.dirname(target))


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
