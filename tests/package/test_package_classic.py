# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings for LuCI's Lua runtime: schema to form, form to text, problems to fields.

The schema is the one made here, and the problems are those that haven finds in the text of the form.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from haven.config.load import load_text
from haven.config.options import SECTIONS as TABLE
from haven.config.schema import schema, schema_text
from haven.config.uci.document import parse
from tests.package.classic import escaped, lua, quoted, value

# A form on two sections of which one has no name.
SECTIONS = """world.uci.haven = {
    { [".type"] = "haven", [".name"] = "main", [".anonymous"] = false, enabled = "1" },
    { [".type"] = "virtual_router", [".name"] = "lan", [".anonymous"] = false, device = "eth0", vrid = "51",
      address = { "192.168.1.1/24" } },
    { [".type"] = "dhcp", [".name"] = "cfg05a1b2", [".anonymous"] = true, interface = "lan" } }
world.uci.network = { { [".type"] = "interface", [".name"] = "loopback" },
    { [".type"] = "interface", [".name"] = "lan" }, { [".type"] = "interface", [".name"] = "wan" } }
"""


@pytest.fixture
def settings(tmp_path: Path) -> str:
    """A chunk that draws the settings from the schema of this tree as `map`."""
    (tmp_path / "schema.json").write_text(schema_text())
    return (
        f'{SECTIONS}require("luci.haven.schema").PATH = {quoted(str(tmp_path / "schema.json"))}\n'
        'local map = require("luci.haven.settings").map()\n'
        # What comes after all sections.
        "local check = map.children[#map.children]\n"
    )


DRAWN = """local sections = {}
for _, drawn in ipairs(map.children) do
    if drawn.sectiontype then
        local fields = {}
        for index, field in ipairs(drawn.children) do
            fields[index] = { name = field.option, class = field.class, title = field.title,
                help = field.description, datatype = field.datatype, default = field.default,
                placeholder = field.placeholder, rmempty = field.rmempty, password = field.password or false,
                keys = field.keys, labels = field.labels, deps = field.deps }
        end
        sections[drawn.sectiontype] = { anonymous = drawn.anonymous, title = drawn.title, fields = fields }
    end
end
return sections
"""


def _class(option: dict[str, Any]) -> str:
    if option["list"]:
        return "DynamicList"
    return "Flag" if option["kind"] == "flag" else "ListValue" if option["choices"] else "Value"


def test_every_option_of_the_schema_is_a_field_with_its_type_unit_default_and_help(settings: str):
    drawn = lua(settings + DRAWN)
    described = schema()["sections"]
    assert list(drawn) and set(drawn) == {each["type"] for each in described}
    for section in described:
        fields = drawn[section["type"]]["fields"]
        assert [field["name"] for field in fields] == [option["name"] for option in section["options"]]
        assert drawn[section["type"]]["anonymous"] is not section["named"]
        for option, field in zip(section["options"], fields, strict=True):
            _is_drawn(option, field)


def _is_drawn(option: dict[str, Any], field: dict[str, Any]) -> None:
    unit = f" ({option['unit']})" if option["unit"] else ""
    assert field["class"] == _class(option), option
    assert field["title"] == option["title"] + unit
    assert field["help"].startswith(option["name"] + ": " + escaped(option["help"]))
    assert field["rmempty"] is not option["required"]
    assert field["password"] is (option["kind"] == "secret")
    flag = option["kind"] == "flag"
    assert field.get("datatype") == (None if flag else option["datatype"])
    # A default is shown; only of a flag it has to be the value, too.
    assert field.get("default") == (option["default"] if flag else None)
    assert flag or field.get("placeholder") == (option["default_says"] or option["default"])
    assert flag or escaped(f"Allowed: {option['values']}") in field["help"]


def test_choices_names_and_dependencies_are_offered(settings: str):
    drawn = lua(settings + DRAWN)
    router = {field["name"]: field for field in drawn["virtual_router"]["fields"]}
    assert router["version"]["keys"] == ["", "2", "3"] and router["version"]["labels"][0] == "default (3)"
    assert router["interface"]["keys"] == ["lan", "wan"]
    dhcp = {field["name"]: field for field in drawn["dhcp"]["fields"]}
    assert dhcp["virtual_router"]["keys"] == ["lan"]
    assert router["auth_pass"]["deps"] == [{"version": "2"}]
    assert router["checksum"]["deps"] == [{"version": "3"}, {"version": ""}]


def test_a_choice_that_is_not_known_is_shown_as_it_is(settings: str):
    shown = "map.uci:set('haven', 'lan', 'version', '4') local field = map.children[3].fields.version "
    assert lua(settings + shown + "return { field:cfgvalue('lan'), field.keys }") == [
        "4",
        ["", "2", "3", "4"],
    ]


