# SPDX-License-Identifier: GPL-2.0-or-later
"""Catalogues of translations: .po text in, LuCI's .lmo out (modules/luci-base/src/po2lmo.c of LuCI)."""

from __future__ import annotations

import re
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    Messages = dict[str, str]

# A text that has a context stands under both, as in LuCI: the context, CONTEXT_ENDS, the text.
CONTEXT_ENDS = "\x01"

_LINE = re.compile(r'^(?:(msgctxt|msgid|msgstr) )?"(.*)"$')
_FIELDS = ("msgctxt", "msgid", "msgstr")
_MASK = 0xFFFFFFFF


def read_po(text: str) -> Messages:
    """Read a catalogue; the header has the empty name."""
    found: Messages = {}
    fields = dict.fromkeys(_FIELDS, "")
    current = ""
    for line in [*text.splitlines(), 'msgid ""']:
        match = _LINE.match(line)
        if match is None:
            continue
        if match.group(1) in ("msgctxt", "msgid") and current == "msgstr":
            found[named(fields["msgid"], fields["msgctxt"])] = fields["msgstr"]
            fields = dict.fromkeys(_FIELDS, "")
        current = match.group(1) or current
        fields[current] += _plain(match.group(2))
    return found


def named(text: str, context: str) -> str:
    """Return what a text is found by."""
    return context + CONTEXT_ENDS + text if context else text


def quoted(text: str) -> str:
    """Write a string as .po has it."""
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found.group(1), found.group(1)), text)


def hash_of(text: str) -> int:
    """Hash a string as LuCI does: SuperFastHash, begun with the length."""
    octets = text.encode()
    value, rest = len(octets), len(octets) & 3
    whole = len(octets) - rest
    for at in range(0, whole, 4):
        low, high = struct.unpack_from("<HH", octets, at)
        value = (value + low) & _MASK
        value = ((value << 16) ^ (high << 11) ^ value) & _MASK
        value = (value + (value >> 11)) & _MASK
    return _end(_rest(value, octets[whole:])) if octets else 0


def _rest(value: int, octets: bytes) -> int:
    if not octets:
        return value
    # The last octet of an odd number is a signed one.
    last = struct.unpack("b", octets[-1:])[0]
    if len(octets) == 1:
        value = (value + last) & _MASK
        value = (value ^ (value << 10)) & _MASK
        return (value + (value >> 1)) & _MASK
    value = (value + struct.unpack("<H", octets[:2])[0]) & _MASK
    if len(octets) == 2:
        value = (value ^ (value << 11)) & _MASK
        return (value + (value >> 17)) & _MASK
    value = (value ^ (value << 16) ^ (last << 18)) & _MASK
    return (value + (value >> 11)) & _MASK


def _end(value: int) -> int:
    for shift, is_left in ((3, True), (5, False), (4, True), (17, False), (25, True), (6, False)):
        value = (value ^ (value << shift) if is_left else value + (value >> shift)) & _MASK
    return value


def lmo(messages: Messages) -> bytes:
    """Return a catalogue as LuCI reads it: texts, an index sorted by hash, and where the index begins."""
    texts, rows = b"", []
    for name, said in messages.items():
        key, octets = (0, _plural(said)) if not name else (hash_of(name), said.encode())
        if octets and key != hash_of(said):
            rows.append((key, 1 if name else 0, len(texts), len(octets)))
            texts += octets + bytes(-len(octets) % 4)
    index = b"".join(struct.pack(">4I", *row) for row in sorted(rows))
    return texts + index + struct.pack(">I", len(texts))


def _plural(header: str) -> bytes:
    found = re.search(r"^Plural-Forms: (.*)$", header, re.MULTILINE)
    return found.group(1).encode() if found else b""
