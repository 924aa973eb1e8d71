# SPDX-License-Identifier: GPL-2.0-or-later
"""Every string that is shown is in the template, and in each language; the catalogues are what LuCI reads."""

import errno
import json
import os
import re
import struct
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from haven.contract.problems import problem
from haven.openwrt import failure_words
from tests.contract.messages import every_message
from tests.luci.pages import Pages, boxes, edit, field, keep, put, widget
from tests.luci.router import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402
import lmo  # noqa: E402

import po  # noqa: E402
from tests.luci.luci_collects import collected  # noqa: E402

# By their folders, as LuCI names them: the code in the names of its packages and files, the name in its list,
# and a pair of quotation marks with those that are not the language's.
LANGUAGES = {
    "de": ("de", "Deutsch (German)", "„“", "”'\""),
    "zh_Hans": ("zh-cn", "简体中文 (Chinese Simplified)", "“”", "„‘’'\""),
}
EVERY = pytest.mark.parametrize("language", LANGUAGES)
LUCI_WORDS = ROOT / "tests/luci/luci_words"
STATUS = ROOT / "tests/cli/status"
SAY = """(asked) => L.require("haven.message")
    .then((message) => asked.map(([name, document]) => message[name](document)))"""


def _catalogue(language: str) -> dict[str, str]:
    return lmo.read_po((ROOT / f"po/{language}/haven.po").read_text())


def _known(language: str) -> dict[str, str]:
    return {name: said for name, said in _catalogue(language).items() if name}


def _luci(language: str) -> dict[str, list[str]]:
    return json.loads((LUCI_WORDS / f"{language}.json").read_text())


def test_every_language_is_held_to_this():
    assert {path.parent.name for path in (ROOT / "po").glob("*/haven.po")} == set(LANGUAGES)


def test_the_template_is_current():
    assert po.TEMPLATE.read_text() == po.template(), "make po writes it anew"


def test_the_template_has_what_the_tools_of_luci_collect_and_nothing_else():
    wanted = set(lmo.read_po(po.TEMPLATE.read_text())) - {""}
    found = collected(*(ROOT / name for name in ("files", "luasrc", "openwrt-feed/luci-app-haven")))
    assert wanted - found == set() and found - wanted == set()


def test_what_the_programs_say_stands_in_a_script_too():
    assert po.WORDS.read_text() == po.words(), "make po writes it anew"


def test_what_is_no_literal_is_not_collected(tmp_path: Path):
    """Which is what the script with the programs' texts is for."""
    (tmp_path / "a.js").write_text("_(text); _('b'); _('c', 'd');")
    (tmp_path / "a.lua").write_text('translate(text) translate("g") i18n.translatef("h", 1)')
    (tmp_path / "a.htm").write_text('i <%:j%> <%=translate("k")%> translate("l")')
    assert collected(tmp_path) == {"b", lmo.named("c", "d"), "g", "h", "j", "k"}


@EVERY
def test_a_translation_has_every_string_and_no_other(language: str):
    known = _known(language)
    assert list(known) == list(po.strings()), "make po brings it in line"
    assert [name for name, said in known.items() if not said] == []


@EVERY
def test_what_luci_says_in_its_own_way_has_a_context(language: str):
    """LuCI puts all catalogues into one table, where a msgid that two have is said as one of them says it."""
    # msgid -> msgstr of LuCI's catalogues (German: branch openwrt-24.10, Chinese: master of 2025-03-29): what
    # is one word of luci-base, and what is haven's as well.
    luci = _luci(language)
    assert {"Backup", "Filter", "none"} <= set(luci)
    wrong = [name for name, said in _known(language).items() if name in luci and luci[name] != [said]]
    assert wrong == []


def test_a_state_is_said_as_haven_means_it_where_luci_has_the_word_too(pages: Pages):
    _speak(pages)
    pages.speak(_known("de") | {name: said[0] for name, said in _luci("de").items()})
    pages.router.replace("status", json.loads((STATUS / "standby.json").read_text()))
    page = pages.open("haven/overview")
    expect(page.locator("[data-part=groups] .haven-card").first).to_contain_text("Backup")
    expect(page.locator("[data-part=picture]")).not_to_contain_text("Sichern")


@EVERY
def test_the_placeholders_are_those_of_the_original(language: str):
    for name, said in _known(language).items():
        assert re.findall(r"%.", said.replace("100 %", "")) == re.findall(r"%.", name), name
        assert sorted(re.findall(r"{\w+}", said)) == sorted(re.findall(r"{\w+}", name)), name


