# SPDX-License-Identifier: GPL-2.0-or-later
"""UCI text, on CPython and on MicroPython."""

from haven.config.spelling import near
from haven.config.uci.document import UciSection, parse, write
from haven.contract.diagnostics import Diagnostic


def one_value(line):
    sections, problems = parse("config t\n\toption x " + line + "\n")
    assert problems == [], problems
    return sections[0].entries[0].value


def complaints(text):
    return [str(problem) for problem in parse(text, "f")[1]]


def test_a_section_has_type_name_line_and_entries():
    text = "\n# head\nconfig haven 'main'\n\toption node 'r1'\n\tlist l 'a'\n\tlist l 'b'\n"
    sections, problems = parse(text)
    assert problems == []
    assert (sections[0].type, sections[0].name, sections[0].line) == ("haven", "main", 3)
    entries = [(each.name, each.value, each.line, each.listed) for each in sections[0].entries]
    assert entries == [("node", "r1", 4, False), ("l", "a", 5, True), ("l", "b", 6, True)]


def test_an_unnamed_section_is_called_by_its_number():
    sections, _ = parse("config a\nconfig b\nconfig a\nconfig a 'x'\n")
    assert [section.label for section in sections] == ["@a[0]", "@b[0]", "@a[1]", "a 'x'"]


def test_quotes_join_into_one_word():
    assert one_value("'a b'") == "a b"
    assert one_value('"a b"') == "a b"
    assert one_value("a'b c'\"d e\"f") == "ab cd ef"
    assert one_value("''") == ""
    assert one_value("'it'\\''s'") == "it's"


def test_backslash_escapes_outside_and_in_double_quotes_only():
    assert one_value("a\\ b") == "a b"
    assert one_value('"a\\"b"') == 'a"b'
    assert one_value("'a\\b'") == "a\\b"
    assert one_value("a\\\nb") == "ab"
    assert one_value("a\\\r\nb") == "ab"


def test_hash_starts_a_comment_unless_quoted():
    assert one_value("a#b c d") == "a"
    assert one_value("'a#b' # why") == "a#b"
    assert one_value("a\\#b") == "a#b"


def content(text):
    sections, problems = parse(text, "f")
    read = [
        [each.type, each.name] + [(entry.name, entry.value) for entry in each.entries] for each in sections
    ]
    return read, [problem.code for problem in problems]


def test_semicolon_ends_a_statement_where_libuci_takes_it_for_an_end():
    assert content("config a 'n'; option x '1' ; o y \"2;3\"; l z 4 ; # end") == (
        [["a", "n", ("x", "1"), ("y", "2;3"), ("z", "4")]],
        [],
    )
    assert content("config a\noption x 1;\noption y 2 # ; option z 3") == (
        [["a", "", ("x", "1"), ("y", "2")]],
        [],
    )
    assert content("config a;\nconfig b ;\nconfig 'c'; # d") == ([["a", ""], ["b", ""], ["c", ""]], [])
    assert content("config a\noption x a\\;b; # c\noption y \\1; option z 3") == (
        [["a", "", ("x", "a;b"), ("y", "1"), ("z", "3")]],
        [],
    )


def test_what_libuci_does_not_read_after_a_semicolon_is_said():
    # It forgets the rest of the line, takes it for another word, or refuses it.
    for text in (
        "config a\noption x 1; option y 2\n",
        "config a; option x 1\n",
        "config a ; option x 1\n",
        "config 'a'; option x 1\n",
        "config a\noption x '1';\noption y 2\n",
        "config a\noption x 1;;\n",
        "config a\noption x '1';\r\n",
    ):
        assert content(text)[1] == ["semicolon"], text
    assert content("config a\n; option x 1\n")[1] == ["line-start"]
    assert content("config a\noption x 1 '' o y 2\n")[1] == ["option-words"]
    assert content("config;\n")[1] == content("config\va\n")[1] == ["line-start"]
    assert complaints("config a 'n'\noption x 1; option y 2\n") == [
        "f:2: a 'n', option 'x': uci reads what follows ';' here in another way, or not at all; "
        "begin a new line instead"
    ]


def test_a_nul_is_found_wherever_it_is():
    # libuci takes the line after it for a part of it.
    assert content("config a\n# \0\noption x 1\n") == ([["a", "", ("x", "1")]], ["nul"])
    assert content("config a\n\0\noption x 1 # \0\n")[1] == ["nul", "nul"]


def test_control_characters_are_refused_as_libuci_does():
    assert content("config a\noption x 'a\x01'\noption y 'a\tb\nc'\n") == (
        [["a", "", ("y", "a\tb\nc")]],
        ["option-control"],
    )


def test_a_million_mistakes_are_not_all_told():
    assert len(parse("x\n" * 20000, "f")[1]) == 1000


def test_short_keywords_tabs_and_windows_line_ends_are_read():
    sections, problems = parse("c\tt\tn\r\no x 1\r\nl y 2\r\n")
    assert problems == []
    assert [(each.name, each.value, each.listed) for each in sections[0].entries] == [
        ("x", "1", False),
        ("y", "2", True),
    ]


