# SPDX-License-Identifier: GPL-2.0-or-later
"""Menu, rights, calls and views name each other, and nothing that is not there."""

import json
import re
import subprocess

import pytest

from haven.agent.ubus.methods import SIGNATURE, STATUS_OF
from tests.luci import web
from tests.luci.router import LUCI_BASE, ROOT, groups

RESOURCES = web.installed() / "www/luci-static/resources"
SCRIPTS = {path: path.read_text() for path in sorted(RESOURCES.rglob("*.js"))}
BROUGHT = ROOT / "openwrt-feed/luci-app-haven/root"
MENU = json.loads((BROUGHT / "usr/share/luci/menu.d/luci-app-haven.json").read_text())
DOCS = ROOT / "docs"
CHANGING = {"switchover", "maintenance", "reload", "pair", "unpair", "sync_now", "sync_take", "sync_undo"}


def _script(name: str) -> str:
    return SCRIPTS[RESOURCES / "haven" / name]


def _keys(table: str, text: str) -> set[str]:
    body = re.search(rf"const {table} = \{{(.*?)\n\}};", text, re.DOTALL)
    assert body
    return set(re.findall(r"^\t(\w+):", body.group(1), re.MULTILINE))


def _offline() -> dict[str, dict]:
    program = BROUGHT / "usr/libexec/rpcd/luci.haven"
    return json.loads(subprocess.run([program, "list"], capture_output=True, check=True).stdout)


def _calls() -> list[tuple[str, str, list[str]]]:
    """Find every call on ubus that a script declares: object, method, arguments."""
    api = _script("api.js")
    found = []
    for method, params, object_ in re.findall(
        r"declare\('(\w+)'(?:, \[ ?(.*?) ?\](?:, '([\w.]+)')?)?\)", api
    ):
        found.append((object_ or "haven", method, re.findall(r"'(\w+)'", params)))
    for path, text in SCRIPTS.items():
        if path.name != "api.js":
            for object_, method in re.findall(r"rpc\.declare\(\{ object: '([\w.]+)', method: '(\w+)'", text):
                found.append((object_, method, []))
    return found


# What collects numbers asks this, with the right to read and no page.
ASKED_ELSEWHERE = {("haven", "metrics")}


def test_every_call_has_a_method_with_these_arguments():
    known = {("haven", name): set(arguments) for name, arguments in SIGNATURE.items()}
    known |= {("luci.haven", name): set(arguments) for name, arguments in _offline().items()}
    ours = [call for call in _calls() if call[0] in ("haven", "luci.haven")]
    assert {(name, method) for name, method, _arguments in ours} == set(known) - ASKED_ELSEWHERE
    for name, method, arguments in ours:
        assert set(arguments) <= known[name, method], (name, method)


def test_every_call_may_be_made_by_somebody_and_every_right_is_for_a_call():
    rights = [right.get("ubus", {}) for group in groups().values() for right in group.values()]
    granted = {(name, method) for right in rights for name, methods in right.items() for method in methods}
    base = {
        (name, method)
        for right in LUCI_BASE.values()
        for name, methods in right["ubus"].items()
        for method in methods
    }
    called = {(name, method) for name, method, _arguments in _calls()} | {("file", "read")}
    assert called <= granted | base
    assert {right for right in granted if right[0] != "uci"} <= called | ASKED_ELSEWHERE
    assert {name for name, _method in called} <= {"haven", "luci.haven", "uci", "network.interface", "file"}


def test_each_right_stands_in_one_place():
    seen = set()
    for name, group in groups().items():
        for right in group.values():
            for scope, things in right.items():
                listed = things if isinstance(things, dict) else dict.fromkeys(things, [""])
                for thing, methods in listed.items():
                    rows = {(scope, thing, method) for method in methods}
                    assert not rows & seen, name
                    seen |= rows


def test_reading_changes_nothing_and_shows_no_configuration():
    for group in groups().values():
        read = group.get("read", {})
        assert not CHANGING & set(read.get("ubus", {}).get("haven", ()))
        # As a list: a page may read it, and write only what stands under write.
        assert read.get("uci", []) in ([], ["network"]) and "uci" not in read.get("ubus", {})
        assert set(read.get("file", {})) <= {"/usr/share/haven/schema.json"}


# What every page of LuCI asks, by LuCI's own groups (unauthenticated.json, luci-base.json).
OF_LUCI = {
    "unauthenticated": {("session", "access"), ("luci", "getFeatures")},
    "luci-base": {("uci", "changes"), ("uci", "get")},
}


@pytest.mark.parametrize("page", ["luci.md", "openwrt.md"])
def test_the_rights_of_who_may_only_look_are_enough_for_luci(page: str):
    """Without the first two LuCI says that the session has expired, and shows an error instead of a page."""
    recipe = re.search(r"for right in ([\w -]+); do uci add_list rpcd.viewer.read", (DOCS / page).read_text())
    assert recipe
    read = recipe.group(1).split()
    granted = {call for name in read for call in OF_LUCI.get(name, ())}
    assert {("session", "access"), ("uci", "changes")} <= granted
    assert {"haven"} == set(read) & set(groups())


def test_under_write_stands_only_what_changes_something():
    for group in groups().values():
        assert all("write" in rights for rights in group.get("write", {}).get("uci", {}).values())


def test_every_menu_entry_has_its_view_and_its_rights():
    views = {path.stem for path in (RESOURCES / "view/haven").glob("*.js")}
    shown = {entry["action"]["path"] for entry in MENU.values() if entry["action"]["type"] == "view"}
    assert shown == {f"haven/{name}" for name in views}
    for entry in MENU.values():
        assert entry["depends"]["acl"] and set(entry["depends"]["acl"]) <= set(groups())


def test_every_module_that_is_required_is_there():
    luci = {"baseclass", "dom", "form", "fs", "poll", "rpc", "uci", "ui", "view"}
    for path, text in SCRIPTS.items():
        for name in re.findall(r"^'require ([\w.]+)", text, re.MULTILINE):
            there = (RESOURCES / (name.replace(".", "/") + ".js")).is_file()
            assert there or name in luci, (path.name, name)


def test_every_kind_of_failure_has_words():
    tables = re.findall(r"const KIND_OF_\w+ = \{(.*?)\};", _script("api.js"))
    kinds = {kind for table in tables for kind in re.findall(r": '(\w+)'", table)}
    kinds |= set(re.findall(r"error.kind = now.configured \? '(\w+)' : '(\w+)'", _script("api.js"))[0])
    kinds |= set(re.findall(r"trouble\('(\w+)'", _script("api.js"))) | {
        "session",
        "router",
        "late",
        "unknown",
    }
    assert kinds | set(STATUS_OF) == _keys("TROUBLES", _script("words.js"))
