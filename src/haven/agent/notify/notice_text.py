# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices as a person reads them: what has happened, what to do, and what is now."""

import time
from typing import Any

from haven.contract.message import STATE_NAMES

Document = dict[str, Any]

# Older than this a notice says how old it is.
FRESH_S = 60


class Letter:
    """A title and a text, and the notices in it as documents."""

    def __init__(self, title: str, text: str, notices: list[Document], status: Document) -> None:
        self.title, self.text, self.notices = title, text, notices
        self.status = status

    def as_document(self) -> Document:
        """Return it for a webhook."""
        states = {group["name"]: group["state"] for group in self.status.get("groups", ())}
        problems = [
            {"code": each["code"], "about": each["about"]} for each in self.status.get("problems", ())
        ]
        names = ("kind", "severity", "node", "title", "text", "age_s")
        return {
            "title": self.title,
            "text": self.text,
            "node": self.status.get("node"),
            "notices": [{name: each[name] for name in names} for each in self.notices],
            "groups": states,
            "problems": problems,
        }


def letter(notices: list[Document], status: Document, left_out: int = 0) -> Letter:
    """Return one letter for all of these, of whatever router that sees the status."""
    title = notices[-1]["title"]
    if len(notices) > 1:
        title += " (and %d more)" % (len(notices) - 1)
    lines = [line for each in notices for line in _notice(each)]
    if left_out:
        lines += ["%d older ones are left out, as nobody could be told." % left_out, ""]
    text = "\n".join([_plain(each) for line in [*lines, *_now(status)] for each in line.split("\n")])
    return Letter(_plain(title), text + "\n", notices, status)


def _plain(text: str) -> str:
    """Return a line that every program takes, and that does nothing to a terminal, whoever has written it."""
    return "".join([each if each.isprintable() else " " for each in text])


def _notice(notice: Document) -> list[str]:
    lines = [notice["title"] + _age(notice["age_s"])]
    if notice["text"]:
        lines.append(notice["text"])
    return [*lines, ""]


def _age(seconds: float) -> str:
    if seconds < FRESH_S:
        return ""
    minutes = round(seconds / 60)
    return " (%d min ago)" % minutes if minutes < 120 else " (%d h ago)" % round(minutes / 60)


def _now(status: Document) -> list[str]:
    if not status:
        return []
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
    states = [
        "%s %s" % (each["name"], STATE_NAMES.get(each["state"], each["state"])) for each in status["groups"]
    ]
    problems = status["problems"]
    lines = ["Now, %s, on %s: %s." % (when, status["node"], ", ".join(states) or "no group")]
    if not problems:
        return [*lines, "There is no problem."]
    return [*lines, *("- %s: %s %s" % (each["about"], each["message"], each["do"]) for each in problems)]
