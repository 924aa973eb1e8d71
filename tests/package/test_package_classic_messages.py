# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages for LuCI's Lua runtime say of each code what the program itself says, where nobody translates."""

import re
from typing import Any

import pytest

from haven.contract import all_events, all_problems, event_log, problems
from haven.contract.all_diagnostics import DIAGNOSTICS
from haven.contract.control import REFUSALS, Refusal, refused
from haven.contract.diagnostics import Diagnostic
from haven.contract.faults import fault
from haven.contract.message import message
from haven.core.tracking import LINK_DOWN, NO_SOURCE
from tests.package.classic import lua, value

NAMED = re.compile(r"{([a-z_]+)}")
PLACE = ("virtual_router 'lan'", "virtual_router", "lan")
DIAGNOSTIC = Diagnostic("value-whole", {"value": "x", "low": 1, "high": 255}, "haven", 3, PLACE, "vrid")
# What is known of a fact by its name; every other is a text that is neither a pattern nor a template.
KNOWN: dict[str, Any] = {
    "from": "backup",
    "to": "active",
    "fault": fault(LINK_DOWN, "br-lan"),
    "faults": [fault(LINK_DOWN, "br-lan"), fault(NO_SOURCE, "wan")],
    "step": message("address-add", address="10.9.0.1/32", device="lan"),
    "command": message("accept-rules"),
    "reason": message("silence", peer="10.9.0.2", silence_us=3610000),
    "problem": problems.problem("rival", "lan", peer="10.9.0.2"),
    "diagnostic": DIAGNOSTIC.as_dict(),
    "groups": ["gateway", "guest"],
    "priority": 100,
}


# The step of a range and the command of a request are no messages.
PLAIN = {"step": 10, "command": "fly", "service": "vpn", "reason": "so"}


def _facts(*texts: str, **more: Any) -> dict[str, Any]:
    names = {name for text in texts for name in NAMED.findall(text)}
    return {name: {**KNOWN, **more}.get(name, _of_its_kind(name)) for name in names}


def _of_its_kind(name: str) -> Any:
    numbers = {"_us": 358000, "_ms": 358, "_s": 42}
    return next((numbers[end] for end in numbers if name.endswith(end)), "the 100%s of {it} %1")


def _say(function: str, documents: list[dict]) -> list[str]:
    chunk = """local message, said = require("luci.haven.message"), {}
    for index, each in ipairs(%s) do said[index] = message.%s(each) end
    return said"""
    return lua(chunk % (value(documents), function))


def _without_text(document: dict) -> dict:
    return {key: document[key] for key in document if key not in ("message", "do", "text", "error")}


def test_each_problem_and_what_to_do_about_it():
    found = [
        problems.problem(code, "lan", **_facts(text, do)) for code, _severity, text, do in all_problems.TABLE
    ]
    told = [_without_text(each) for each in found]
    assert _say("problem", told) == [each["message"] for each in found]
    assert _say("advice", told) == [each["do"] for each in found]


def test_each_event():
    events = [{"code": code, "facts": _facts(text)} for code, _kind, text in all_events.TABLE]
    texts = [event_log.event_text(each["code"], each["facts"]) for each in events]
    assert _say("event", events) == texts


def test_each_reason():
    changes = [{"reason": code, "facts": _facts(text)} for code, text in event_log.REASONS.items()]
    texts = [event_log.reason_text(each["reason"], each["facts"]) for each in changes]
    assert _say("reason", changes) == texts


@pytest.mark.parametrize("more", [{}, {"suggestion": "preempt"}])
def test_each_diagnostic(more: dict):
    found = [
        Diagnostic(code, {**_facts(text, **PLAIN), **more}, "haven") for code, text in DIAGNOSTICS.items()
    ]
    told = [_without_text(each.as_dict()) for each in found]
    assert _say("diagnostic", told) == [each.message for each in found]


@pytest.mark.parametrize("line", [0, 3])
@pytest.mark.parametrize("section", [None, PLACE])
@pytest.mark.parametrize("option", [None, "vrid"])
def test_the_place_of_a_diagnostic(line: int, section: tuple | None, option: str | None):
    found = Diagnostic("option-unknown", {}, "/etc/config/haven", line, section, option)
    assert _say("placed", [_without_text(found.as_dict())]) == [str(found)]


def test_each_refusal():
    answers = [refused(Refusal(code, **_facts(text, **PLAIN))) for code, text in REFUSALS.items()]
    assert _say("refusal", [_without_text(each) for each in answers]) == [each["error"] for each in answers]


def test_what_is_not_known_stays_in_the_words_of_the_program():
    unknown = {"code": "of-a-newer-haven", "facts": {}, "message": "M", "do": "D", "text": "T", "error": "E"}
    lacking = {**unknown, "code": "rival", "reason": "higher"}
    for document in (unknown, lacking):
        assert _say("problem", [document]) == ["M"] and _say("refusal", [document]) == ["E"]
        assert _say("event", [{**document, "code": "of-a-newer-haven"}]) == ["T"]
        assert _say("reason", [document]) == ["T"]
    assert _say("advice", [unknown]) == ["D"]


@pytest.mark.parametrize("odd", ["x", True, [], {}, [None], {"code": []}, "{group}", "%d"])
def test_facts_that_do_not_fit_leave_the_words_of_the_program(odd: object):
    number = {"code": "sync-wait", "facts": {"group": "lan", "left_s": odd}, "text": "T"}
    silence = {"reason": "silence", "facts": {"peer": "p", "silence_us": odd}, "text": "T"}
    if not isinstance(odd, (list, dict)):
        assert _say("event", [number]) == ["T"] and _say("reason", [silence]) == ["T"]
    damaged = {"code": "x", "message": "M", "line": odd, "file": odd, "facts": odd}
    refused_ = {"code": "refused", "facts": {"diagnostic": damaged}, "text": "T"}
    assert _say("event", [refused_])[0].endswith("M")


def test_a_code_is_no_name_that_every_object_has():
    for code in ("constructor", "__proto__", "toString", "__index"):
        unknown = {"code": code, "reason": code, "facts": {}, "message": "M", "text": "T", "error": "E"}
        assert _say("problem", [unknown]) == ["M"] and _say("refusal", [unknown]) == ["E"]
        assert _say("event", [unknown]) == ["T"] and _say("reason", [unknown]) == ["T"]


def test_a_state_is_said_as_haven_means_it_where_luci_has_the_word_too():
    chunk = """world.said = { Backup = "Sichern", ["haven\\1Backup"] = "Backup (de)", Active = "Anders" }
    local message = require "luci.haven.message"
    return { message.state("backup"), message.state("active") }"""
    assert lua(chunk) == ["Backup (de)", "Active"]
