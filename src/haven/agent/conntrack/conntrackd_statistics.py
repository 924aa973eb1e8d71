# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what `conntrackd -s` prints."""

import re

# As long as a figure of conntrackd's can be, which has 64 bits; more digits are not one.
_NUMBER = r"(?<!\d)(\d{1,20})(?!\d)"
_FIGURES = (
    ("injected", r"external inject:\s*connections created:\s*" + _NUMBER),
    ("inject_failed", r"external inject:\s*connections created:\s*\d+\s*failed:\s*" + _NUMBER),
    ("internal", r"current active connections:\s*" + _NUMBER),
    ("received_packets", r"Pckts sent\s+" + _NUMBER + " Pckts recv"),
    ("sent_packets", _NUMBER + " Pckts sent"),
    ("errors", _NUMBER + " Error recv"),
    ("malformed", _NUMBER + " Malformed msgs"),
    ("lost", _NUMBER + " Lost msgs"),
)


def unsent(text: str) -> int:
    """Return how many messages wait to be sent, from `conntrackd -s queue`."""
    return sum(int(each) for each in re.findall(r"queue txqueue:\s*current elements:\s*" + _NUMBER, text))


def unacknowledged(text: str) -> list[int]:
    """Return the numbers of the messages that the peer has not acknowledged, from `conntrackd -s rsqueue`."""
    return [int(each) for each in re.findall(r"seq:" + _NUMBER, text)]


def parse(text: str) -> dict[str, int]:
    """Return the figures of the general statistics; one that is not there is left out."""
    found = {}
    for name, pattern in _FIGURES:
        match = re.search(pattern, text)
        if match is not None:
            found[name] = int(match[1])
    return found


def well_formed(figures: dict[str, int]) -> int | None:
    """Return how much that makes sense was received, by the figures; None where they do not tell.

    A packet of several malformed messages counts several times, so this can also fall.
    """
    received = figures.get("received_packets")
    return None if received is None else received - figures.get("malformed", 0)