def test_a_single_section_is_added_once_and_a_refused_value_has_its_footer(settings: str):
    shown = lua(
        settings + f"local seen = {{}} for index = 1, {len(TABLE)} do local drawn = map.children[index] "
        "drawn:render() "
        "seen[drawn.sectiontype] = world.drawn end return seen"
    )
    assert {name: each["addremove"] for name, each in shown.items()} == {
        section.name: section.name != "haven" for section in TABLE
    }
    assert all(each["scope"] == {"valuefooter": "haven/valuefooter"} for each in shown.values())


@pytest.mark.parametrize("text", ["plain", "it's", "two\nlines", '"; reboot', "\\", "grün # no comment", ""])
def test_the_text_to_be_checked_is_what_haven_reads_from_it(settings: str, text: str):
    chunk = f"map.uci:set('haven', 'main', 'node', {quoted(text)}) map.uci:add('haven', 'dhcp') "
    sections, problems = parse(lua(settings + chunk + "return (map.uci:text())"))
    assert not problems
    assert [(each.type, each.name) for each in sections] == [
        ("haven", "main"),
        ("virtual_router", "lan"),
        ("dhcp", ""),
        ("dhcp", ""),
    ]
    # libuci, too, takes the end of a line in quotes for a part of the value.
    assert [(each.name, each.value) for each in sections[0].entries] == [("enabled", "1"), ("node", text)]
    assert [(each.name, each.listed) for each in sections[1].entries] == [
        ("address", True),
        ("device", False),
        ("vrid", False),
    ]


WRONG = """
map.uci:set("haven", "lan", "vrid", "0")
map.uci:set("haven", "lan", "group", "nope\\nor so")
map.uci:set("haven", "lan", "address", { "192.168.1.1/24", "x", "y" })
map.uci:set("haven", "lan", "unheard_of", "1")
map.uci:delete("haven", "cfg05a1b2", "interface")
map.uci:set("haven", "lan", "priority", "999")
"""
ERRORS = """local errors, others = {}, {}
for _, drawn in ipairs(map.children) do
    for section, said in pairs(drawn.sectiontype and drawn.error or {}) do errors[section] = said end
    for _, field in ipairs(drawn.children) do
        for section, said in pairs(field.error or {}) do errors[section .. "." .. field.option] = said end
    end
end
return { errors = errors, message = map.message, saves = map.save }
"""


def test_each_problem_that_haven_finds_is_at_its_field(settings: str):
    text = lua(settings + WRONG + "return (map.uci:text())")
    model, found = load_text(text, "candidate")
    assert model is None
    problems = [problem.as_dict() for problem in found] + [{"line": 0, "message": "of no section"}]
    answer = f"world.answers.validate = {{ {value({'valid': False, 'problems': problems})} }}\n"
    judged = lua(settings + WRONG + answer + "check:parse()\n" + ERRORS)
    errors = judged["errors"]
    assert set(errors) == {
        "lan",
        "lan.vrid",
        "lan.group",
        "lan.address",
        "lan.priority",
        "cfg05a1b2.interface",
    }
    by_field = {(each.section and each.section[0], each.option): each.message for each in found}
    assert errors["lan.vrid"] == by_field[("virtual_router 'lan'", "vrid")]
    assert "'x'" in errors["lan.address"] and "'y'" in errors["lan.address"]
    place = ("virtual_router 'lan'", "unheard_of")
    assert errors["lan"] == ["%s, option '%s': %s" % (*place, by_field[place])]
    assert errors["cfg05a1b2.interface"] == "is missing"
    assert judged["saves"] is False
    assert "of no section" in judged["message"] and "virtual_router 'lan' vrid" in judged["message"]


def test_only_haven_judges_a_value(settings: str):
    chunk = """local wrong = {}
    for index = 1, 5 do
        for _, field in ipairs(map.children[index].children) do
            local same = field:validate("?") == "?" and field:transform("?") == "?"
            wrong[#wrong + 1] = not same and field.option or nil
        end
    end
    return wrong"""
    assert lua(settings + chunk) == []


def test_haven_is_asked_once_although_cbi_parses_again_after_saving(settings: str):
    chunk = "world.answers.validate = { { problems = {} } } check:parse() check:parse()\n"
    assert lua(settings + chunk + "return #world.calls") == 1


def test_what_haven_accepts_is_saved_and_the_agent_was_asked_for_the_whole_text(settings: str):
    chunk = "world.answers.validate = { { valid = true, problems = {} } } check:parse()\n"
    judged = lua(settings + chunk + "return { map.save, map.message or '', world.calls }")
    assert judged[:2] == [True, ""]
    ((name, method, arguments, _seconds),) = judged[2]
    assert (name, method) == ("haven", "validate") and "config virtual_router 'lan'" in arguments["text"]


