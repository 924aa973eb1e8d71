# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what `conntrackd -s` prints."""

import re

_FIGURES = (
    ("injected", r"external inject:\s*connections created:\s*(\d+)"),
    ("inject_failed", r"external inject:\s*connections created:\s*\d+\s*failed:\s*(\d+)"),
    ("internal", r"current active connections:\s*(\d+)"),
    ("received_packets", r"Pckts sent\s+(\d+) Pckts recv"),
    ("sent_packets", r"(\d+) Pckts sent"),
    ("errors", r"(\d+) Error recv"),
    ("malformed", r"(\d+) Malformed msgs"),
    ("lost", r"(\d+) Lost msgs"),
)


def unsent(text: str) -> int:
    """Return how many messages wait to be sent, from `conntrackd -s queue`."""
    return sum(int(each) for each in re.findall(r"queue txqueue:\s*current elements:\s*(\d+)", text))


def unacknowledged(text: str) -> list[int]:
    """Return the numbers of the messages that the peer has not acknowledged, from `conntrackd -s rsqueue`."""
    return [int(each) for each in re.findall(r"seq:(\d+)", text)]


def parse(text: str) -> dict[str, int]:
    """Return the figures of the general statistics; one that is not there is left out."""
    found = {}
    for name, pattern in _FIGURES:
        match = re.search(pattern, text)
        if match is not None:
            found[name] = int(match[1])
    return found
