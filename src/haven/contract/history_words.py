# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router remembers of its past, an entry each: on its flash, and as it tells it.

An entry is {"kind", "at", "up", ...}: `at` in seconds since the epoch, as its clock stood, `up` in seconds
since the boot. Of a later release there may be other kinds and more keys.
"""

from haven.contract.drill_words import RESULT
from haven.contract.fields import (
    DocumentError,
    Field,
    check_object,
    list_of,
    mapping,
    moment,
    number,
    text,
    whole,
)
from haven.contract.outages import OUTAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Entry = dict[str, Any]

# 1: the first.
VERSION = 1
# Of both parts of the file together, in octets.
LARGEST = 65536
LONGEST_ENTRY = 1024
MOST_DRILLS = 10

BEGUN, ROLE, OUT, DRILL, STEP, MORE, MONTH = "begun", "role", "outage", "drill", "step", "more", "month"


def _month(value: "Any") -> str:
    """Ask for a month: 2026-11."""
    is_month = isinstance(value, str) and len(value) == 7 and value[4] == "-"
    digits = value[:4] + value[5:] if is_month else ""
    return "" if digits and not digits.strip("0123456789") and 1 <= int(digits[4:]) <= 12 else "a month"


_COMMON = (Field("kind", text), Field("at", moment), Field("up", number))
ENTRIES = {
    # The agent has begun: `boot` tells whether the router has. What was before is known up to `last`.
    BEGUN: (Field("boot", text), Field("node", text), Field("last", moment, nullable=True)),
    # A group has changed its state, for a reason of REASONS.
    ROLE: (Field("group", text), Field("state", text), Field("reason", text)),
    OUT: tuple([field for field in OUTAGE if field.key != "at"]),
    DRILL: tuple([field for field in RESULT if field.key != "at"]),
    # The clock was set, by so many seconds: what was noted since the boot is to be read with them.
    STEP: (Field("by", number),),
    # So many entries came too fast to be noted each.
    MORE: (Field("count", whole(1)), Field("outage_ms", whole())),
    # What is left of a month whose entries had to make room: seconds that are known, and outages.
    MONTH: (
        Field("month", _month),
        Field("known_s", number),
        Field("outage_ms", whole()),
        Field("count", whole()),
    ),
}

# What a router answers who asks for its past. `damage` counts what could not be read, by what was the matter.
ANSWER = (
    Field("version", whole(1)),
    Field("node", text),
    Field("at", moment),
    Field("entries", list_of(mapping)),
    Field("damage", mapping),
)

# What can be the matter with a line of the file, or with what another router answers.
NEWER = "newer"
DAMAGE = {
    "cut": "{count} entries were cut short or overwritten",
    NEWER: "{count} entries are of a newer haven",
    "future": "{count} entries are from the future: the clock was ahead, or is behind",
}


def check_entry(document: "Any") -> "Entry":
    """Return a document that is an entry of a known kind. Raises DocumentError."""
    found = check_object(document, _COMMON, "the entry")
    fields = ENTRIES.get(found["kind"])
    if fields is None:
        raise DocumentError("the entry is of another kind: %s" % found["kind"])
    return check_object(found, fields, found["kind"])
