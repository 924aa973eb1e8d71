# SPDX-License-Identifier: GPL-2.0-or-later
"""Words between a small node and a full one: whoever has not the key reads nothing and writes nothing."""

from haven.core.auth.sealed_line import LONGEST_RECORD, NotGenuine, SealedLine, digest, key_id

KEY = bytes(range(16))
ONE, OTHER = b"a" * 16, b"b" * 16
WORDS = b"the password is 'secret' " * 300


def ends(key=KEY):
    return SealedLine(KEY, ONE, OTHER, True), SealedLine(key, ONE, OTHER, False)


def opens(end, octets):
    try:
        end.take(octets)
    except NotGenuine:
        return False
    return True


def test_what_one_says_the_other_reads_in_whatever_pieces_it_comes():
    asks, answers = ends()
    sealed = asks.document(WORDS)
    found = []
    for at in range(0, len(sealed), 700):
        found += answers.take(sealed[at : at + 700])
    assert found[-1] == b"" and b"".join(found) == WORDS
    assert len(found[0]) == LONGEST_RECORD
    assert b"".join(asks.take(answers.document(b"done"))) == b"done"
    assert opens(answers, asks.document(b""))


def test_nothing_of_it_can_be_read_on_the_way():
    asks, _answers = ends()
    sealed = asks.document(WORDS)
    assert b"secret" not in sealed
    # The same words again look otherwise.
    assert sealed[:64] != asks.document(WORDS)[:64]


def test_what_is_changed_repeated_left_out_or_sent_back_does_not_open():
    sealed = ends()[0].document(b"one" * 40)
    for at in range(len(sealed)):
        changed = bytearray(sealed)
        changed[at] ^= 1
        _asks, answers = ends()
        # A length that was changed may wait for more: then nothing is said either.
        assert not opens(answers, bytes(changed)) or answers.take(b"") == []
    first, second = ends()[0].document(b"one"), len(ends()[0].document(b""))
    _asks, answers = ends()
    assert opens(answers, first) and not opens(answers, first)
    assert not opens(ends()[1], first[-second:])
    asks, _answers = ends()
    assert not opens(asks, asks.document(b"one"))


def test_another_key_and_other_numbers_open_nothing():
    sealed = ends()[0].document(b"one")
    assert not opens(ends(bytes(16))[1], sealed)
    assert not opens(SealedLine(KEY, OTHER, ONE, False), sealed)


def test_a_record_that_is_too_long_is_none():
    assert not opens(ends()[1], b"\xff\xff")


def test_a_key_is_called_by_what_says_nothing_of_it():
    assert len(key_id(KEY, 8)) == 8
    assert key_id(KEY, 8) != key_id(bytes(16), 8)
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