@EVERY
def test_quotation_marks_are_those_of_the_language(language: str):
    _code, _title, (begin, end), others = LANGUAGES[language]
    for name, said in _known(language).items():
        assert said.count(begin) == said.count(end) and not set(others) & set(said), name


def test_chinese_has_its_own_punctuation_and_a_space_before_other_letters():
    han = "[\u4e00-\u9fff]"
    for name, said in _known("zh_Hans").items():
        assert not re.search(f"{han}[,;:.!?()]|[,;:!?()]{han}", said), name
        # What stands for this %s ends in Chinese.
        assert said == "%s前" or not re.search(f"{han}[A-Za-z0-9{{%]|[A-Za-z0-9}}]{han}", said), name


def test_every_string_of_a_script_is_found():
    """What is translated by a variable is of a table of the programs, and so in the template, too."""
    variables = {"option.help", "option.values", "option.default_says", "template"}
    variables |= {"template, 'haven'", "described.help", "described.title", "option.title"}
    for path in (ROOT / "files/www").rglob("*.js"):
        for given in re.findall(r"(?<![\w.])_\(([^'][^)]*)\)", path.read_text()):
            assert given in variables or given.startswith("TEXTS."), (path.name, given)


@pytest.mark.parametrize(
    ("text", "value"),
    # What sfh() of LuCI's cbi.js gives.
    [
        ("", 0),
        ("a", 0x115EA782),
        ("ab", 0x516B8B44),
        ("Save", 0x219966C7),
        ("Overview", 0xADBAAE97),
        ("„ä“", 0xAF6CAE96),
        ("haven läuft", 0x88811CA1),
    ],
)
def test_the_hash_is_that_of_luci(text: str, value: int):
    assert lmo.hash_of(text) == value


@EVERY
def test_the_catalogue_has_its_index_sorted_and_every_text(language: str):
    octets = lmo.lmo(_catalogue(language))
    (begin,) = struct.unpack(">I", octets[-4:])
    rows = list(struct.iter_unpack(">4I", octets[begin:-4]))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows) and rows[0][:2] == (0, 0)
    texts = {row[0]: octets[row[2] : row[2] + row[3]].decode() for row in rows}
    assert texts.pop(0).startswith("nplurals=")
    assert texts == {lmo.hash_of(name): said for name, said in _known(language).items() if name != said}
    assert all(row[2] % 4 == 0 for row in rows)


def test_a_catalogue_is_read_with_its_escapes_and_continued_lines():
    text = 'msgid ""\nmsgstr ""\n"A: b\\n"\n\n#: x\nmsgid "one "\n"\\"two\\""\nmsgstr "eins \\\\ "\n"zwei"\n'
    assert lmo.read_po(text) == {"": "A: b\n", 'one "two"': "eins \\ zwei"}


def test_a_text_with_a_context_stands_under_both():
    text = 'msgid ""\nmsgstr ""\n\nmsgctxt "haven"\nmsgid "Backup"\nmsgstr "Backup"\n\n'
    text += 'msgid "b"\nmsgstr "c"\n'
    messages = lmo.read_po(text)
    assert messages == {"": "", "haven\1Backup": "Backup", "b": "c"}
    # LuCI's _('Backup', 'haven') looks for sfh('haven\u0001Backup'), and po2lmo puts it there.
    assert struct.pack(">I", lmo.hash_of("haven\1Backup")) in lmo.lmo(messages)


def test_the_catalogue_is_octet_for_octet_that_of_po2lmo():
    header = "Language: de\nPlural-Forms: nplurals=2; plural=n != 1;\n"
    messages = {"": header, "Save": "Speichern", "WAN": "WAN", "one “two”": "eins „zwei“", "empty": ""}
    # Made by LuCI's own program from the same catalogue.
    assert lmo.lmo(messages).hex() == (
        "6e706c7572616c733d323b20706c7572616c3d6e20213d20313b000053706569636865726e00000065696e7320e2809e"
        "7a776569e2809c000000000000000000000000000000001a219966c7000000010000001c0000000924e7f00900000001"
        "000000280000000f00000038"
    )


def _speak(pages: Pages, language: str = "de") -> None:
    pages.speak(_known(language), LANGUAGES[language][0])


def test_a_word_between_the_routers_keeps_between_them(pages: Pages):
    """In German a cut link was "unterbrochen", which ran into both frames."""
    long = "auseinandergerissen"
    pages.speak({"in sync": long})
    page = pages.open("haven/overview")
    expect(page.locator("svg .haven-sync text")).to_have_text(long)
    text, own, other = boxes(page, "svg .haven-sync text, svg [data-node] rect")
    assert own["right"] <= text["left"] and text["right"] <= other["left"]