def test_a_quoted_value_may_have_several_lines_and_lines_are_still_counted():
    sections, problems = parse("config t\noption x 'a\nb'\noption y 1\n")
    assert problems == []
    assert [(each.value, each.line) for each in sections[0].entries] == [("a\nb", 2), ("1", 4)]


def test_a_forgotten_quote_costs_one_line():
    text = "config t 'n'\n\toption x 'a\n\toption y 'b'\n"
    sections, problems = parse(text, "f")
    assert [str(problem) for problem in problems] == ["f:2: t 'n', option 'x': the quote ' is not closed"]
    assert [each.name for each in sections[0].entries] == ["y"]
    assert complaints('config t\noption x "a') == ["f:2: @t[0], option 'x': the quote \" is not closed"]


def test_a_package_line_must_name_this_package():
    assert complaints("package haven\nconfig t\n") == []
    assert complaints("package network\n") == ["f:1: this is the configuration of 'haven', not of 'network'"]
    assert complaints("package\n") == ["f:1: 'package' takes one name"]
    assert complaints("package 'haven\n") == ["f:1: the quote ' is not closed"]


def test_an_unknown_first_word_is_reported_with_the_nearest():
    assert complaints("config t 'n'\noptoin x 1\n") == [
        "f:2: t 'n': a line cannot start with 'optoin'; did you mean 'option'?"
    ]
    assert complaints("[section]\n") == ["f:1: a line cannot start with '[section]'"]
    assert complaints("'config' t\n") == ["f:1: the first word of a line must stand without quotes"]


def test_bad_config_lines_are_reported_and_do_not_leak_into_the_section_before():
    text = "config a\nconfig b 'my lan'\noption x 1\n"
    assert complaints(text) == ["f:2: the section name 'my lan' may hold only letters, digits and _"]
    assert parse(text)[0][0].entries == []
    assert complaints("config\n") == ["f:1: 'config' needs a section type"]
    assert complaints("config a b c\n") == ["f:1: too many words; a section has a type and a name"]
    assert complaints("config 'a b'\n") == [
        "f:1: the section type 'a b' holds a character that UCI does not allow"
    ]


def test_bad_option_lines_are_reported():
    assert complaints("option x 1\n") == ["f:1: option 'x': stands before the first 'config' line"]
    assert complaints("config t\noption\n") == ["f:2: @t[0]: an option needs a name and a value"]
    assert complaints("config t\noption x\n") == ["f:2: @t[0], option 'x': has no value"]
    assert complaints("config t\noption x a b\n") == [
        "f:2: @t[0], option 'x': has more than one value; put quotes around a value with spaces"
    ]
    assert complaints("config t\noption my-x a\n") == [
        "f:2: @t[0]: the option name 'my-x' may hold only letters, digits and _"
    ]
    assert complaints("config t\noption x a\0b\n") == ["f:2: @t[0], option 'x': holds a NUL character"]


def test_what_is_written_reads_back():
    section = UciSection("virtual_router", "lan")
    values = ["it's", 'a "b"', "c\\d # e; f", "", "two\nlines", "a\noption x 1", "ä"]
    for value in values:
        section.add("x", value)
    section.add("y", "1", listed=True)
    sections, problems = parse(write([section]))
    assert problems == []
    assert sections[0].label == "virtual_router 'lan'"
    assert [each.value for each in sections[0].entries] == values + ["1"]
    assert [each.listed for each in sections[0].entries] == [False] * len(values) + [True]


def test_a_line_end_in_a_section_type_does_not_get_into_messages():
    _sections, problems = parse("config 'a\r\nb'\noption x\n", "f")
    assert len(problems) == 2
    assert all(len(str(problem).splitlines()) == 1 for problem in problems)


def test_diagnostics_are_values():
    place = ("t 'n'", "t", "n")
    one = Diagnostic("option-unknown", {}, "f", 2, place, "x")
    assert one == Diagnostic("option-unknown", {}, "f", 2, place, "x")
    assert one != Diagnostic("option-unknown", {}, "f", 3, place, "x")
    assert len({one, Diagnostic("option-unknown", {}, "f", 2, place, "x")}) == 1
    assert str(one) == "f:2: t 'n', option 'x': is not known"
    assert str(Diagnostic("file-not-utf8", {}, "f")) == "f: is not UTF-8 text"
    assert one.as_dict() == {
        "file": "f",
        "line": 2,
        "section": "t 'n'",
        "section_type": "t",
        "section_name": "n",
        "option": "x",
        "code": "option-unknown",
        "facts": {},
        "message": "is not known",
        "text": "f:2: t 'n', option 'x': is not known",
    }


def test_near_finds_slips_and_leaves_strangers():
    known = ("preempt", "priority", "vrid", "lan")
    assert near("premept", known) == "preempt"
    assert near("Priority", known) == "priority"
    assert near("wan", known) == "lan"
    assert near("enabled", known) is None
    assert near("x" * 10000, known) is None
    assert near("4", ("2", "3")) is None
