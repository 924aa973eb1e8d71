# SPDX-License-Identifier: GPL-2.0-or-later
"""Any text gives sections or problems, never an exception; what is written reads back."""

import string

from hypothesis import given
from hypothesis import strategies as st

from haven.config.example import EXAMPLE
from haven.config.load import load_text
from haven.config.options import SECTIONS
from haven.config.uci.document import UciSection, parse, write

NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12)
CONTROL = "".join(chr(code) for code in range(32) if chr(code) not in "\t\r\n")
VALUES = st.text(st.characters(exclude_characters=CONTROL, exclude_categories=["Cs"]), max_size=30)
OPTION_NAMES = st.sampled_from([option.name for section in SECTIONS for option in section.options])
PIECES = st.sampled_from(
    ["config ", "option ", "list ", "package ", "\n", "'", '"', "\\", "#", ";", " ", "\r\n", "\0", "a", "é"]
    + ["virtual_router", "address", "1.2.3.4/24", "fe80::1", "default via ", "51"]
)


@st.composite
def sections(draw):
    section = UciSection(draw(NAMES), draw(st.one_of(st.just(""), NAMES)))
    for name, value, listed in draw(st.lists(st.tuples(NAMES, VALUES, st.booleans()), max_size=5)):
        section.add(name, value, listed=listed)
    return section


@st.composite
def near_sections(draw):
    """Sections with known types and options, and values of any sort."""
    section = UciSection(draw(st.sampled_from([type.name for type in SECTIONS])), draw(NAMES))
    some_value = st.one_of(VALUES, st.sampled_from(["1", "2", "3", "10.0.0.1/24", "fe80::1", "lan", "a:1"]))
    for name, value, listed in draw(st.lists(st.tuples(OPTION_NAMES, some_value, st.booleans()), max_size=8)):
        section.add(name, value, listed=listed)
    return section


def check_never_raises(text):
    model, problems = load_text(text, "f", "r1")
    assert (model is None) == bool(problems)
    for problem in problems:
        assert 0 <= problem.line <= text.count("\n") + 1
        assert problem.message and len(str(problem).splitlines()) == 1


@given(st.text())
def test_random_text_never_raises(text):
    check_never_raises(text)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_random_pieces_of_uci_never_raise(text):
    check_never_raises(text)


@given(st.lists(near_sections(), max_size=4))
def test_random_values_of_known_options_never_raise(written):
    check_never_raises(write(written))


@given(st.integers(0, len(EXAMPLE)), st.integers(0, 30), st.text(max_size=3))
def test_a_damaged_example_never_raises(at, cut, put):
    check_never_raises(EXAMPLE[:at] + put + EXAMPLE[at + cut :])


@given(st.lists(sections(), max_size=4))
def test_a_written_configuration_parses_back(written):
    read, problems = parse(write(written))
    assert problems == []
    assert [content(section) for section in read] == [content(section) for section in written]


def content(section):
    return section.type, section.name, [(each.name, each.value, each.listed) for each in section.entries]