def test_every_code_is_said_as_the_programs_say_it(pages: Pages):
    page = pages.open("haven/plan")
    asked, said = zip(*every_message(), strict=True)
    assert len(asked) > 300
    assert page.evaluate(SAY, list(asked)) == list(said)


def test_what_no_catalogue_knows_stays_in_the_words_of_the_program(pages: Pages):
    page = pages.open("haven/plan")
    asked = [
        ["problem", {"code": "of-tomorrow", "facts": {}, "message": "Something new."}],
        ["problem", {"code": "fault", "facts": {}, "message": "The fault of an older one."}],
        ["event", {"kind": "start", "text": "r1: started"}],
        ["reason", {"reason": "silence", "text": "lan: Backup -> Active: no Active was heard"}],
    ]
    assert page.evaluate(SAY, asked) == [list(document.values())[-1] for _name, document in asked]


def test_odd_facts_and_codes_stay_in_the_words_of_the_program(pages: Pages):
    page = pages.open("haven/plan")
    asked = []
    for odd in ("x", True, {}, {"a": 1}, "%d"):
        asked.append(
            ["reason", {"reason": "silence", "facts": {"peer": "p", "silence_us": odd}, "text": "T"}]
        )
        facts = {"group": "lan", "left_s": odd}
        asked.append(["event", {"code": "sync-wait", "facts": facts, "text": "T"}])
    for code in ("constructor", "__proto__", "toString", "hasOwnProperty"):
        asked.append(["problem", {"code": code, "facts": {}, "message": "M"}])
        asked.append(["reason", {"reason": code, "facts": {}, "text": "T"}])
        asked.append(["refusal", {"code": code, "facts": {}, "error": "E"}])
    assert page.evaluate(SAY, asked) == [list(document.values())[-1] for _name, document in asked]


@EVERY
def test_every_code_has_its_words(pages: Pages, language: str):
    _speak(pages, language)
    page = pages.open("haven/plan")
    asked, english = zip(*every_message(), strict=True)
    said = page.evaluate(SAY, list(asked))
    same = [
        document["code"]
        for (_name, document), *texts in zip(asked, english, said, strict=True)
        if len(set(texts)) == 1
    ]
    # These have no words but what they quote.
    assert set(same) <= {"request-wrong", "unreachable", "sync-failed", "bad-value", "answers-unreadable"}


def test_what_many_failures_are_called_is_said_in_the_readers_language(pages: Pages):
    """The sentence was in German, and ended with "no answer"."""
    _speak(pages)
    page = pages.open("haven/plan")
    lost = [problem("peer-away", "channel", node="r2", why=why) for why in ("no answer", "of <b>tomorrow")]
    said = page.evaluate(SAY, [["problem", each] for each in lost])
    assert said[0].endswith(": keine Antwort.") and said[1].endswith(": of <b>tomorrow.")


def test_words_of_failures_are_those_of_the_programs():
    sources = "".join(
        path.read_text() for path in (ROOT / "src/haven").rglob("*.py") if path.name != "failure_words.py"
    )
    assert [words for words in failure_words.OURS if f'"{words}"' not in sources] == []
    numbers = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENOSPC, errno.EROFS, errno.EADDRINUSE)
    assert {os.strerror(number) for number in numbers} <= set(failure_words.LIBRARY)


def test_what_validate_refuses_in_german(pages: Pages):
    _speak(pages)
    page = pages.open("haven/settings")
    edit(page, "lan")
    put(page, "lan", "version", "2")
    page.locator('.modal [data-tab="timing"] > a').click()
    widget(page, "lan", "advert_interval").fill("150")
    keep(page)
    expect(field(page, "lan", "advert_interval").locator(".haven-refused")).to_have_text(
        "Version 2 zählt ganze Sekunden: 150 ms ist kein Vielfaches von 1000"
    )


@EVERY
def test_the_package_has_the_catalogue_and_names_the_language(language: str):
    code, title, *_quotes = LANGUAGES[language]
    places = ipk.payload(ROOT / f"openwrt-feed/luci-i18n-haven-{code}/contents")
    octets, _mode = places.pop(f"usr/lib/lua/luci/i18n/haven.{code}.lmo")
    assert octets == lmo.lmo(_catalogue(language))
    ((place, (script, mode)),) = places.items()
    assert place == f"etc/uci-defaults/luci-i18n-haven-{code}" and mode == 0o755
    # A name in UCI has no `-`.
    assert f"uci set luci.languages.{code.replace('-', '_')}='{title}'\n" in script.decode()
