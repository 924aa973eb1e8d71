# SPDX-License-Identifier: GPL-2.0-or-later
"""ubus as octets: what libubus and ubusd say, what nobody should, and everything there and back."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haven.ubus.codec import (
    DEEPEST,
    INVOKE,
    LONGEST,
    UbusFrame,
    UbusMalformed,
    decode_table,
    encode_table,
    next_frame,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/ubus_frames.json").read_text())["frames"]
TABLES = ("data", "signature")

# A text ends at the first NUL, and ubus knows no half of a character.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4),
    max_leaves=10,
)
TABLE = st.dictionaries(NAME, VALUE, max_size=5)


def _attributes(vector: dict) -> dict:
    return {
        name: encode_table(value) if name in TABLES else value for name, value in vector["attributes"].items()
    }


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: f"{each['from']}-{each['kind']}")
def test_a_recorded_frame_is_read_and_written(vector: dict):
    octets = bytes.fromhex(vector["octets"])
    frame = UbusFrame(vector["kind"], vector["sequence"], vector["peer"], **_attributes(vector))
    assert next_frame(octets) == (frame, len(octets))
    assert frame.encode() == octets
    for name in TABLES:
        if name in frame.attributes:
            assert decode_table(frame.attributes[name]) == vector["attributes"][name]


def test_a_frame_that_has_not_all_come_is_waited_for():
    octets = bytes.fromhex(VECTORS[1]["octets"])
    assert [next_frame(octets[:length]) for length in range(len(octets))] == [None] * len(octets)


def test_what_follows_a_frame_is_left():
    octets = bytes.fromhex(VECTORS[1]["octets"])
    found = next_frame(octets + octets[:5])
    assert found is not None and found[1] == len(octets)


@pytest.mark.parametrize(
    "octets",
    [
        struct.pack(">BBHII", 1, 0, 0, 7, 4),
        struct.pack(">BBHII", 0, 0, 0, 7, 3),
        struct.pack(">BBHII", 0, 0, 0, 7, LONGEST + 1),
        struct.pack(">BBHIIIB", 0, 1, 0, 7, 9, 0x01000005, 0),
        struct.pack(">BBHIII", 0, 1, 0, 7, 8, 0x01000003),
        struct.pack(">BBHIII", 0, 1, 0, 7, 8, 0x01000009),
        struct.pack(">BBHIII2s", 0, 1, 0, 7, 10, 0x02000006, b"ab"),
    ],
    ids=["version", "short", "long", "number", "no-header", "beyond", "unended"],
)
def test_what_is_no_frame_is_refused(octets: bytes):
    with pytest.raises(UbusMalformed):
        next_frame(octets)


def test_an_attribute_of_a_later_ubus_is_passed_over():
    octets = struct.pack(">BBHIIIIII", 0, 1, 0, 7, 20, 0x01000008, 0, 0x63000008, 1)
    assert next_frame(octets) == (UbusFrame(1, 0, 7, status=0), 28)


def test_nothing_is_sent_that_ubusd_hangs_up_for():
    most = LONGEST - 4 - 4
    assert len(UbusFrame(INVOKE, 1, 2, data=bytes(most)).encode()) == 8 + LONGEST
    with pytest.raises(UbusMalformed):
        UbusFrame(INVOKE, 1, 2, data=bytes(most + 4)).encode()


@given(TABLE)
def test_every_document_comes_back(table: dict):
    assert decode_table(encode_table(table)) == table


@given(TABLE, st.integers(0, 255), st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_every_frame_comes_back(table: dict, kind: int, sequence: int, peer: int):
    frame = UbusFrame(kind, sequence, peer, object=peer, method="m", no_reply=True, data=encode_table(table))
    octets = frame.encode()
    assert next_frame(octets) == (frame, len(octets))


@given(st.binary(max_size=200))
def test_any_octets_are_a_table_or_refused(octets: bytes):
    try:
        assert isinstance(decode_table(octets), dict)
    except UbusMalformed:
        return


@given(TABLE, st.data())
def test_a_damaged_frame_is_read_or_refused(table: dict, data: st.DataObject):
    octets = bytearray(UbusFrame(INVOKE, 1, 2, object=3, method="status", data=encode_table(table)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = next_frame(octets)
        if found is not None and "data" in found[0].attributes:
            decode_table(found[0].attributes["data"])
    except UbusMalformed:
        return


def test_tables_nested_without_end_are_refused():
    octets = b""
    for _ in range(DEEPEST + 2):
        octets = struct.pack(">IHBx", 0x82000000 | 8 + len(octets), 1, 0x61) + octets
    with pytest.raises(UbusMalformed, match="deep"):
        decode_table(octets)


def test_a_table_whose_entry_has_no_name_is_refused():
    with pytest.raises(UbusMalformed):
        decode_table(struct.pack(">IHBxI", 0x8500000C, 0, 0, 1))


def test_a_number_of_which_octets_are_missing_is_refused():
    with pytest.raises(UbusMalformed):
        decode_table(struct.pack(">IHBxH", 0x8500000A, 1, 0x61, 1))


def test_of_two_entries_of_one_name_the_first_counts():
    assert decode_table(encode_table({"on": True}) + encode_table({"on": False})) == {"on": True}


def test_what_ubus_has_no_way_to_say_is_refused():
    for value in (1 << 64, b"octets", {"n": object()}):
        with pytest.raises(UbusMalformed):
            encode_table({"value": value})
    with pytest.raises(UbusMalformed):
        encode_table({"n" * 65536: 1})


def test_a_text_with_nul_or_half_a_character_goes_through_whole():
    assert decode_table(encode_table({"text": "a\0b\udc80c"})) == {"text": "a\ufffdb?c"}
