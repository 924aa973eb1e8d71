# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections of a common configuration that have come from another router and lack what is this one's own."""

from collections.abc import Iterable

from haven.config.options.kinds import BadValue, Flag
from haven.config.section_values import Diagnostics
from haven.config.uci.document import UciSection


def without_unplaced(sections: Iterable[UciSection], diagnostics: Diagnostics) -> list[UciSection]:
    """Return the sections but for a link of the connections that has no address on this router yet.

    Where nothing is common it is a mistake of who has written it; here it is nobody's, and no reason to
    refuse everything else that has come with it.
    """
    written = list(sections)
    if not any(_is_on(section, "sync") for section in written):
        return written
    unplaced = [each for each in written if _is_on(each, "conntrack") and not each.value("address")]
    for section in unplaced:
        place = section.name or "@conntrack[%d]" % section.index
        diagnostics.warn(section, "conntrack-unplaced", "address", 0, place=place)
    return [section for section in written if section not in unplaced]


def _is_on(section: UciSection, type: str) -> bool:
    try:
        return section.type == type and Flag().parse(section.value("enabled") or "0")
    except BadValue:
        return False
