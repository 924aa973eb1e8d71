# SPDX-License-Identifier: GPL-2.0-or-later
"""Status and actions for LuCI's Lua runtime, with documents of real nodes; menu, rights and package."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from haven.agent.ubus.methods import SIGNATURE
from tests.package.classic import LUASRC, escaped, lua, quoted, value
from tests.package.conftest import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402

DOCUMENTS = sorted((ROOT / "tests/cli/status").glob("*.json"))
TEMPLATES = sorted(path.stem for path in (LUASRC / "view/haven").glob("*.htm"))
HOSTILE = "<script>alert(1)</script>\"'&"
NOW = 1_800_000_000


def shown(document: Any, now: int = NOW) -> Any:
    """Give the rows that the page shows of a status document."""
    return lua(f'return require("luci.haven.overview").from_status({value(document)}, {now})')


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_status_of_a_real_node_is_shown(path: Path):
    document = json.loads(path.read_text())
    model = shown(document)
    assert [row["name"] for row in model["addresses"]] == [
        each["name"] for each in document["virtual_routers"]
    ]
    assert [row["message"] for row in model["problems"]] == [each["message"] for each in document["problems"]]
    assert [row["advice"] for row in model["problems"]] == [each["do"] for each in document["problems"]]
    for row, router in zip(model["addresses"], document["virtual_routers"], strict=True):
        active = router["active"] or {}
        holder = "self" if active.get("self") else "peer" if active.get("address") else "nobody"
        assert row["held_by"] == holder
        assert row["addresses"] == ", ".join(router["addresses"])
    active = [each["name"] for each in document["groups"] if each["state"] == "active"]
    assert model["switchable"] == active
    assert model["maintenance"] is any(each["maintenance"] for each in document["groups"])


def test_the_paired_routers_and_their_common_configuration_are_told():
    document = json.loads(DOCUMENTS[0].read_text())
    model = shown(document)
    # Lua makes an object of a table that holds nothing.
    assert not model["paired"] and "common" not in model
    peer = {"node": "r2", "state": "backup", "address": "192.0.2.3", "heard_ms": 65_000}
    silent = {"node": "r3", "state": "unknown", "address": "", "heard_ms": None}
    document |= {"channel": {"peers": [peer, silent]}, "sync": {"in_sync": False, "conflicts": 1}}
    model = shown(document)
    assert [(row["name"], row["state"], row["heard"]) for row in model["paired"]] == [
        ("r2", "Backup", "1 min 5 s ago"),
        ("r3", "Unknown", "not heard"),
    ]
    assert model["common"] == "not in sync"


def test_what_follows_the_address_is_told():
    document = json.loads((ROOT / "tests/cli/status/leases.json").read_text())
    assert ["Leases on r2", "212"] in shown(document)["leases"]
    away = json.loads((ROOT / "tests/cli/status/leases_away.json").read_text())
    assert ["Leases on r2", "not reached"] in shown(away)["leases"]
    lease = {"addresses": ["198.51.100.50/24"], "prefixes": [], "left_s": 90}
    wan = {"name": "line", "interface": "wan", "state": "waits", "waits_for": "r2", "lease": lease}
    way = {"device": "lan", "believed": True}
    document["groups"][0]["detection"] = {"by": "heartbeat", "after_ms": 28.4, "ways": [way, way]}
    model = shown({**document, "wan": {"wans": [wan]}})
    assert model["wans"][0]["state"] == "waits until r2 is down"
    assert model["wans"][0]["lease"] == "Would go on with: 198.51.100.50/24"
    assert model["groups"][0]["detection"] == "0.028 s after the Active has died: its kernel answers on lan"
    # Whoever has none of it sees nothing of it.
    plain = shown(json.loads(DOCUMENTS[0].read_text()))
    assert not {"leases", "wans", "services"} & {name for name, rows in plain.items() if rows}


def test_each_service_is_told_with_its_last_words():
    document = json.loads((ROOT / "tests/cli/status/services.json").read_text())
    told, rows = document["services"], shown(document)["services"]
    assert [row["name"] for row in rows] == [each["name"] for each in told]
    assert rows[0]["why"] == told[0]["why"]["text"] and rows[0]["state"] == "running"
    failed = next(row for row in rows if row["code"] == "failed")
    assert failed["failure"].startswith("start: ") and failed["words"]


def test_since_and_why_are_told_for_each_group():
    document = json.loads((ROOT / "tests/cli/status/two_actives.json").read_text())
    (group,) = shown(document, 1_799_999_955 + 3 * 3600 + 125)["groups"]
    assert group["since"].endswith("(3 h 2 min ago)") and group["why"] == "no Active was heard"
    assert group["state"] == "Active"


def test_the_last_events_come_first_and_not_all_of_them():
    events = {"events": [{"at": NOW + number, "text": f"event {number}"} for number in range(20)]}
    chunk = (
        f"world.answers.events = {{ {value(events)} }} return require('luci.haven.overview').load_events()"
    )
    assert [row["text"] for row in lua(chunk)] == [f"event {number}" for number in range(19, 7, -1)]


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        ({}, {}, "in sync"),
        # How long ago something is too long ago is havend's to say, and the agent's.
        ({"heard_ms": 9000}, {"heard_ms": 9000}, "in sync"),
        ({"connected": False}, {}, "not in sync"),
        ({"connected": None, "heard_ms": None}, {}, "not in sync"),
        ({"in_sync": False}, {}, "not in sync"),
        ({}, {"in_sync": False}, "not in sync"),
        ({}, {"fresh": False}, "not in sync"),
    ],
)
def test_tables_are_in_sync_while_both_routers_say_so_and_are_heard(here: dict, there: dict, said: str):
    document = json.loads((ROOT / "tests/cli/status/copy.json").read_text())
    document["conntrack"].update({"in_sync": True, "heard_ms": 300, "connected": True, **here})
    document["peers"][0].update({"in_sync": True, "heard_ms": 10, "fresh": True, **there})
    rows = dict(shown(document)["connections"])
    assert rows["Both tables"] == said
    assert rows["Connections here"].startswith(f"{document['conntrack']['entries']} of ")


def test_what_a_takeover_would_lose_is_said():
    document = json.loads((ROOT / "tests/cli/status/waiting_for_connections.json").read_text())
    assert shown(document)["at_risk"] == (
        "A takeover now may lose connections: this router is not in sync yet, but in about 4 s."
    )
    assert "at_risk" not in shown({**document, "at_risk": []})


def test_the_other_router_is_named_with_its_state_and_its_table():
    document = json.loads((ROOT / "tests/cli/status/copy.json").read_text())
    (peer,) = document["peers"]
    peer.update(heard_ms=10, fresh=True)
    model = shown(document)
    share = f"{peer['entries']} of {peer['limit']}"
    assert model["peers"] == [{"name": peer["node"], "state": "Active", "entries": share, "in_sync": True}]
    assert [f"Connections on {peer['node']}", share] in model["connections"]
    assert "connections" not in shown({**document, "conntrack": {}})
    peer.update(heard_ms=60_000, fresh=False)
    assert [f"Connections on {peer['node']}", "not heard"] in shown(document)["connections"]


@pytest.mark.parametrize(
    ("world", "kind"),
    [
        ("world.rights.status = false", "denied"),
        ("", "agent"),
        ("world.answers.status = { nil, 7 }", "late"),
        ("world.answers.status = { nil, 10 }", "havend"),
        ("world.answers.status = { nil, 2 }", "argument"),
        ("world.answers.status = { nil, 99 }", "unknown"),
        ("world.answers.status = { {} }", "malformed"),
        ("world.answers.status = { { virtual_routers = { 'x' }, groups = {}, problems = {} } }", "malformed"),
        ("world.answers.status = { { error = 'why', kind = 'late' } }", "late"),
    ],
)
def test_what_is_the_matter_is_said_on_every_page(world: str, kind: str):
    for page in ("status", "actions"):
        text = lua(
            f'{world} require("luci.template").render("haven/{page}") return table.concat(world.output)'
        )
        assert re.findall('data-trouble="(.*?)"', text) == [kind]
        assert 'data-part="body"></div>' in text or page == "actions"
        assert "disabled" in text or page == "status"


# Actions

INVALID = '{"valid":false,"problems":[{"section":"@dhcp[0]","option":"vrid","message":"is missing"}]}'
REFUSAL = '{"error":"no other router took over","kind":"refused"}\n9'


@pytest.mark.parametrize(
    ("action", "group", "argument"),
    [
        ("switchover", None, "'switchover' '{}'"),
        ("switchover", "gateway", "'switchover' '{\"group\":\"gateway\"}'"),
        ("switchover", "'; reboot '", "'switchover' '{\"group\":\"'\\''; reboot '\\''\"}'"),
        ("maintenance-on", None, "'maintenance' '{\"on\":true}'"),
        ("maintenance-off", None, "'maintenance' '{\"on\":false}'"),
        ("reload", None, "'reload' '{\"begin\":true}'"),
    ],
)
def test_an_action_is_one_call_of_the_object(action: str, group: str | None, argument: str):
    commands = lua(
        'world.program = "echo; echo 4" local actions = require("luci.haven.actions") '
        f'actions.run(actions.find("{action}"), {quoted(group) if group else "nil"}) return world.commands'
    )
    assert len(commands) == 1 and f"-S call haven {argument} 2>/dev/null" in commands[0]


@pytest.mark.parametrize(
    ("action", "said", "outcome"),
    [
        (
            "switchover",
            '{"handed_over":["gateway"]}\n0',
            {"said": ["Another router is Active now for gateway."]},
        ),
        ("switchover", REFUSAL, {"trouble": {"kind": "refused", "detail": "no other router took over"}}),
        ("switchover", "\n252", {"trouble": {"kind": "agent", "detail": "ubus status 4"}}),
        ("switchover", "\n7", {"trouble": {"kind": "late", "detail": "ubus status 7"}}),
        (
            "maintenance-on",
            '{"on":true,"handed_over":[],"still_active":["lan"]}\n0',
            {
                "said": [
                    "Maintenance has begun.",
                    "No other router takes over lan: this one stays Active there.",
                ]
            },
        ),
        (
            "maintenance-off",
            '{"on":false,"handed_over":[],"still_active":[]}\n0',
            {"said": ["Maintenance has ended."]},
        ),
        ("reload", '{"running":true,"answer":null}\n0', {"running": True}),
        ("reload", '{"running":false,"answer":{"text":"reloaded"}}\n0', {"said": ["Done."]}),
        ("reload", '{"running":false,"answer":null}\n0', {"trouble": {"kind": "lost", "detail": ""}}),
        (
            "reload",
            '{"running":false,"answer":{"error":"no room","kind":"refused"}}\n0',
            {"trouble": {"kind": "refused", "detail": "no room"}},
        ),
        (
            "reload",
            '{"running":false,"answer":%s}\n0' % INVALID,
            {"problems": ["@dhcp[0], option 'vrid': is missing"]},
        ),
    ],
)
def test_the_outcome_of_an_action_is_told(tmp_path: Path, action: str, said: str, outcome: dict):
    (tmp_path / "said").write_text(said)
    assert outcome == lua(
        f'world.program = "cat {tmp_path}/said" local actions = require("luci.haven.actions") '
        f'return actions.run(actions.find("{action}"))'
    )


def test_a_reload_that_goes_on_is_asked_for_again(tmp_path: Path):
    (tmp_path / "said").write_text('{"running":true,"answer":null}\n0')
    text, commands = lua(
        f'world.program = "cat {tmp_path}/said" require("luci.template").render("haven/reloaded") '
        "return { table.concat(world.output), world.commands }"
    )
    assert 'data-part="outcome" data-running' in text and "A slow router may take minutes" in text
    assert "data-trouble" not in text
    assert len(commands) == 1 and "-S call haven 'reload' '{\"begin\":false}'" in commands[0]
    (tmp_path / "said").write_text('{"running":false,"answer":{"text":"reloaded"}}\n0')
    text = lua(
        f'world.program = "cat {tmp_path}/said" require("luci.template").render("haven/reloaded") '
        "return table.concat(world.output)"
    )
    assert 'data-part="outcome">' in text and "Done." in text


def test_a_reload_that_cannot_be_asked_for_a_moment_has_not_ended(tmp_path: Path):
    asked = 'return require("luci.haven.actions").ask_again()'
    (tmp_path / "said").write_text("\n252")
    away = lua(f'world.program = "cat {tmp_path}/said" {asked}')
    assert away == {"running": True, "trouble": {"kind": "agent", "detail": "ubus status 4"}}
    # No later question will be allowed.
    assert lua("world.rights.reload = false " + asked) == {"trouble": {"kind": "denied", "detail": ""}}


def test_who_may_not_act_calls_nothing():
    chunk = """world.rights.switchover = false
    local actions = require("luci.haven.actions")
    return { actions.run(actions.find("switchover")), #world.commands, #world.calls }"""
    assert lua(chunk) == [{"trouble": {"kind": "denied", "detail": ""}}, 0, 0]


# Anything that a document holds may be hostile


def hostile(document: Any) -> Any:
    """Put markup into every text of a document."""
    if isinstance(document, dict):
        return {key: hostile(each) for key, each in document.items()}
    if isinstance(document, list):
        return [hostile(each) for each in document]
    return HOSTILE if isinstance(document, str) and document != "active" else document


SCOPES = {
    "confirm": 'action = require("luci.haven.actions").find("switchover"), group = HOSTILE',
    "outcome": 'action = require("luci.haven.actions").find("reload"), outcome = OUTCOME',
    "trouble": "trouble = { kind = HOSTILE, detail = HOSTILE }",
    "valuefooter": "self = { error = { x = HOSTILE } }, section = 'x', cbid = HOSTILE",
    "seen": "self = { name = 'haven.seen', value = HOSTILE, map = { save = false } }",
    "pair": "model = MODEL.load(), events = MODEL.load_events()",
}
OUTCOMES = [
    "{ said = { HOSTILE } }",
    "{ problems = { HOSTILE } }",
    "{ trouble = { kind = HOSTILE, detail = HOSTILE } }",
]


@pytest.mark.parametrize(
    ("template", "outcome"), [(name, each) for name in TEMPLATES for each in OUTCOMES if name == "outcome"]
    + [(name, "nil") for name in TEMPLATES if name != "outcome"],
)  # fmt: skip
def test_no_markup_of_a_document_reaches_a_page(tmp_path: Path, template: str, outcome: str):
    ended = {"running": False, "answer": {"error": HOSTILE, "kind": HOSTILE}}
    (tmp_path / "said").write_text(json.dumps(ended) + "\n0")
    document = hostile(json.loads((ROOT / "tests/cli/status/two_groups.json").read_text()))
    document["state"] = document["virtual_routers"][0]["state"] = HOSTILE
    for group in document["groups"]:
        group["state"] = "active"
    document["conntrack"] = {"state": HOSTILE, "peers": [HOSTILE], "entries": 1, "injected": HOSTILE}
    document["problems"] = [{"code": "x", "about": HOSTILE, "message": HOSTILE, "do": HOSTILE}]
    events = {"events": [{"at": NOW, "text": HOSTILE}]}
    text = lua(
        f"HOSTILE = {quoted(HOSTILE)} OUTCOME = {outcome}\n"
        f'world.program = "cat {tmp_path}/said"\n'
        f"world.answers = {{ status = {{ {value(document)} }}, events = {{ {value(events)} }} }}\n"
        'MODEL = require("luci.haven.overview")\n'
        f'require("luci.template").render("haven/{template}", {{ {SCOPES.get(template, "")} }})\n'
        "return table.concat(world.output)"
    )
    assert "alert(1)" not in text.replace(escaped(HOSTILE), "")
    reached = template not in ("actions", "refresh", "outcome") or outcome != "nil"
    assert (escaped(HOSTILE) in text) is (reached or template == "actions")


# What needs no escape: words of ours, a number in base 16, and what escapes by itself.
PLAIN = (
    "token",
    "action.id",
    "row.held_by",
    "self.name",
    "ifattr(",
    'problem.severe and "error" or "warning"',
)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_prints_nothing_unescaped(template: str):
    printed = re.findall("<%=(.*?)%>", (LUASRC / f"view/haven/{template}.htm").read_text())
    assert [each for each in printed if not each.startswith(("pcdata(", *PLAIN))] == []


# Rights, menu, package


def test_the_menu_asks_for_the_rights_of_haven_and_acts_by_post_alone():
    chunk = """local entries = {}
    local function kind(name) return function(...) return { name, ... } end end
    local index = require("luci.controller.haven").index
    setfenv(index, { _ = tostring, firstchild = kind("firstchild"), template = kind("template"),
        cbi = kind("cbi"), post = kind("post"), entry = function(path, target, title)
            entries[table.concat(path, "/")] = { target = target, title = title }
            return entries[table.concat(path, "/")]
        end })
    index()
    return entries"""
    entries = lua(chunk)
    top = "admin/services/haven-classic"
    assert set(entries) == {top} | {
        f"{top}/{name}" for name in ("status", "settings", "actions", "live", "reloaded", "act")
    }
    # Those below ask for what the one above asks for.
    assert entries[top]["acl_depends"] == ["haven"]
    assert entries[f"{top}/act"]["target"] == ["post", "act"]
    for entry in entries.values():
        if entry["target"][0] == "template":
            assert entry["target"][1].removeprefix("haven/") in TEMPLATES
    assert (LUASRC / "model/cbi" / f"{entries[f'{top}/settings']['target'][1]}.lua").exists()


def test_every_method_that_the_pages_call_is_there_and_in_the_rights():
    sources = "".join(path.read_text() for path in LUASRC.rglob("*.lua"))
    called = set(re.findall(r'ask\("(\w+)"', sources)) | set(re.findall(r'method = "(\w+)"', sources))
    (group,) = json.loads((ROOT / "files/usr/share/rpcd/acl.d/haven.json").read_text()).values()
    granted = set(group["read"]["ubus"]["haven"]) | set(group["write"]["ubus"]["haven"])
    assert called and called <= set(SIGNATURE) and called <= granted
    assert {"status", "events", "validate", "switchover", "maintenance", "reload"} == called


def test_asking_first_and_acting_then():
    chunk = """local http = world.form
    http.action, http.group = "switchover", "gateway"
    world.answers.status = { %s }
    local act = require("luci.controller.haven").act
    act()
    local asked, before = table.concat(world.output), #world.commands
    http.confirmed, world.program, world.output = "1", "echo '{}'; echo 0", {}
    act()
    return { asked, before, table.concat(world.output), #world.commands }"""
    document = json.loads((ROOT / "tests/cli/status/two_actives.json").read_text())
    asked, before, acted, after = lua(chunk % value(document))
    assert before == 0 and 'name="confirmed" value="1"' in asked and "This router hands gateway" in asked
    assert after == 1 and 'data-part="outcome"' in acted


def test_an_action_that_is_not_known_is_a_bad_request():
    assert lua('world.form.action = "x" require("luci.controller.haven").act() return world.status') == 400


def test_the_package_is_beside_the_others_and_brings_pages_alone():
    names = ("haven", "luci-app-haven", "luci-app-haven-classic")
    payloads = {name: set(ipk.payload(ROOT / f"openwrt-feed/{name}/contents")) for name in names}
    classic = payloads["luci-app-haven-classic"]
    # What the codes of the programs stand for is of the contract, not written by hand.
    assert classic == {
        "usr/lib/lua/luci/haven/catalogue.lua",
        *(f"usr/lib/lua/luci/{path.relative_to(LUASRC)}" for path in LUASRC.rglob("*.*")),
    }
    assert not classic & (payloads["haven"] | payloads["luci-app-haven"])
    # The schema is of the version of haven that reads the configuration, whatever draws it.
    assert "usr/share/haven/schema.json" in payloads["haven"]
    depends = (ROOT / "openwrt-feed/luci-app-haven-classic/control").read_text()
    assert "Depends: haven, luci-compat\n" in depends
