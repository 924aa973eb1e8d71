# SPDX-License-Identifier: GPL-2.0-or-later
"""Every string that is shown is in the template, and in German; the catalogue is what LuCI reads."""

import json
import re
import struct
import sys

import pytest
from playwright.sync_api import expect

from haven.agent.conntrack import problems as of_agent
from haven.havend import diagnosis as problems
from haven.havend.messages import _FAULT
from tests.luci.pages import Pages
from tests.luci.router import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402
import lmo  # noqa: E402

import po  # noqa: E402

GERMAN = ROOT / "po/de/haven.po"
STATUS = ROOT / "tests/cli/status"


def _german() -> dict[str, str]:
    known = lmo.read_po(GERMAN.read_text())
    return {name: said for name, said in known.items() if name}


def test_the_template_is_current():
    assert po.TEMPLATE.read_text() == po.template(), "make po writes it anew"


def test_the_german_translation_has_every_string_and_no_other():
    german = _german()
    assert list(german) == list(po.strings()), "make po brings it in line"
    assert [name for name, said in german.items() if not said] == []


def test_the_placeholders_are_those_of_the_original():
    for name, said in _german().items():
        assert re.findall(r"%.", said.replace("100 %", "")) == re.findall(r"%.", name), name


def test_quotation_marks_are_german_ones():
    for name, said in _german().items():
        assert said.count("„") == said.count("“") and not set("”'\"") & set(said), name


def test_every_string_of_a_script_is_found():
    """What is translated by a variable is a sentence of a program's, and so in the template, too."""
    variables = {"option.help", "option.values", "option.default_says", "described.help", "text", "sentence"}
    for path in (ROOT / "files/www").rglob("*.js"):
        for given in re.findall(r"(?<![\w.])_\(([^'][^)]*)\)", path.read_text()):
            assert given in variables, (path.name, given)


def _sentences() -> set[str]:
    """Tell the sentences of the programs that hold something of the moment."""
    found = {text for row in problems.TABLE for text in row[1:] if "%s" in text and text != "%s."}
    found |= {fault[0].upper() + fault[1:] + "." for fault in _FAULT.values()}
    named = (re.sub(r"\{\w+\}", "%s", text) for row in of_agent.TABLE for text in row[1:])
    return found | {text for text in named if "%s" in text}


def test_the_pages_know_every_sentence_of_the_programs():
    told = (ROOT / "files/www/luci-static/resources/haven/told.js").read_text()
    listed = re.search(r"const SENTENCES = \[\n(.*?)\n\];", told, re.DOTALL)
    assert listed
    known = [line.strip().rstrip(",")[1:-1].replace("\\'", "'") for line in listed.group(1).splitlines()]
    assert set(known) == _sentences() and len(known) == len(set(known))


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


def test_the_catalogue_has_its_index_sorted_and_every_text():
    octets = lmo.lmo(lmo.read_po(GERMAN.read_text()))
    (begin,) = struct.unpack(">I", octets[-4:])
    rows = list(struct.iter_unpack(">4I", octets[begin:-4]))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows) and rows[0][:2] == (0, 0)
    texts = {row[0]: octets[row[2] : row[2] + row[3]].decode() for row in rows}
    assert texts.pop(0) == "nplurals=2; plural=n != 1;"
    assert texts == {lmo.hash_of(name): said for name, said in _german().items() if name != said}
    assert all(row[2] % 4 == 0 for row in rows)


def test_a_catalogue_is_read_with_its_escapes_and_continued_lines():
    text = 'msgid ""\nmsgstr ""\n"A: b\\n"\n\n#: x\nmsgid "one "\n"\\"two\\""\nmsgstr "eins \\\\ "\n"zwei"\n'
    assert lmo.read_po(text) == {"": "A: b\n", 'one "two"': "eins \\ zwei"}


def test_the_catalogue_is_octet_for_octet_that_of_po2lmo():
    header = "Language: de\nPlural-Forms: nplurals=2; plural=n != 1;\n"
    messages = {"": header, "Save": "Speichern", "WAN": "WAN", "one “two”": "eins „zwei“", "empty": ""}
    # Made by LuCI's own program from the same catalogue.
    assert lmo.lmo(messages).hex() == (
        "6e706c7572616c733d323b20706c7572616c3d6e20213d20313b000053706569636865726e00000065696e7320e2809e"
        "7a776569e2809c000000000000000000000000000000001a219966c7000000010000001c0000000924e7f00900000001"
        "000000280000000f00000038"
    )


def _speak_german(pages: Pages) -> None:
    known = _german()
    # The stand-in for LuCI looks for the text, the real one for its hash.
    pages.web.translations = known | {f"{lmo.hash_of(name):08x}": said for name, said in known.items()}


def test_the_overview_in_german(pages: Pages):
    _speak_german(pages)
    pages.router.replace("status", json.loads((STATUS / "two_actives.json").read_text()))
    page = pages.open("haven/overview")
    assert page.inner_text("h2") == "Hochverfügbarkeit"
    expect(page.locator("[data-part=problems] [data-code=rival]").first).to_contain_text(
        "ist ebenfalls aktiv, obwohl er im Rang niedriger steht."
    )
    expect(page.locator("[data-part=groups] .haven-card").first).to_contain_text("Aktiv")


def test_every_problem_has_its_german_words(pages: Pages):
    _speak_german(pages)
    page = pages.open("haven/plan")
    told = {
        problem[part]
        for path in STATUS.glob("*.json")
        for problem in json.loads(path.read_text())["problems"]
        for part in ("message", "do")
    }
    assert len(told) > 15
    told |= {sentence.replace("%s", "r2") for sentence in _sentences()}
    german = page.evaluate(
        "(told) => L.require('haven.told').then((module) => told.map(module.translate))", sorted(told)
    )
    assert [text for text, said in zip(sorted(told), german, strict=True) if text == said] == []


def test_the_settings_in_german(pages: Pages):
    _speak_german(pages)
    page = pages.open("haven/settings")
    expect(page.locator("#cbi-haven-virtual_router .cbi-section-descr")).to_have_text(
        "Adressen, die zwischen Routern wandern, auf einem Gerät."
    )
    row = page.locator("#cbi-haven-lan-vrid .cbi-value-description")
    expect(row).to_contain_text("Erlaubt: 1 bis 255.")


def test_the_package_has_the_catalogue_and_names_the_language():
    places = ipk.payload(ROOT / "openwrt-feed/luci-i18n-haven-de/contents")
    octets, _mode = places.pop("usr/lib/lua/luci/i18n/haven.de.lmo")
    assert octets == lmo.lmo(lmo.read_po(GERMAN.read_text()))
    ((place, (script, mode)),) = places.items()
    assert place == "etc/uci-defaults/luci-i18n-haven-de" and mode == 0o755
    assert b"uci set luci.languages.de=" in script
