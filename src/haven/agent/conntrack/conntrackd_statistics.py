# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what `conntrackd -s` prints: numbers between words."""

from haven.light import suppress

# As long as a figure of conntrackd's can be, which has 64 bits; more digits are not one.
LONGEST = 20
NUMBER = "NUMBER"
# The words around each figure, which stands where the last NUMBER does.
_FIGURES = (
    ("injected", "external inject: connections created: NUMBER"),
    ("inject_failed", "external inject: connections created: NUMBER failed: NUMBER"),
    ("internal", "current active connections: NUMBER"),
    ("received_packets", "Pckts sent NUMBER Pckts recv"),
    ("sent_packets", "NUMBER Pckts sent"),
    ("errors", "NUMBER Error recv"),
    ("malformed", "NUMBER Malformed msgs"),
    ("lost", "NUMBER Lost msgs"),
)


def unsent(text: str) -> int:
    """Return how many messages wait to be sent, from `conntrackd -s queue`."""
    return sum(_all(text.split(), "queue txqueue: current elements: NUMBER"))


def unacknowledged(text: str) -> list[int]:
    """Return the numbers of the messages that the peer has not acknowledged, from `conntrackd -s rsqueue`."""
    found = (_leading_digits(each) for each in text.split("seq:")[1:])
    return [int(digits) for digits in found if 0 < len(digits) <= LONGEST]


def parse(text: str) -> dict[str, int]:
    """Return the figures of the general statistics; one that is not there is left out."""
    words = text.split()
    found = ((name, _all(words, pattern)) for name, pattern in _FIGURES)
    return {name: numbers[0] for name, numbers in found if numbers}


def _all(words: list[str], pattern: str) -> list[int]:
    """Return the last number of each place whose words are those of the pattern."""
    wanted = pattern.split()
    last = max(at for at, word in enumerate(wanted) if word == NUMBER)
    # This is asked every second: only where one of the words stands is there more to compare.
    mark = next(at for at, word in enumerate(wanted) if word != NUMBER)
    begins = [at - mark for at in _places(words, wanted[mark]) if at >= mark]
    return [int(words[at + last]) for at in begins if _is_like(words[at : at + len(wanted)], wanted)]


def _places(words: list[str], wanted: str) -> list[int]:
    found: list[int] = []
    with suppress(ValueError):
        while True:
            found.append(words.index(wanted, found[-1] + 1 if found else 0))
    return found


def _is_like(words: list[str], wanted: list[str]) -> bool:
    pairs = zip(words, wanted, strict=False)
    is_like = all(_is_number(word) if like == NUMBER else word == like for word, like in pairs)
    return is_like and len(words) == len(wanted)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= LONGEST


def _leading_digits(text: str) -> str:
    rest = text.lstrip("0123456789")
    return text[: len(text) - len(rest)]


def well_formed(figures: dict[str, int]) -> int | None:
    """Return how much that makes sense was received, by the figures; None where they do not tell.

    A packet of several malformed messages counts several times, so this can also fall.
    """
    received = figures.get("received_packets")
    return None if received is None else received - figures.get("malformed", 0)
