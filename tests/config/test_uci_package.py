# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole package reads as libuci reads it, and what is written reads as the same."""

import string

from hypothesis import given
from hypothesis import strategies as st

from haven.config.uci.package import PackageSection, read_package, write_package

NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8)
CONTROL = "".join(chr(code) for code in range(32) if chr(code) not in "\t\r\n")
TEXTS = st.text(st.characters(exclude_characters=CONTROL, exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(TEXTS.filter(bool), st.lists(TEXTS, min_size=1, max_size=4))


def read(text: str) -> list[PackageSection]:
    sections, problems = read_package(text, "f", "f")
    assert problems == []
    return sections


def options(text: str) -> dict:
    return read("config t\n" + text)[0].options


def test_the_last_word_on_an_option_counts():
    assert options("option a 1\noption a 2\n") == {"a": "2"}
    assert options("option a 1\noption a ''\n") == {}
    assert options("option a ''\n") == {}
    assert options("list a 1\noption a 2\n") == {"a": "2"}


def test_a_list_takes_in_the_option_before_it():
    assert options("option a 1\nlist a 2\nlist a 3\n") == {"a": ["1", "2", "3"]}
    assert options("list a ''\nlist a x\n") == {"a": ["", "x"]}
    assert list(options("option a 1\noption b 1\nlist a 2\n")) == ["b", "a"]


def test_sections_of_one_name_are_one():
    sections = read("config a 'x'\n\toption p 1\nconfig b\nconfig c 'x'\n\toption q 2\n")
    assert sections == [PackageSection("c", "x", {"p": "1", "q": "2"}), PackageSection("b")]


def test_it_is_written_as_uci_commits_it():
    text = "\nconfig rule\n\toption name 'it'\\''s'\n\tlist p 'a b'\n\tlist p 'c'\n\nconfig x 'n'\n\n"
    assert write_package(read(text)) == text
    assert write_package([]) == "\n" and read("\n") == []


def test_a_damaged_package_has_problems():
    assert read_package("config a\n\toption x 'y\n", "f", "f")[1]
    assert read_package("package other\n", "f", "f")[1]


@given(st.lists(st.tuples(NAMES, st.one_of(st.just(""), NAMES), st.dictionaries(NAMES, VALUES)), max_size=4))
def test_what_is_written_reads_the_same(written: list):
    sections = [PackageSection(type, name, options) for type, name, options in written]
    names = [section.name for section in sections if section.name]
    if len(set(names)) == len(names):
        assert read(write_package(sections)) == sections


def test_a_type_that_needs_quotes_is_written_with_them():
    for type in ("a#b", "a;b", "it's", 'x"y', "back\\slash"):
        sections = [PackageSection(type, "", {"x": "1"})]
        assert read(write_package(sections)) == sections
