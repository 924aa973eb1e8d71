# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs go by codes and facts: nobody takes an English sentence apart, or has one of another's."""

import re
from collections.abc import Iterator
from pathlib import Path

from haven.openwrt.catalogue import texts

ROOT = Path(__file__).parents[2]
SOURCES = {
    path.relative_to(ROOT): path.read_text()
    for folder, suffixes in (
        ("src/haven", (".py",)),
        ("files", (".js", ".sh", "")),
        ("luasrc", (".lua", ".htm")),
        ("tests", (".py",)),
        ("bench", (".py",)),
    )
    for path in sorted((ROOT / folder).rglob("*"))
    # The catalogue is the contract in another language, written by `make po`.
    if path.is_file() and path.suffix in suffixes and path != Path(__file__) and path.stem != "catalogue"
}

# What holds a sentence in a document of ours, as each language names a key.
KEY = "(?:message|text|say|error|do|complaint|output)"
SENTENCE = rf"""(?:\.{KEY}\b|\[["']{KEY}["']\]|str\((?:why|error)\))"""
DOES = (
    r"r?split|splitlines|r?partition|g?match|gsub|find|search|index|indexOf|starts[Ww]ith|ends[Ww]ith"
    r"|removeprefix|removesuffix|replace\w*|substr\w*|slice|sub"
)
TAKES_APART = (
    # sentence.split(...), sentence:match(...), sentence.strip().removeprefix(...)
    rf"{SENTENCE}\s*(?:[.:]\w*(?:strip|trim\w*|lower|casefold)\(\))*[.:](?:{DOES})\(",
    # re.search("...", sentence), /.../.exec(sentence)
    rf"(?:\bre\.\w+|\.exec|\.test)\([^()\n]*{SENTENCE}",
)
# (file, line): these read what is none of haven's sentences.
READ_OTHERWISE = {
    # LuCI writes its stack behind an error's message.
    ("haven/api.js", "found.message.split(/\\n\\s+at /)[0]"),
    # The first line of what nft says.
    ("conntrack/guard.py", 'outcome.complaint.strip().split("\\n")[0]'),
    # A configuration, and the texts of two facts.
    ("test_ubus_agent.py", "node.text.replace("),
    ("test_luci_setup.py", 'arguments["text"].replace('),
    ("test_cli_orders.py", 'problem["text"].endswith(problem["message"])'),
    ("test_openwrt_pages.py", 'problem["text"].endswith(problem["message"])'),
    ("test_plan_command.py", 'problem["text"].endswith(problem["message"])'),
}
SHORTEST_PHRASE = 20


def _taken_apart() -> Iterator[tuple[str, str]]:
    for path, text in SOURCES.items():
        for line in text.splitlines():
            if any(re.search(shape, line) for shape in TAKES_APART):
                yield str(path), line.strip()


def test_no_page_program_or_test_takes_a_sentence_apart():
    found = [
        (path, line)
        for path, line in _taken_apart()
        if not any(path.endswith(end) and part in line for end, part in READ_OTHERWISE)
    ]
    assert found == []


# What a page says when nothing was asked at all may be in the words of a refusal, and a question in its own;
# what failures are called is the word of whoever failed.
WORDS_OF_ALL = ("refusals", "pairing", "setup", "questions", "failure_words")


def test_the_words_of_a_code_stand_in_the_contract_alone():
    phrases = {
        phrase.strip()
        for name, table in texts().items()
        if name not in WORDS_OF_ALL
        for text in table.values()
        for phrase in re.split(r"\{\w+\}", text)
        if len(phrase.strip()) >= SHORTEST_PHRASE
    }
    assert len(phrases) > 150
    elsewhere = [
        (str(path), phrase)
        for path, text in SOURCES.items()
        if path.parts[:3] != ("src", "haven", "contract") and path.parts[0] not in ("tests", "bench")
        for phrase in phrases
        if phrase in text
    ]
    assert elsewhere == []
