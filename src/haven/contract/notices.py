# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices: what people are told of, what the plan has of those who are, what paired routers tell each other.

A notice is something that one router has seen. All of them keep it for those who are to hear of it, one
tells it, and says so to the others.
"""

from haven.contract.fields import (
    DocumentError,
    Field,
    any_text,
    check_object,
    check_objects,
    flag,
    list_of,
    mapping,
    number,
    one_of,
    text,
    whole,
)
from haven.contract.severities import SEVERITIES, WARNING
from haven.contract.strict_json import write_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

ROLE, PROBLEM, PEER, DRILL = KINDS = ("role", "problem", "peer", "drill")
# How it is told.
COMMAND, MAIL, NTFY, WEBHOOK = WAYS = ("command", "mail", "ntfy", "webhook")

# Kept while nobody can tell them; beyond that the oldest goes.
MOST_NOTICES = 50
LONGEST_TEXT = 2000
MOST_SECTIONS = 32
# Of one as it is written, in octets: all of them are one message of the channel.
LONGEST_NOTICE, LONGEST_NAME = 20_000, 128

# Of the plan: `to` is the command, the mailbox or the address.
PART = (Field("sections", list_of(mapping)),)
PLANNED = (
    Field("name", text),
    Field("on", list_of(one_of(KINDS))),
    Field("severity", one_of(SEVERITIES)),
    Field("way", one_of(WAYS)),
    Field("to", text),
    Field("interval_us", whole()),
    Field("timeout_us", whole(1)),
)

# `age_s`, as clocks differ. `done` has the sections that have told it, `tries` how often each has failed to.
NOTICE = (
    Field("id", text),
    Field("kind", one_of(KINDS)),
    Field("severity", one_of(SEVERITIES), nullable=True),
    Field("node", text),
    # The same for what all routers see alike, empty for what is this one's.
    Field("key", any_text),
    Field("title", any_text),
    Field("text", any_text),
    Field("age_s", number),
    Field("done", list_of(text)),
    Field("tries", mapping),
)

# What the status tells: how many wait, and how long ago one was told by this router.
TOLD = (
    Field("name", text),
    Field("way", one_of(WAYS)),
    Field("waiting", whole()),
    Field("sent_s", whole(), nullable=True),
    Field("is_failing", flag),
)


def check_part(part: "Document | None") -> None:
    """Check what the plan has of those who are told. Raises DocumentError."""
    if part is not None:
        check_objects(part["sections"], PLANNED, "parts: notify: sections")


def check_notices(documents: "list[Any]") -> "list[Document]":
    """Return notices that another router tells. Raises DocumentError."""
    if len(documents) > MOST_NOTICES:
        raise DocumentError("notices: more than %d" % MOST_NOTICES)
    check_objects(documents, NOTICE, "notices")
    for each in documents:
        tries = each["tries"]
        if len(tries) > MOST_SECTIONS or any(whole(0, 1 << 20)(tries[name]) for name in tries):
            raise DocumentError("notices: tries is not what it should be")
        if len(each["done"]) > MOST_SECTIONS or len(write_json(each)) > LONGEST_NOTICE:
            raise DocumentError("notices: one is too long")
        if any(len(name) > LONGEST_NAME for name in list(each["done"]) + list(tries)):
            raise DocumentError("notices: a section's name is too long")
    return documents


def is_wanted(planned: "Document", kind: str, severity: "str | None") -> bool:
    """Tell whether a section is told of what is of this kind, and as bad."""
    is_bad_enough = severity is None or planned["severity"] == WARNING or severity == planned["severity"]
    return kind in planned["on"] and is_bad_enough


def masked(address: str) -> str:
    """Return of a URL what everybody may see: where it leads, and none of who may."""
    scheme, mark, rest = address.partition("://")
    host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2]
    return "%s%s%s/..." % (scheme, mark, host) if mark else address


def check_account(account: "Document | None") -> None:
    """Check what the status tells of notices. Raises DocumentError."""
    if account is not None:
        check_object(account, PART, "notify")
        check_objects(account["sections"], TOLD, "notify: sections")
