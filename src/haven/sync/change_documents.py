# SPDX-License-Identifier: GPL-2.0-or-later
"""What replicas send each other: the units that one has and the other does not, in parts that fit a message.

A part is {"version", "node", "digest", "part", "parts", "data"}; all of them together are, packed and in
Base64, {"base": what the receiver knew, "known": what the sender knows, "dots", "units", "files", "blobs"}.
Parts may come in any order and repeatedly; nothing is done before all of them are there.
"""

import base64
import binascii
import zlib
from hashlib import sha256
from typing import Any

from haven.contract.fields import DocumentError, Field, any_text, check_object, mapping, text, whole
from haven.contract.replication import replication_text
from haven.sync.encoding import (
    LONGEST_PATH,
    DotTable,
    item_document,
    read_dots,
    read_item,
    read_knowledge,
    read_unit,
    unit_document,
)
from haven.sync.folders import LARGEST_FILE, is_digest, is_file_value
from haven.sync.records import Unit
from haven.sync.shape import inflate, to_json
from haven.sync.versions import Item, Knowledge

VERSION = 1
PART_LENGTH = 60000
MOST_PARTS = 240
# Of so many senders parts are kept at a time, as many as three of the longest exchanges have: what they take
# is bounded, and eight routers that come back together do not put each other out.
MOST_SENDERS = 16
MOST_HELD = 3 * MOST_PARTS * PART_LENGTH
_PART = (
    Field("version", whole(1)),
    Field("node", text),
    Field("digest", text),
    Field("part", whole(0, MOST_PARTS - 1)),
    Field("parts", whole(1, MOST_PARTS)),
    Field("data", any_text),
)
_BODY = (Field("base", mapping), Field("known", mapping), Field("blobs", mapping))


class SyncError(Exception):
    """Something was not done; code and facts by contract/replication.py."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(replication_text(code, facts))
        self.code = code
        self.facts = facts


class ChangeSet:
    """What one replica tells another; `digest` is the same as long as it would change the same."""

    def __init__(self, node: str, base: Knowledge, known: Knowledge) -> None:
        self.node = node
        self.base = base
        self.known = known
        self.units: dict[tuple[str, str], Unit] = {}
        self.files: dict[str, Item] = {}
        self.blobs: dict[str, bytes] = {}
        self.digest = ""

    def documents(self) -> list[dict[str, Any]]:
        """Return the parts."""
        content = self._content()
        self.digest = digest_of(content)
        body = {
            **content,
            "base": self.base,
            "known": self.known,
            "blobs": {digest: base64.b64encode(octets).decode() for digest, octets in self.blobs.items()},
        }
        data = base64.b64encode(zlib.compress(to_json(body), 6)).decode()
        cut = [data[at : at + PART_LENGTH] for at in range(0, len(data), PART_LENGTH)]
        head = {"version": VERSION, "node": self.node, "digest": _stamp(data), "parts": len(cut)}
        return [{**head, "part": number, "data": part} for number, part in enumerate(cut)]

    def _content(self) -> dict[str, Any]:
        table = DotTable()
        units = [unit_document(*key, unit, table) for key, unit in sorted(self.units.items())]
        files = [[path, item_document(item, table)] for path, item in sorted(self.files.items())]
        return {"units": units, "files": files, "dots": table.document()}


class Assembly:
    """Puts parts together, those of one exchange for each sender; what was begun before is forgotten."""

    def __init__(self) -> None:
        self._begun: dict[str, tuple[str, dict[int, str]]] = {}

    def take(self, document: Any) -> "ChangeSet | None":
        """Return the exchange when this is its last missing part. Raises SyncError."""
        node = document.get("node") if isinstance(document, dict) else None
        node = node if isinstance(node, str) else "?"
        try:
            return self._take(document)
        except (DocumentError, ValueError) as why:
            self._begun.pop(node, None)
            raise SyncError("document-wrong", node=node[:64], error=str(why)[:200]) from None

    def _take(self, document: Any) -> "ChangeSet | None":
        part = check_object(document, _PART, "part")
        node, parts = part["node"], part["parts"]
        if part["version"] != VERSION:
            raise SyncError("document-version", node=node[:64], found=part["version"], known=VERSION)
        if part["part"] >= parts or not 0 < len(part["data"]) <= PART_LENGTH or len(node) > 64:
            raise DocumentError("part: it is none of its parts, or too long")
        digest, have = self._begun.get(node, ("", {}))
        if digest != part["digest"]:
            have = {}
            self._begun.pop(node, None)
            self._begun[node] = (part["digest"], have)
        have[part["part"]] = part["data"]
        self._make_room(node)
        if any(number not in have for number in range(parts)):
            return None
        del self._begun[node]
        data = "".join(have[number] for number in range(parts))
        if _stamp(data) != part["digest"]:
            raise DocumentError("the parts do not fit together")
        return _read(node, data)

    def _make_room(self, node: str) -> None:
        """Forget who began first, but for the one that has just been heard, until little enough is held."""
        for oldest in [each for each in self._begun if each != node]:
            held = sum(len(data) for _digest, have in self._begun.values() for data in have.values())
            if len(self._begun) <= MOST_SENDERS and held <= MOST_HELD:
                return
            del self._begun[oldest]


def digest_of(content: dict[str, Any]) -> str:
    """Return what a change is known by, whoever it is told to."""
    return sha256(to_json(content)).hexdigest()[:32]


def _stamp(data: str) -> str:
    return sha256(data.encode("utf-8", "replace")).hexdigest()[:32]


def _read(node: str, data: str) -> ChangeSet:
    try:
        body = check_object(inflate(base64.b64decode(data, validate=True)), _BODY, "body")
    except binascii.Error as why:
        raise DocumentError(str(why)) from None
    exchange = ChangeSet(node, read_knowledge(body["base"], "base"), read_knowledge(body["known"], "known"))
    dots = read_dots(body.get("dots"), exchange.known)
    for each in _list(body, "units"):
        package, id, unit = read_unit(each, dots)
        exchange.units[package, id] = unit
    for each in _list(body, "files"):
        path, item = _read_file(each, dots)
        exchange.files[path] = item
    exchange.blobs = {digest: _read_blob(digest, each) for digest, each in body["blobs"].items()}
    exchange.digest = digest_of({key: body[key] for key in ("units", "files", "dots")})
    return exchange


def _list(body: dict[str, Any], key: str) -> list[Any]:
    if not isinstance(body.get(key), list):
        raise DocumentError("%s is not a list" % key)
    return list(body[key])


def _read_file(document: Any, dots: Any) -> "tuple[str, Item]":
    if not isinstance(document, list) or len(document) != 2:
        raise DocumentError("a file is not a pair")
    path, item = document
    if not isinstance(path, str) or not 1 < len(path) <= LONGEST_PATH or path[0] != "/":
        raise DocumentError("a file is not a path")
    if not path.isprintable() or any(part in ("", ".", "..") for part in path.split("/")[1:]):
        raise DocumentError("a file is not a path")
    return path, read_item(item, dots, is_file_value, path[:100])


def _read_blob(digest: str, document: Any) -> bytes:
    if not is_digest(digest) or not isinstance(document, str) or len(document) > LARGEST_FILE * 2:
        raise DocumentError("a file's content is not a text by its digest")
    octets = base64.b64decode(document, validate=True)
    if len(octets) > LARGEST_FILE or sha256(octets).hexdigest() != digest:
        raise DocumentError("a file's content is not that of its digest")
    return octets
