# SPDX-License-Identifier: GPL-2.0-or-later
"""A message of every code of the contract, with what it is in English: what the pages are held to."""

import re
from collections.abc import Iterator
from typing import Any

from haven.contract import all_events, all_problems, at_risk, control, pairing, problems, setup
from haven.contract.all_diagnostics import DIAGNOSTICS
from haven.contract.diagnostics import Diagnostic
from haven.contract.event_log import REASONS, event_text, reason_text
from haven.contract.faults import fault
from haven.contract.message import message, render
from haven.contract.replication import REPLICATION, replication_text
from haven.contract.steps import STEPS, step_text

Document = dict[str, Any]
# Nothing of it may be shown: the text is to be made from the code and the facts.
ENGLISH = "not to be shown"

INNER: Document = {
    "fault": fault("link-down", "br-lan"),
    "faults": [fault("link-down", "br-lan"), fault("tracked-down", "wan")],
    "step": message("address-add", address="192.0.2.1/24", device="br-lan"),
    "command": message("accept-rules"),
    "reason": message("silence", peer="192.0.2.2", silence_us=3_610_123),
    "problem": problems.problem("rival", "lan", peer="192.0.2.3"),
    "diagnostic": Diagnostic(
        "value-flag", {"value": "ja"}, "/etc/config/haven", 7, ("group 'g'", "group", "g"), "preempt"
    ).as_dict(),
    "from": "backup",
    "to": "active",
}
LISTS = {"virtual_routers", "addresses", "peers", "groups", "names", "choices"}


def every_message() -> Iterator[tuple[tuple[str, Document], str]]:
    """Yield what a page is asked, the name of its function and a document, and what it has to say."""
    for code, _severity, text, do in all_problems.TABLE:
        found = problems.problem(code, "lan", **_facts(text + do))
        asked = {**found, "message": ENGLISH, "do": ENGLISH}
        yield ("problem", asked), found["message"]
        yield ("advice", asked), found["do"]
    for code, kind, text in all_events.TABLE:
        facts = _facts(text)
        yield ("event", _document(code, facts, "text", kind=kind)), event_text(code, facts)
    for code, text in REASONS.items():
        facts = _facts(text)
        yield ("reason", {"reason": code, "facts": facts, "text": ENGLISH}), reason_text(code, facts)
    for code, text in STEPS.items():
        facts = _facts(text)
        yield ("step", _document(code, facts, "say")), step_text(code, facts)
    for code, text in DIAGNOSTICS.items():
        # Here a step is a number.
        facts = {**_facts(text), "suggestion": "lan", "step": 4}
        found = Diagnostic(code, facts, "f", 3, ("group 'g'", "group", "g"), "vrid")
        asked = {**found.as_dict(), "message": ENGLISH, "text": ENGLISH}
        yield ("diagnostic", asked), found.message
        yield ("located", asked), str(found).removeprefix("f:3: ")
    for code, text in at_risk.AT_RISK.items():
        facts = _facts(text)
        yield ("risk", _document(code, facts, "text")), render(text, facts, {})
    for code, text in control.REFUSALS.items():
        # Here a command is a name.
        facts = {**_facts(text), "command": "halt"}
        yield ("refusal", _document(code, facts, "error")), render(text, facts, {})
    yield from _of_pairs()


def _of_pairs() -> Iterator[tuple[tuple[str, Document], str]]:
    # What no page is told: rpcd's programs are root's.
    refusals = {code: text for code, text in setup.REFUSALS.items() if code != "not-root"}
    for code, text in [*pairing.REFUSALS.items(), *refusals.items(), *setup.OUTCOMES.items()]:
        facts = {**_facts(text), "command": "halt"}
        yield ("refusal", _document(code, facts, "error")), render(text, facts, {})
    for code, text in setup.WHYS.items():
        yield ("why", _document(code, _facts(text), "message")), render(text, _facts(text), {})
    for code, text in REPLICATION.items():
        facts = {**_facts(text), "diagnostic": message("value-flag", value="ja")}
        yield ("replication", _document(code, facts, "message")), replication_text(code, facts)


def _document(code: str, facts: Document, english: str, **more: str) -> Document:
    return {"code": code, "facts": facts, english: ENGLISH, **more}


def _facts(template: str) -> Document:
    return {name: _fact(name) for name in re.findall(r"{(\w+)}", template)}


def _fact(name: str) -> Any:
    if name in INNER:
        return INNER[name]
    if name in LISTS:
        return [f"{name}-1", f"{name}-2"]
    if name.endswith("_us"):
        return 358_999
    return 42 if name.endswith("_s") or name in ("count", "line", "most") else f"{name} <%d>"
