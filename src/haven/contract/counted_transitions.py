# SPDX-License-Identifier: GPL-2.0-or-later
"""What the status counts of each group since havend began: transitions by reason, and durations.

`detections`: for how long the Active had been silent when this node took over from it. `takeovers`: from
that decision until the addresses were here and announced. Both are counts up to each of BOUNDS_US and
beyond the last one, as a histogram has them before they are added up.
"""

from haven.contract.fields import (
    DocumentError,
    Field,
    check_object,
    check_objects,
    list_of,
    mapping,
    text,
    whole,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# From what a prepared takeover takes to what a person would notice, and the longest that one waits.
BOUNDS_US = (1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000) + (
    # Seconds; MicroPython has no *rest within a tuple.
    tuple([tenths * 100000 for tenths in (10, 25, 50, 100, 300)])
)

# Of a group, in the status; none of what has not happened.
COUNTED = (
    Field("transitions", list_of(mapping), optional=True),
    Field("detections", mapping, optional=True),
    Field("takeovers", mapping, optional=True),
)

_COUNT = (Field("from", text), Field("to", text), Field("reason", text), Field("count", whole()))
_DURATIONS = (Field("counts", list_of(whole())), Field("sum_us", whole()))


def check_counted(group: "dict[str, Any]") -> None:
    """Check what a status counts of a group. Raises DocumentError."""
    check_objects(group.get("transitions") or (), _COUNT, "groups: transitions")
    for key in ("detections", "takeovers"):
        if group.get(key) is not None:
            check_object(group[key], _DURATIONS, "groups: %s" % key)
            if len(group[key]["counts"]) != len(BOUNDS_US) + 1:
                raise DocumentError("groups: %s: other bounds" % key)
