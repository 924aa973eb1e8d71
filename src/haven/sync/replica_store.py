# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a replica keeps what it knows, and how that changes together with the files that follow from it."""

import os
import time
from typing import Any

from haven.atomic_file import sync_folder, write_whole
from haven.config.uci.package import CONFIG_FOLDER
from haven.contract.message import message
from haven.paths import REPLICA
from haven.sync.blobs import Blobs
from haven.sync.change_documents import SyncError
from haven.sync.history import LARGEST_KEPT_FILE, History, Row, read_history
from haven.sync.journal import Journal, Replacement, lock_all, read_file, unlock_all
from haven.sync.memory import Memory, new_writer, read_memory
from haven.sync.replica_trial import ReplicaTrial, read_trial
from haven.sync.versions import Item, node_of

FOLDER = REPLICA
PENDING = "/etc/haven/pending"
_MEMORY, _HISTORY, _TRIAL = FOLDER + "/memory", FOLDER + "/history", FOLDER + "/trial"
# Of the memory as it was written last.
_STAMP = FOLDER + "/stamp"
_PRIVATE = 0o600


class Store:
    """The memory, the history, the trial and the contents of files, in a folder below a root."""

    def __init__(self, root: str, node: str) -> None:
        self._root = root
        self._node = node
        self._journal = Journal(root, PENDING)
        self._memory: Memory | None = None
        self.blobs = Blobs(root + FOLDER + "/blobs")
        self.history = History()
        self.trial: ReplicaTrial | None = None
        self.problems: list[dict[str, Any]] = []

    @property
    def memory(self) -> Memory:
        """What is known, from its file at first."""
        if self._memory is None:
            self.recover()
        assert self._memory is not None
        return self._memory

    def recover(self) -> list[str]:
        """Finish or take back what a death interrupted, and read everything; return paths that changed."""
        changed = self._journal.recover()
        self.problems = []
        self.history = read_history(self._read(_HISTORY))
        self.trial = self._read_trial()
        self._memory = self._read_memory()
        return [path for path in changed if not path.startswith(FOLDER + "/")]

    def forget(self, error: str) -> None:
        """Begin anew, under a name that nobody knows yet."""
        self._memory = Memory(new_writer(self._node))
        self.trial = None
        if os.path.exists(self._root + _TRIAL):
            os.unlink(self._root + _TRIAL)
        self.problems = [message("state-damaged", error=error)]

    def commit(
        self,
        memory: Memory,
        replacements: "list[Replacement]",
        rows: "list[Row]",
        kind: str,
        node: str,
        trial: "ReplicaTrial | None",
        blobs: "dict[str, bytes]",
    ) -> None:
        """Replace files and what is known, whole or not at all. Raises OSError, or SyncError."""
        history = self._history_with(memory, rows, kind, node, replacements)
        os.makedirs(self._root + FOLDER, mode=0o700, exist_ok=True)
        self._keep_contents(memory, replacements, blobs)
        if replacements or trial is not self.trial:
            locks = self._locked(replacements)
            try:
                self._journal.commit([*replacements, *self._own(memory, history, trial)])
            finally:
                unlock_all(locks)
        else:
            write_whole(self._root + _MEMORY, memory.octets(), _PRIVATE)
            if rows:
                write_whole(self._root + _HISTORY, history.octets(), _PRIVATE)
        self._write_stamp()
        self._memory, self.history, self.trial = memory, history, trial
        self._drop_contents()

    def end_trial(self) -> None:
        """Forget how it was before what is on trial. Raises OSError."""
        if self.trial is not None:
            os.unlink(self._root + _TRIAL)
            sync_folder(self._root + FOLDER)
            self.trial = None
            self._drop_contents()

    def _own(self, memory: Memory, history: History, trial: "ReplicaTrial | None") -> list[Replacement]:
        octets = {_MEMORY: memory.octets(), _HISTORY: history.octets()}
        found = [Replacement(path, new, _PRIVATE, self._read(path)) for path, new in octets.items()]
        if trial is not self.trial:
            new_trial = trial.octets(memory) if trial is not None else None
            found.append(Replacement(_TRIAL, new_trial, _PRIVATE, self._read(_TRIAL)))
        return found

    def _locked(self, replacements: "list[Replacement]") -> list[int]:
        """Lock the files of packages, and see that nobody has written any since it was read."""
        packages = [self._root + each.path for each in replacements if each.path.startswith(CONFIG_FOLDER)]
        try:
            locks = lock_all(packages)
        except BlockingIOError:
            raise SyncError("package-busy", path=", ".join(each.path for each in replacements)) from None
        for each in replacements:
            if read_file(self._root + each.path) != each.was:
                unlock_all(locks)
                raise SyncError("package-busy", path=each.path)
        return locks

    def _history_with(
        self, memory: Memory, rows: "list[Row]", kind: str, node: str, replacements: "list[Replacement]"
    ) -> History:
        if not rows:
            return self.history
        memory.changes += 1
        history = self.history.copy()
        replaced = {each.path for each in replacements if each.was is not None}
        files = [row[3] for row in rows if not row[0] and row[1] in replaced and row[3] is not None]
        blobs = [digest for _mode, digest, size in files if size <= LARGEST_KEPT_FILE]
        history.add(memory.changes, round(time.time()), node, kind, rows, blobs)
        return history

    def _keep_contents(
        self, memory: Memory, replacements: "list[Replacement]", blobs: "dict[str, bytes]"
    ) -> None:
        needed = _contents_beside(memory)
        self.blobs.store([octets for digest, octets in blobs.items() if digest in needed])
        files = [each for each in replacements if not each.path.startswith(CONFIG_FOLDER)]
        self.blobs.store([each.was for each in files if each.was is not None])

    def _drop_contents(self) -> None:
        needed = _contents_beside(self.memory)
        for entry in self.history.entries:
            needed.update(entry["blobs"])
        for was, _now in self.trial.files.values() if self.trial is not None else ():
            versions = was.versions if was is not None else ()
            needed.update(each.value[1] for each in versions if each.value is not None)
        self.blobs.keep_only(needed)

    def _read(self, path: str) -> "bytes | None":
        return read_file(self._root + path)

    def _read_memory(self) -> Memory:
        try:
            octets = self._read(_MEMORY)
            memory = Memory(new_writer(self._node)) if octets is None else read_memory(octets)
        except (OSError, ValueError) as why:
            self.forget(str(why))
            return self.memory
        if node_of(memory.writer) != self._node or self._stamp() != self._read(_STAMP):
            # An older memory, from a backup, does not know what its writer has written since.
            memory.writer = new_writer(self._node)
        return memory

    def _stamp(self) -> "bytes | None":
        try:
            found = os.stat(self._root + _MEMORY)
        except OSError:
            return None
        return b"%d %d" % (found.st_ctime_ns, found.st_size)

    def _write_stamp(self) -> None:
        # One that is lost costs a new name.
        with open(self._root + _STAMP, "wb") as file:
            file.write(self._stamp() or b"")

    def _read_trial(self) -> "ReplicaTrial | None":
        try:
            octets = self._read(_TRIAL)
            return read_trial(octets) if octets is not None else None
        except (OSError, ValueError):
            return None


def _contents_beside(memory: Memory) -> set[str]:
    """Return which contents are needed that no file has."""
    found = set()
    for item in memory.files.values():
        for each in _beside(item):
            if each is not None:
                found.add(each[1])
    return found


def _beside(item: Item) -> list[Any]:
    return [each.value for each in item.versions[1 if item.held else 0 :]]
