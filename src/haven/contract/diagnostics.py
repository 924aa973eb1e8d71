# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with a configuration, or odd about this machine.

A diagnostic is {"file", "line", "section", "section_type", "section_name", "option", "code", "facts",
"message", "text"}: a place (line 0: the whole file; `section` as its user would name it) and what is the
matter there. Programs go by the code and the facts; `message` is the same in English, `text` with its place.
"""

from haven.contract.fields import Field, any_text, mapping, text, whole
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DIAGNOSTIC = (
    Field("file", any_text),
    Field("line", whole()),
    Field("section", any_text, nullable=True),
    Field("section_type", any_text, nullable=True),
    Field("section_name", any_text, nullable=True),
    Field("option", any_text, nullable=True),
    Field("code", text),
    Field("facts", mapping),
    Field("message", text),
    Field("text", text),
)

# Of a plan as a file, and of programs: the words for a configuration are in configuration_words.py.
OWN = {
    # The plan as a file, and its compiler.
    "plan-unreadable": "the plan cannot be read: {error}",
    "plan-unwritable": "cannot be written: {error}",
    "plan-truncated": "the plan is truncated or is not JSON",
    "plan-version": "the plan has version {found}, this havend reads version {known}",
    "plan-damaged": "the plan is damaged: {error}",
    "compiler-failed": "the compiler of the plan failed: {error}",
    "compiler-killed": "the compiler of the plan was ended by signal {signal}",
    "module-missing": "the Python module {module} is not installed",
    # What a program says that knows no codes.
    "words": "{words}",
}

# Warnings that ask for nothing: as a machine comes up they pass, and what stays is a fault or a problem.
PASSING = ("tracked-missing", "device-missing", "sync-address-missing")
# Those that its user is shown before it is so (`haven setup`, `haven validate`): no error of each start.
CHOSEN = ("sync-shared", "hops-unauthenticated")
# Not there, and left out.
LACKS = ("kernel-no-ipv6", "kernel-no-macvlan")

# What stands before the message, as far as it is known.
PLACES = {"option": "option '{option}'"}


class Diagnostic:
    """One thing that is the matter; the section's label, type and name are texts, or None."""

    def __init__(
        self,
        code: str,
        facts: "dict[str, Any]",
        file: str = "",
        line: int = 0,
        section: "tuple[str, str, str] | None" = None,
        option: "str | None" = None,
    ) -> None:
        self.code = code
        self.facts = facts
        self.file = file
        self.line = line
        self.section = section
        self.option = option

    @property
    def message(self) -> str:
        """What is the matter, in English."""
        return diagnostic_text(self.code, self.facts)

    def __str__(self) -> str:
        return _placed(self.file, self.line, self.section and self.section[0], self.option, self.message)

    def __repr__(self) -> str:
        return "Diagnostic(%r)" % str(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Diagnostic) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash(str(self))

    def as_dict(self) -> "dict[str, Any]":
        """Return the document."""
        label, type, name = self.section or (None, None, None)
        return {
            "file": self.file,
            "line": self.line,
            "section": label,
            "section_type": type,
            "section_name": name,
            "option": self.option,
            "code": self.code,
            "facts": self.facts,
            "message": self.message,
            "text": str(self),
        }


def diagnostic_text(code: str, facts: "dict[str, Any]") -> str:
    """Return what is the matter in English. Raises KeyError for a code or a fact that is missing."""
    template = OWN.get(code)
    if template is None:
        # Who only runs a plan does without them.
        from haven.contract.configuration_words import CONFIGURATION

        template = CONFIGURATION[code]
    return render(template, facts, {})


def _placed(file: str, line: int, section: "str | None", option: "str | None", message: str) -> str:
    place = "%s:%d" % (file, line) if line else file
    named = PLACES["option"].format(option=option) if option else None
    inner = [each for each in (section, named) if each]
    return ": ".join([each for each in (place, ", ".join(inner), message) if each])
