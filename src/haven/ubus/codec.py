# SPDX-License-Identifier: GPL-2.0-or-later
"""ubus as octets: frames, their attributes, and the tables in them (blobmsg); no input or output.

The format is that of ubus's ubusmsg.h and of libubox's blob.h and blobmsg.h. Numbers are big-endian. An
attribute begins with an octet that says what it is and three with its length, header included; the next
one begins at a multiple of four.
"""

import struct
from collections.abc import Iterator
from typing import Any

# UBUS_MAX_MSGLEN: ubusd ends the connection of who sends more, and so do we.
LONGEST = 1 << 20
# Ours have four levels; a hundred thousand would exhaust Python's stack.
DEEPEST = 32

(HELLO, STATUS, DATA, PING, LOOKUP, INVOKE) = range(6)
(ADD_OBJECT, REMOVE_OBJECT, SUBSCRIBE, UNSUBSCRIBE, NOTIFY) = range(6, 11)

# ubus_msg_attr: what the octet in front of an attribute means, and how its body is read.
_ATTRIBUTES = {
    1: ("status", "number"),
    2: ("path", "text"),
    3: ("object", "number"),
    4: ("method", "text"),
    5: ("type", "number"),
    6: ("signature", "octets"),
    7: ("data", "octets"),
    8: ("target", "number"),
    9: ("active", "flag"),
    10: ("no_reply", "flag"),
    11: ("subscribers", "octets"),
    12: ("user", "text"),
    13: ("group", "text"),
}
_NUMBERS = {name: (number, form) for number, (name, form) in _ATTRIBUTES.items()}

# blobmsg_type
(NOTHING, ARRAY, TABLE, STRING, INT64, INT32, INT16, BOOL, DOUBLE) = range(9)
_PACKED = {INT64: ">q", INT32: ">i", INT16: ">h", BOOL: ">b", DOUBLE: ">d"}
# Such an attribute begins with a name; frames have those without.
_NAMED = 0x80

Table = dict[str, Any]


class UbusMalformed(ValueError):
    """Octets that are no ubus, or a value that ubus cannot carry."""


class UbusFrame:
    """One message: its kind, the number of the request it belongs to, the peer, and its attributes.

    `signature` and `data` are left as octets: what a caller writes in there is his own matter.
    """

    def __init__(self, kind: int, sequence: int, peer: int, **attributes: Any) -> None:
        self.kind = kind
        self.sequence = sequence
        self.peer = peer
        self.attributes = attributes

    def __repr__(self) -> str:
        return f"Frame({self.kind}, {self.sequence}, {self.peer}, {self.attributes})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UbusFrame) and vars(self) == vars(other)

    def number(self, name: str) -> int | None:
        """Return an attribute that is a number, or None."""
        value = self.attributes.get(name)
        return value if isinstance(value, int) else None

    def encode(self) -> bytes:
        """Return the octets. Raises Malformed for more than ubusd takes."""
        body = b"".join(_attribute(name, value) for name, value in self.attributes.items())
        if 4 + len(body) > LONGEST:
            raise UbusMalformed("a message of %d octets is more than ubus takes" % len(body))
        head = struct.pack(">BBHI", 0, self.kind, self.sequence, self.peer)
        return head + _blob(0, body)


def next_frame(octets: "bytes | bytearray") -> tuple[UbusFrame, int] | None:
    """Return the first frame and its length, or None while it has not all come. Raises Malformed."""
    if len(octets) < 12:
        return None
    version, kind, sequence, peer, head = struct.unpack_from(">BBHII", octets)
    length = head & 0xFFFFFF
    if version != 0 or not 4 <= length <= LONGEST:
        raise UbusMalformed("no frame of ubus: version %d, length %d" % (version, length))
    if len(octets) < 8 + length:
        return None
    attributes = _read_attributes(bytes(octets[12 : 8 + length]))
    return UbusFrame(kind, sequence, peer, **attributes), 8 + length


