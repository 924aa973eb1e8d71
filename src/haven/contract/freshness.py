# SPDX-License-Identifier: GPL-2.0-or-later
"""What the maker of a status has to know of it: its version, what is fresh, and its states."""

VERSION = 1

# After so many intervals without an ADVERTISEMENT nobody knows who is Active.
FRESH_INTERVALS = 4
# The agents speak every second; when two are missed, nobody may be there.
PEER_FRESH_MS = 3000
# Where both would be Active, the other's last word is likely to be older than its end.
PEER_DOUBTFUL_MS = 1500


def shown_state(state: str, faults: "tuple[tuple[str, str], ...]") -> str:
    """Return the state to show: Initialize with a fault is called fault."""
    return "fault" if faults and state == "initialize" else state


def is_fresh_active(seen_ms: int, interval_ms: int) -> bool:
    """Tell whether an Active that was heard so long ago is likely to still be."""
    return seen_ms <= FRESH_INTERVALS * interval_ms


def is_fresh_peer(heard_ms: "int | None", contradicts: bool) -> bool:
    """Tell whether what a peer told so long ago holds; `contradicts` when both would be Active."""
    return heard_ms is not None and heard_ms < (PEER_DOUBTFUL_MS if contradicts else PEER_FRESH_MS)
