# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the files of this router, and finds what of them was changed here since the last look."""

import os
import time
from hashlib import sha256
from typing import Any

from haven.config.uci.package import CONFIG_FOLDER, PackageSection, package_names, read_package
from haven.contract.diagnostics import Diagnostic
from haven.contract.message import message
from haven.sync import folders
from haven.sync.compose import Composer
from haven.sync.history import Row, unit_rows
from haven.sync.journal import read_file
from haven.sync.look import PackageLook, Units, claimed
from haven.sync.memory import Memory
from haven.sync.sharing import Overrides, Sharing, overrides_in
from haven.sync.versions import Dot, Item, Version, written

OWN_PACKAGE = "haven"
# A file that was written so lately may be written again without looking otherwise.
_SETTLED_NS = 2_000_000_000


class Look:
    """What one look found: the memory after it, what is otherwise in the files, as rows of the history."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.rows: list[Row] = []
        self.changed = False
        self._before = memory
        self._dot: Dot | None = None

    def dot(self) -> Dot:
        """Return the dot of all that was written since the last look."""
        if self._dot is None:
            memory = self.changing()
            self._dot = (memory.writer, memory.number + 1)
            memory.known[memory.writer] = memory.number + 1
        return self._dot

    def changing(self) -> Memory:
        """Return a memory that may be changed."""
        if not self.changed:
            self.memory = self._before.copy()
            self.changed = True
        return self.memory


class FileWatcher:
    """Knows the files by their signatures, so that a look at unchanged ones costs a stat for each.

    `problems` are messages by contract/replication.py, by what they are about. `order` has the ids and types
    of the sections in each package's file.
    """

    def __init__(self, root: str, node: str, overrides: "Overrides | None") -> None:
        self._root = root
        self._node = node
        self._fixed = overrides is not None
        self.sharing = Sharing(overrides or Overrides())
        self.problems: dict[str, dict[str, Any]] = {}
        self.order: dict[str, list[tuple[str, str]]] = {}
        self._signatures: dict[str, folders.Signature] = {}
        self._digests: dict[str, bytes] = {}

    def look(self, memory: Memory) -> Look:
        """Find what is new."""
        self._read_overrides()
        look = Look(memory)
        present = package_names(self._root)
        shared = self.sharing.packages(sorted({*present, *memory.units}))
        for package in shared:
            self._look_at_package(package, look)
        for package in memory.units:
            if package not in shared:
                self._forget_package(package, look)
        self._look_at_files(look)
        return look

    def with_overrides(self, overrides: Overrides) -> "FileWatcher":
        """Return one that goes by other overrides, and has looked at nothing yet."""
        return FileWatcher(self._root, self._node, overrides)

    def path(self, package: str) -> str:
        """Return where a package is."""
        return CONFIG_FOLDER + package

    def sections(self, package: str) -> "tuple[bytes | None, list[PackageSection]]":
        """Return a package's file and what is in it. Raises OSError, or ValueError for no UCI."""
        octets = read_file(self._root + self.path(package))
        if octets is None:
            return None, []
        sections, problems = read_package(octets.decode("utf-8"), self.path(package), package)
        if problems:
            raise ValueError(problems[0])
        return octets, sections

    def _read_overrides(self) -> None:
        path = self._root + self.path(OWN_PACKAGE)
        if self._fixed or not self._is_new("overrides", path):
            return
        try:
            found = overrides_in(self.sections(OWN_PACKAGE)[1])
        except (OSError, ValueError):
            return
        if found != self.sharing.overrides:
            self.sharing = Sharing(found)
            self._digests.clear()
            self._signatures = {}
            self.problems.clear()

    def _is_new(self, key: str, path: str) -> bool:
        """Tell whether a file may have been written since it was asked for under this key."""
        try:
            signature = folders.signature_of(os.stat(path))
        except OSError:
            signature = ()
        if self._signatures.get(key) == signature:
            return False
        self._signatures.pop(key, None)
        if not signature or not 0 <= time.time_ns() - signature[1] < _SETTLED_NS:
            self._signatures[key] = signature
        return True

    def _look_at_package(self, package: str, look: Look) -> None:
        path = self.path(package)
        if not self._is_new(path, self._root + path):
            return
        units = look.memory.units.get(package, {})
        self.problems.pop(path, None)
        self.order.setdefault(package, [])
        try:
            octets, sections = self.sections(package)
        except OSError as why:
            self._note(path, "package-unreadable", package=package, error=why.strerror or str(why))
            return
        except ValueError as why:
            self._note_damage(path, package, why)
            return
        if not octets:
            if any(unit.present for unit in units.values()):
                self._note(path, "package-missing" if octets is None else "package-empty", package=package)
            return
        digest = sha256(octets).digest()
        if self._digests.get(path) != digest:
            self._digests[path] = digest
            self._compare(package, sections, dict(units), look)

    def _note_damage(self, path: str, package: str, why: ValueError) -> None:
        self._digests.pop(path, None)
        self._note(path, "package-damaged", package=package, **damage(why))

    def has_seen(self, package: str, octets: bytes) -> bool:
        """Tell whether this is what the last look found in the file of a package."""
        return self._digests.get(self.path(package)) == sha256(octets).digest()

    def forget(self, path: str) -> None:
        """Look at a file anew, since it was written here: somebody may make it again what it was before."""
        self._digests.pop(path, None)
        self._signatures.pop(path, None)

    def distrust(self) -> None:
        """Look at everything anew: what was found was not kept."""
        self._digests.clear()
        self._signatures.clear()

    def _compare(self, package: str, sections: "list[PackageSection]", units: Units, look: Look) -> None:
        compared = PackageLook(package, sections, units, self.sharing, self._node)
        before = compared.update(look.dot)
        ids = zip(compared.ids, sections, strict=True)
        self.order[package] = [(id, section.type) for id, section in ids]
        if before:
            look.changing().units[package] = units
        for id, was in before.items():
            look.rows += unit_rows(package, id, was, units.get(id))

    def _forget_package(self, package: str, look: Look) -> None:
        """Only pass on what is known of a package that is local now."""
        units = dict(look.memory.units[package])
        Composer(package, self.sharing, self._node).mark(units)
        if any(units[id] is not unit for id, unit in look.memory.units[package].items()):
            look.changing().units[package] = units

    def _look_at_files(self, look: Look) -> None:
        listed = self.sharing.overrides.files
        if not listed and not look.memory.files:
            return
        for path in [path for path in self.problems if not path.startswith(CONFIG_FOLDER)]:
            del self.problems[path]
        found = folders.find_files(self._root, listed)
        total = 0
        for file in found.values():
            total += file.signature[2] if file.signature and not file.problem else 0
            if total > folders.LARGEST_TOTAL and not file.problem:
                file.problem = "file-total"
            self._look_at_file(file, look)
        for path, item in list(look.memory.files.items()):
            if not folders.is_listed(path, listed):
                if item.held:
                    look.changing().files[path] = Item(item.versions, held=False)
            elif (
                path not in found and item.held and item.value is not None and self._was_removed(path, listed)
            ):
                self._change_file(path, None, look)

    def _was_removed(self, path: str, listed: "tuple[str, ...]") -> bool:
        """Tell whether somebody removed a file; a whole folder may be one of a disk that is not there."""
        above = [each for each in listed if each.endswith("/") and path.startswith(each)]
        if not all(os.path.isdir(self._root + each) for each in above):
            return False
        try:
            os.lstat(self._root + path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            # It cannot be seen, which is another matter.
            return False
        return False

    def _look_at_file(self, file: folders.FoundFile, look: Look) -> None:
        if file.problem:
            self._note_file(file.path, file.problem)
            return
        item = look.memory.files.get(file.path)
        if item is not None and self._signatures.get(file.path) == file.signature:
            return
        try:
            value = folders.file_value(folders.read_found(self._root, file), file.mode)
        except OSError:
            self._note_file(file.path, "file-unreadable")
            return
        self._is_new(file.path, self._root + file.path)
        if item is None or not item.held or item.value != value:
            self._change_file(file.path, value, look)

    def _change_file(self, path: str, value: Any, look: Look) -> None:
        item = look.memory.files.get(path)
        if item is None:
            item = Item((Version(value, (look.dot(),)),))
            was = None
        else:
            was = item.value if item.held else None
            item = written(item, value, look.dot()) if item.held else claimed(item, value, look.dot)
        look.changing().files[path] = item
        look.rows.append(["", path, "", was, value, path])

    def _note_file(self, path: str, code: str) -> None:
        most = {"file-large": folders.LARGEST_FILE, "file-many": folders.MOST_FILES}
        most["file-total"] = folders.LARGEST_TOTAL
        if code in most:
            self._note(path, code, path=path, most=most[code])
        elif code == "file-name":
            self._note(path, code)
        else:
            self._note(path, code, path=path)

    def _note(self, about: str, code: str, **facts: Any) -> None:
        self.problems[about] = message(code, **facts)


def damage(why: ValueError) -> dict[str, Any]:
    """Return line and message of what FileWatcher.sections() raises."""
    found = why.args[0] if why.args else None
    if isinstance(found, Diagnostic):
        return {"line": found.line, "diagnostic": message(found.code, **found.facts)}
    return {"line": 1, "diagnostic": message("file-not-utf8")}