def _read_attributes(octets: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, body in _blobs(octets):
        # A later ubus may have attributes that we do not know.
        name, form = _ATTRIBUTES.get(number & 0x7F, ("", ""))
        if name:
            found[name] = _read(form, body)
    return found


def _read(form: str, body: bytes) -> "int | bool | str | bytes":
    if form == "number":
        return int(_unpacked(">I", body))
    if form == "flag":
        return bool(_unpacked(">b", body))
    return _text(body) if form == "text" else body


def _attribute(name: str, value: Any) -> bytes:
    number, form = _NUMBERS[name]
    if form == "number":
        return _blob(number, struct.pack(">I", value))
    if form == "flag":
        return _blob(number, struct.pack(">b", value))
    return _blob(number, _terminated(value) if form == "text" else value)


# blobmsg


def encode_table(table: Table) -> bytes:
    """Return a JSON document as blobmsg. Raises Malformed for what ubus cannot carry."""
    return b"".join(_encode(str(name), value) for name, value in table.items())


def decode_table(octets: bytes) -> Table:
    """Return what blobmsg says, of doubles of one name the first, as libubox does. Raises Malformed."""
    return _decode_table(octets, 0)


def _encode(name: str, value: Any) -> bytes:
    kind, body = _typed(value)
    octets = _terminated(name)
    if len(octets) > 0x10000:
        raise UbusMalformed("a name of %d octets" % len(octets))
    return _blob(_NAMED | kind, _padded(struct.pack(">H", len(octets) - 1) + octets) + body)


def _typed(value: Any) -> tuple[int, bytes]:
    if value is None:
        return NOTHING, b""
    if isinstance(value, dict):
        return TABLE, encode_table(value)
    if isinstance(value, (list, tuple)):
        return ARRAY, b"".join(_encode("", each) for each in value)
    if isinstance(value, str):
        return STRING, _terminated(value)
    return _typed_number(value)


def _typed_number(value: Any) -> tuple[int, bytes]:
    if isinstance(value, bool):
        kind = BOOL
    elif isinstance(value, int):
        kind = INT32 if -(1 << 31) <= value < 1 << 31 else INT64
    elif isinstance(value, float):
        kind = DOUBLE
    else:
        raise UbusMalformed("ubus has no %s" % type(value).__name__)
    try:
        return kind, struct.pack(_PACKED[kind], value)
    except struct.error:
        raise UbusMalformed("ubus has no number as great as %d" % value) from None


def _decode_table(octets: bytes, depth: int) -> Table:
    found: Table = {}
    for name, value in _entries(octets, depth):
        if not name:
            raise UbusMalformed("an entry of a table has no name")
        found.setdefault(name, value)
    return found


def _entries(octets: bytes, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise UbusMalformed("tables are nested too deep")
    for kind, body in _blobs(octets):
        name, value = _split_name(body) if kind & _NAMED else ("", body)
        yield name, _decode(kind & 0x7F, value, depth)


def _split_name(body: bytes) -> tuple[str, bytes]:
    length = int(_unpacked(">H", body[:2]))
    end = 2 + length + 1
    if len(body) < end or body[end - 1] != 0:
        raise UbusMalformed("a name does not end")
    return _text(body[2:end]), body[(end + 3) & ~3 :]


def _decode(kind: int, body: bytes, depth: int) -> Any:
    if kind == NOTHING:
        return None
    if kind == TABLE:
        return _decode_table(body, depth + 1)
    if kind == ARRAY:
        return [value for _name, value in _entries(body, depth + 1)]
    if kind == STRING:
        return _text(body)
    if kind not in _PACKED:
        raise UbusMalformed("there is no type %d" % kind)
    value = _unpacked(_PACKED[kind], body)
    return bool(value) if kind == BOOL else value


# blob


def _blob(number: int, body: bytes) -> bytes:
    length = 4 + len(body)
    if length > 0xFFFFFF:
        raise UbusMalformed("an attribute of %d octets is more than ubus takes" % length)
    return _padded(struct.pack(">I", number << 24 | length) + body)


def _blobs(octets: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(octets):
        head = int(_unpacked(">I", octets[at : at + 4]))
        length = head & 0xFFFFFF
        if not 4 <= length <= len(octets) - at:
            raise UbusMalformed("an attribute of %d octets where %d are left" % (length, len(octets) - at))
        yield head >> 24, octets[at + 4 : at + length]
        at += (length + 3) & ~3


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _terminated(text: str) -> bytes:
    # A text ends at the first NUL; one within it would cut it short.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace") + b"\0"


def _text(body: bytes) -> str:
    if not body.endswith(b"\0"):
        raise UbusMalformed("a text does not end")
    return body.partition(b"\0")[0].decode("utf-8", "replace")


def _unpacked(form: str, body: bytes) -> Any:
    if len(body) != struct.calcsize(form):
        raise UbusMalformed("%d octets where %d are due" % (len(body), struct.calcsize(form)))
    return struct.unpack(form, body)[0]
