# SPDX-License-Identifier: GPL-2.0-or-later
"""This router's part of the common configuration.

    recover()                  once, at the start
    scan()                     finds what was changed here
    summary()                  what is known here; equal digests mean that there is nothing to say
    changes_for(summary)       what another replica lacks, as documents for the wire
    receive(document)          takes one of them; when a change is complete, it is applied
    keep() or undo()           ends the trial of what was applied

Nothing waits and nothing is sent here; who calls sends `config.change` for the packages of an Outcome.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from haven.config.uci.package import packages_and_files
from haven.contract.fields import DocumentError, Field, check_object, list_of, mapping, text, whole
from haven.sync import showing
from haven.sync.applying import Applier, Prepared
from haven.sync.change_documents import Assembly, ChangeSet, SyncError
from haven.sync.deciding import taken, undone
from haven.sync.encoding import read_knowledge
from haven.sync.journal import read_file
from haven.sync.memory import MOST_TRIES, Memory
from haven.sync.merging import change_set_for, merge
from haven.sync.replica_store import Store
from haven.sync.replica_trial import ReplicaTrial
from haven.sync.shape import to_json
from haven.sync.sharing import Overrides, overrides_in
from haven.sync.versions import Knowledge, covers
from haven.sync.watcher import OWN_PACKAGE, FileWatcher

_SUMMARY = (
    Field("version", whole(1, 1)),
    Field("node", text),
    Field("known", mapping),
    Field("refused", list_of(text)),
)


class Outcome:
    """What came of something: a code, its facts, and the packages and files that were written."""

    def __init__(self, code: str, prepared: "Prepared | None" = None, **facts: Any) -> None:
        self.code = code
        self.facts = facts
        self.packages = prepared.packages if prepared is not None else []
        self.files = prepared.files if prepared is not None else []

    def __repr__(self) -> str:
        return "Outcome(%r, %r, %r)" % (self.code, self.packages, self.files)


class Replica:
    """One router's files and what it knows of the others'. Methods that raise SyncError have done nothing."""

    def __init__(self, root: str, node: str, overrides: "Overrides | None" = None) -> None:
        self._root = root.rstrip("/")
        self._node = node
        self._watcher = FileWatcher(self._root, node, overrides)
        self._fixed = overrides is not None
        self._store = Store(self._root, node)
        self._assembly = Assembly()

    # What this router has.

    def recover(self) -> Outcome:
        """Finish or take back what a death has interrupted; a trial that it has ended is taken back.

        If that cannot be, the outcome's code says why, and the trial goes on.
        """
        paths = self._guarded(self._store.recover)
        outcome = Outcome("applied")
        try:
            outcome = self.undo(tries=1) if self.on_trial else outcome
        except SyncError as why:
            outcome = Outcome(why.code, **why.facts)
        packages, files = packages_and_files(paths)
        outcome.packages = sorted({*outcome.packages, *packages})
        outcome.files = sorted({*outcome.files, *files})
        return outcome

    def scan(self) -> bool:
        """Find what was changed here; tell whether there was anything."""
        memory = self._store.memory
        sharing = self._watcher.sharing
        look = self._watcher.look(memory)
        if look.changed:
            first = not memory.units and not memory.files
            rows = [] if first else self._with_paths(look.rows)
            self._save(look.memory, rows, "edit", self._node)
        if self._watcher.sharing is not sharing:
            self._complete()
        return look.changed

    def summary(self) -> dict[str, Any]:
        """Return what is known here; a `digest` that equals another's means that both have the same."""
        memory = self._store.memory
        return {
            "version": 1,
            "node": self._node,
            "digest": _digest(memory.known),
            "known": dict(memory.known),
            "refused": self.refused,
        }

    @property
    def digest(self) -> str:
        """The digest of the summary."""
        return _digest(self._store.memory.known)

    @property
    def refused(self) -> list[str]:
        """The changes that were taken back here, by their digests."""
        return [digest for digest, tries in self._store.memory.refused.items() if tries >= MOST_TRIES]

    @property
    def on_trial(self) -> bool:
        """Whether something that was taken waits for keep() or undo()."""
        return self._store.trial is not None

    def problems(self) -> list[dict[str, Any]]:
        """Return what is not shared, and why, as messages by contract/replication.py."""
        return [*self._store.problems, *self._watcher.problems.values()]

    def conflicts(self) -> list[dict[str, Any]]:
        """Return [{"path", "kind", "values": [{"nodes", "value", "here"}]}], secrets hidden."""
        return showing.conflicts(self._store.memory, self._paths())

    def history(self) -> list[dict[str, Any]]:
        """Return the last changes, newest first, secrets hidden: number, at, node, kind, count, rows."""
        keys, paths = ("number", "at", "node", "kind", "count"), self._paths()
        return [
            {**{key: each[key] for key in keys}, "rows": showing.shown_rows(each["rows"], paths)}
            for each in reversed(self._store.history.entries)
        ]

    # Between replicas.

    def changes_for(self, summary: Any) -> list[dict[str, Any]]:
        """Return documents for a replica with this summary; none if it lacks nothing or has refused it."""
        self.scan()
        known, refused = _read_summary(summary)
        self._notice_lost_memory(known)
        if covers(known, self._store.memory.known):
            return []
        exchange = change_set_for(self._store.memory, self._node, known, self._content)
        documents = exchange.documents()
        return [] if exchange.digest in refused else documents

    def receive(self, document: Any) -> Outcome:
        """Take a document; a change of which it is the last missing part is applied, whole or not at all."""
        exchange = self._assembly.take(document)
        if exchange is None:
            return Outcome("partial")
        self.scan()
        self._notice_lost_memory(exchange.known)
        memory = self._store.memory
        if not covers(memory.known, exchange.base):
            return Outcome("stale")
        if covers(memory.known, exchange.known):
            return Outcome("known")
        if memory.refused.get(exchange.digest, 0) >= MOST_TRIES:
            raise SyncError("change-undone", node=exchange.node)
        return self._apply(memory, exchange)

    def join(self, document: Any) -> Outcome:
        """Take another's configuration, part by part, in place of one's own as far as it is shared."""
        exchange = self._assembly.take(document)
        if exchange is None:
            return Outcome("partial")
        if exchange.base:
            raise SyncError("document-wrong", node="?", error="it is not the whole of a configuration")
        self.scan()
        before = self._store.memory
        after = merge(Memory(before.writer), exchange)[0]
        after.changes, after.refused = before.changes, before.refused
        if before.number:
            after.known[before.writer] = before.number
        watcher = self._watcher_after(before, after, set(exchange.units), whole=True)
        packages = {*before.units, *after.units}
        files = {*before.files, *after.files}
        return self._commit(before, after, packages, files, exchange, watcher, "joined", whole=True)

    def keep(self) -> None:
        """End the trial: what was taken stays."""
        self._guarded(self._store.end_trial)

    def undo(self, tries: int = MOST_TRIES) -> Outcome:
        """End the trial: what was taken is put back, and the same change is not taken again."""
        trial = self._store.trial
        if trial is None:
            return Outcome("known")
        self.scan()
        before = self._store.memory
        after = trial.put_back(before)
        for digest in trial.digests:
            after.refuse(digest, before.refused.get(digest, 0) + tries)
        packages = {package for package, _id in trial.units}
        applier = Applier(self._root, self._node, self._watcher, self._node)
        prepared = applier.prepare(before, after, packages, set(trial.files), self._content)
        self._write(after, prepared, "undone", self._node, trial=None)
        self._watcher.distrust()
        self.scan()
        return Outcome("applied", prepared)

    def try_again(self) -> None:
        """Take what was taken back before, too, when it comes again."""
        after = self._store.memory.copy()
        after.refused = {}
        self._save(after, [], "edit", self._node)

    # Decisions.

    def take(self, node: str, path: str = "") -> Outcome:
        """Decide conflicts for a router's version: the one of a path, those below it, or all."""
        self.scan()
        after, packages, files = taken(self._store.memory, node, path, self._node, self._paths())
        return self._decide(after, packages, files, "taken", node)

    def undo_change(self, number: int) -> Outcome:
        """Set what a change of the history had set to what it was before, where it is still the same."""
        self.scan()
        after, packages, files = undone(self._store.memory, self._store.history, number, self._is_kept)
        return self._decide(after, packages, files, "undone", self._node)

    def diff(self, documents: "list[Any] | None" = None) -> list[dict[str, Any]]:
        """Return what differs from another replica: [{"path", "kind", "was", "now"}], secrets hidden.

        First the conflicts that are known, then what its documents for this summary would change here.
        """
        self.scan()
        rows = []
        for each in self.conflicts():
            here, others = each["values"][0], each["values"][1:]
            rows += [
                {**each, "values": None, "was": here["value"], "now": other["value"]} for other in others
            ]
        found = [{key: row[key] for key in ("path", "kind", "was", "now")} for row in rows]
        assembly = Assembly()
        for document in documents or []:
            exchange = assembly.take(document)
            if exchange is not None:
                found += self._would_change(exchange)
        return found

    def settle(self, summaries: "list[Any]") -> None:
        """Forget what was removed, as far as all the others, whose summaries these are, know of it."""
        known = [_read_summary(each)[0] for each in summaries]
        after = self._store.memory.copy()
        if after.forget_removed(known):
            self._save(after, [], "edit", self._node)

    # How it is done.

    def _apply(self, memory: Memory, exchange: ChangeSet) -> Outcome:
        after, packages, files = merge(memory, exchange)
        watcher = self._watcher_after(memory, after, set(exchange.units))
        if watcher is not self._watcher:
            # What is shared from now on may have been written here before.
            memory = watcher.look(memory).memory
            after, packages, files = merge(memory, exchange)
            packages, files = {*memory.units, *packages}, {*memory.files, *files}
        return self._commit(memory, after, packages, files, exchange, watcher, "received")

    def _watcher_after(
        self, before: Memory, after: Memory, units: "set[tuple[str, str]]", whole: bool = False
    ) -> FileWatcher:
        """Return a watcher that goes by what the change makes of the `sync` section."""
        if self._fixed or not any(package == OWN_PACKAGE for package, _id in units):
            return self._watcher
        applier = Applier(self._root, self._node, self._watcher, self._node)
        overrides = overrides_in(applier.composed(OWN_PACKAGE, before, after.copy(), whole))
        if overrides == self._watcher.sharing.overrides:
            return self._watcher
        return self._watcher.with_overrides(overrides)

    def _commit(
        self,
        before: Memory,
        after: Memory,
        packages: "set[str]",
        files: "set[str]",
        exchange: ChangeSet,
        watcher: FileWatcher,
        kind: str,
        whole: bool = False,
    ) -> Outcome:
        applier = Applier(self._root, self._node, watcher, exchange.node)
        prepared = applier.prepare(before, after, packages, files, self._content_with(exchange), whole)
        trial = self._store.trial
        if prepared.replacements:
            trial = (trial or ReplicaTrial(before.known, before.writer)).add(exchange.digest, before, after)
        self._write(after, prepared, kind, exchange.node, trial, exchange.blobs)
        return Outcome("applied", prepared)

    def _decide(
        self, after: Memory, packages: "set[str]", files: "set[str]", kind: str, node: str
    ) -> Outcome:
        before = self._store.memory
        applier = Applier(self._root, self._node, self._watcher, node)
        prepared = applier.prepare(before, after, packages, files, self._content)
        self._write(after, prepared, kind, node, self._store.trial)
        return Outcome("applied", prepared)

    def _complete(self) -> None:
        """Take from what is known what has become shared here."""
        before = self._store.memory
        after = before.copy()
        applier = Applier(self._root, self._node, self._watcher, self._node)
        prepared = applier.prepare(before, after, set(after.units), set(after.files), self._content)
        if prepared.replacements:
            self._write(after, prepared, "received", self._node, self._store.trial)

    def _write(
        self,
        after: Memory,
        prepared: Prepared,
        kind: str,
        node: str,
        trial: "ReplicaTrial | None",
        blobs: "dict[str, bytes] | None" = None,
    ) -> None:
        rows = self._with_paths(prepared.rows)
        files = prepared.replacements
        self._guarded(lambda: self._store.commit(after, files, rows, kind, node, trial, blobs or {}))
        for each in files:
            self._watcher.forget(each.path)

    def _save(self, memory: Memory, rows: "list[list[Any]]", kind: str, node: str) -> None:
        self._guarded(lambda: self._store.commit(memory, [], rows, kind, node, self._store.trial, {}))

    def _guarded(self, act: "Callable[[], Any]") -> Any:
        try:
            return act()
        except OSError as why:
            self._watcher.distrust()
            raise SyncError("no-room", error=why.strerror or str(why)) from None
        except BaseException:
            self._watcher.distrust()
            raise

    def _content(self, digest: str) -> "bytes | None":
        """Return the content of a file by its digest, from wherever it is."""
        for path, item in self._store.memory.files.items():
            if item.held and item.value is not None and item.value[1] == digest:
                octets = read_file(self._root + path)
                if octets is not None and sha256(octets).hexdigest() == digest:
                    return octets
        return self._store.blobs.get(digest)

    def _content_with(self, exchange: ChangeSet) -> "Callable[[str], bytes | None]":
        def content(digest: str) -> "bytes | None":
            octets = exchange.blobs.get(digest)
            return self._content(digest) if octets is None else octets

        return content

    def _is_kept(self, digest: str) -> bool:
        return self._content(digest) is not None

    def _notice_lost_memory(self, known: Knowledge) -> None:
        """Begin anew when others know more of this writer than itself: an older memory was put back."""
        memory = self._store.memory
        if known.get(memory.writer, 0) > memory.number:
            self._store.forget("an older one was put back")
            self._watcher.distrust()
            self.scan()

    def _would_change(self, exchange: ChangeSet) -> list[dict[str, Any]]:
        before = self._store.memory
        after, packages, files = merge(before, exchange)
        applier = Applier(self._root, self._node, self._watcher, exchange.node)
        prepared = applier.prepare(before, after, packages, files, self._content_with(exchange))
        return showing.shown_rows(self._with_paths(prepared.rows), self._paths())

    def _with_paths(self, rows: "list[list[Any]]") -> list[list[Any]]:
        paths = self._paths()
        return [[*row[:5], paths.path(*row[:3])] for row in rows]

    def _paths(self) -> showing.Paths:
        return showing.Paths(self._watcher.order)


def _digest(known: Knowledge) -> str:
    return sha256(to_json(known)).hexdigest()[:32]


def _read_summary(summary: Any) -> "tuple[Knowledge, list[str]]":
    try:
        document = check_object(summary, _SUMMARY, "summary")
        return read_knowledge(document["known"], "known"), document["refused"]
    except DocumentError as why:
        node = summary.get("node") if isinstance(summary, dict) else None
        raise SyncError("document-wrong", node=str(node)[:64], error=str(why)[:200]) from None
