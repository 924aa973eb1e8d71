# SPDX-License-Identifier: GPL-2.0-or-later
"""From what is known to the files: what is to be written, checked before any of it is."""

import os
from collections.abc import Callable
from hashlib import sha256

from haven.config.load import load_text
from haven.config.uci.package import PackageSection, packages_and_files, read_package, write_package
from haven.contract.diagnostics import Diagnostic
from haven.contract.message import message
from haven.sync.change_documents import SyncError
from haven.sync.compose import Composer
from haven.sync.folders import has_link, is_listed
from haven.sync.history import Row, unit_rows
from haven.sync.journal import Replacement, read_file
from haven.sync.look import identify
from haven.sync.memory import Memory
from haven.sync.versions import Item
from haven.sync.watcher import OWN_PACKAGE, FileWatcher, damage

# Of a package that is new here, as uci makes it.
_NEW_MODE = 0o600


class Prepared:
    """What a change writes: files, and what of them is otherwise then, by rows of the history."""

    def __init__(self) -> None:
        self.replacements: list[Replacement] = []
        self.rows: list[Row] = []

    @property
    def packages(self) -> list[str]:
        """Name the packages whose files change."""
        return packages_and_files(each.path for each in self.replacements)[0]

    @property
    def files(self) -> list[str]:
        """Name the files in common that change."""
        return packages_and_files(each.path for each in self.replacements)[1]


class Applier:
    """Prepares the change from one memory to another; `of` is the router that the change comes from."""

    def __init__(self, root: str, node: str, watcher: FileWatcher, of: str) -> None:
        self._root = root
        self._node = node
        self._watcher = watcher
        self._of = of

    def prepare(
        self,
        before: Memory,
        after: Memory,
        packages: "set[str]",
        files: "set[str]",
        content: "Callable[[str], bytes | None]",
        whole: bool = False,
    ) -> Prepared:
        """Return what is to be written; items of `after` are marked as held where they are. Raises SyncError.

        If `after` is the whole of what is shared, the sections of the files are recognised by it.
        """
        prepared = Prepared()
        for package in sorted(packages):
            self._prepare_package(package, before, after, prepared, whole)
        for path in sorted(files):
            self._prepare_file(path, before, after, prepared, content)
        return prepared

    def composed(
        self, package: str, before: Memory, after: Memory, whole: bool = False
    ) -> list[PackageSection]:
        """Return the sections of a package as they would be; `after` is used up. Raises SyncError."""
        sections = self._read(package)[1]
        units = after.units.setdefault(package, {})
        known = units if whole else before.units.get(package, {})
        ids = identify(package, sections, known, self._watcher.sharing)
        return Composer(package, self._watcher.sharing, self._node).compose(sections, ids, units)

    def _prepare_package(
        self, package: str, before: Memory, after: Memory, prepared: Prepared, whole: bool
    ) -> None:
        composer = Composer(package, self._watcher.sharing, self._node)
        units = after.units.setdefault(package, {})
        if not self._watcher.sharing.packages([package]):
            composer.mark(units)
            return
        octets, sections = self._read(package)
        if octets and not self._watcher.has_seen(package, octets):
            raise SyncError("package-busy", path=self._watcher.path(package))
        was = before.units.get(package, {})
        ids = identify(package, sections, units if whole else was, self._watcher.sharing)
        composed = composer.compose(sections, ids, units)
        if composed != sections:
            written = write_package(composed).encode()
            self._check(package, written.decode(), composed)
            path = self._watcher.path(package)
            prepared.replacements.append(Replacement(path, written, self._mode(path), octets))
        for id in {**was, **units}:
            if was.get(id) is not units.get(id):
                prepared.rows += unit_rows(package, id, was.get(id), units.get(id))

    def _read(self, package: str) -> "tuple[bytes | None, list[PackageSection]]":
        try:
            return self._watcher.sections(package)
        except OSError as why:
            raise SyncError("package-unreadable", package=package, error=why.strerror or str(why)) from None
        except ValueError as why:
            raise SyncError("package-damaged", package=package, **damage(why)) from None

    def _mode(self, path: str) -> int:
        try:
            return os.stat(self._root + path).st_mode & 0o777
        except OSError:
            return _NEW_MODE

    def _check(self, package: str, text: str, composed: "list[PackageSection]") -> None:
        path = self._watcher.path(package)
        if package == OWN_PACKAGE:
            problems = load_text(text, path, self._node)[1]
        else:
            found, problems = read_package(text, path, package)
            if not problems and found != composed:
                problems = [Diagnostic("words", {"words": "it would not read as it was sent"}, path)]
        if problems:
            first = problems[0]
            about = message(first.code, **first.facts)
            raise SyncError("change-refused", node=self._of, file=path, line=first.line, diagnostic=about)

    def _prepare_file(
        self,
        path: str,
        before: Memory,
        after: Memory,
        prepared: Prepared,
        content: "Callable[[str], bytes | None]",
    ) -> None:
        item, old = after.files.get(path), before.files.get(path)
        listed = is_listed(path, self._watcher.sharing.overrides.files)
        if item is not None and item.held != listed:
            after.files[path] = Item(item.versions, listed)
        was = old.value if old is not None and old.held else None
        will = item.value if item is not None else None
        if not listed or was == will:
            return
        if has_link(self._root, path):
            raise SyncError("file-linked", node=self._of, path=path)
        prepared.replacements.append(self._replacement(path, was, will, content))
        prepared.rows.append(["", path, "", was, will, path])

    def _replacement(
        self,
        path: str,
        was: "list[object] | None",
        will: "list[object] | None",
        content: "Callable[[str], bytes | None]",
    ) -> Replacement:
        if path in self._watcher.problems:
            raise SyncError("file-kept", node=self._of, path=path)
        try:
            there = read_file(self._root + path)
        except OSError as why:
            raise SyncError("file-unreadable", path=path) from why
        if (None if there is None else sha256(there).hexdigest()) != (was and was[1]):
            raise SyncError("package-busy", path=path)
        if will is None:
            return Replacement(path, None, 0, there)
        octets = content(str(will[1]))
        if octets is None:
            raise SyncError("document-wrong", node=self._of, error="%s comes without its content" % path)
        return Replacement(path, octets, int(str(will[0])), there)