@pytest.mark.parametrize(
    ("world", "word"),
    [
        ("world.rights.validate = false", "may not do that"),
        ("world.answers.validate = { nil, 7 }", "not answered in time"),
        ("world.answers.validate = { { valid = false } }", "not one of haven"),
        ("world.answers.validate = { 'nonsense' }", "not one of haven"),
        (
            "world.answers.validate = { { error = 'the disk is full', kind = 'refused' }, 9 }",
            "the disk is full",
        ),
        ("world.form['haven.seen'] = 'of yesterday'", "somebody has saved other settings"),
    ],
)
def test_without_a_verdict_nothing_is_saved_and_what_was_typed_stays(settings: str, world: str, word: str):
    chunk = f"map.uci:set('haven', 'lan', 'vrid', '7') {world} check:parse()\n"
    judged = lua(settings + chunk + "return { map.save, map.message, map.uci:get('haven', 'lan', 'vrid') }")
    assert judged[0] is False and judged[2] == "7"
    assert "Nothing was saved" in judged[1] and word in judged[1]


def test_before_haven_is_enabled_the_command_checks(
    settings: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    bin_ = Path(sys.executable).parent
    assert (bin_ / "haven").exists()
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    judged = lua(settings + "map.uci:set('haven', 'lan', 'vrid', '0') check:parse()\n" + ERRORS)
    assert judged["errors"]["lan.vrid"] == "'0' is not a whole number from 1 to 255"
    # The configuration holds passwords: it is in no argument and in no file.
    (command,) = lua(settings + "check:parse() return world.commands")
    assert "192.168.1.1" not in command and command.startswith(
        "haven --config /proc/self/fd/0 validate --json >"
    )


def test_an_added_section_may_be_saved_before_its_values_are_there(settings: str):
    chunk = "map.proceed = true check:parse() return { map.save, #world.calls, map.message }"
    assert lua(settings + chunk) == [
        True,
        0,
        "Sections were added or deleted. Nothing takes effect before you save and apply.",
    ]


def test_saving_writes_what_has_changed_and_no_more(settings: str):
    chunk = """
    map.uci:set("haven", "lan", "vrid", "52")
    map.uci:set("haven", "lan", "address", { "192.168.1.1/24" })
    map.uci:delete("haven", "lan", "device")
    map.uci:set("haven", "office", "virtual_router")
    map.uci:set("haven", "office", "vrid", "9")
    local made = map.uci:add("haven", "dhcp")
    map.uci:set("haven", made, "interface", "wan")
    map.uci:delete("haven", "cfg05a1b2")
    local before = map.uci:fingerprint()
    map.uci:save()
    local once = #world.written
    map.uci:save()
    local interface = map.uci:get("haven", "cfg123456", "interface")
    return { world.written, once, before ~= map.uci:fingerprint(), interface }
    """
    written, once, other, interface = lua(settings + chunk)
    assert written == [
        ["delete", "haven", "cfg05a1b2", ""],
        ["set", "haven", "lan", {"vrid": "52"}],
        ["delete", "haven", "lan", "device"],
        ["section", "haven", "virtual_router", "office", {"vrid": "9"}],
        ["section", "haven", "dhcp", "", {"interface": "wan"}],
    ]
    assert once == len(written) and other and interface == "wan"


def test_a_refused_write_is_told_and_not_applied(settings: str):
    chunk = """
    map.uci:set("haven", "lan", "vrid", "52")
    world.refuses = "Permission denied"
    map.uci:save()
    map.apply_needed = true
    map:on_after_save()
    map:commit_handler()
    return { map.save, map.apply_needed or false, map.message, map.uci:get("haven", "lan", "vrid") }
    """
    saved, applied, message, vrid = lua(settings + chunk)
    assert (saved, applied, vrid) == (False, False, "52") and "Permission denied" in message


@pytest.mark.parametrize(
    ("world", "word"),
    [
        ("require('luci.haven.schema').PATH = '/nowhere'", "/nowhere"),
        ("require('luci.haven.schema').PATH = '/etc/passwd'", "option"),
        ("world.uci_error = 'Permission denied'", "may not do that"),
        ("world.uci_error = 'No data'", "configuration cannot be read"),
    ],
)
def test_settings_that_cannot_be_drawn_say_why(settings: str, world: str, word: str):
    drawn = "local map = require('luci.haven.settings').map() "
    chunk = f"{world} {drawn} return {{ map.message, map.pageaction, #map.children }}"
    message, pageaction, children = lua(settings + chunk)
    assert word in message and pageaction is False and children == 0
