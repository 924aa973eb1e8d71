# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses as text, of a MicroPython without sockets; strict as inet_pton(3) is."""

AF_INET, AF_INET6 = 2, 10
DIGITS = "0123456789abcdefABCDEF"


def inet_pton(family, text):
    """Return the octets of an address. Raises OSError."""
    try:
        return _octets4(text) if family == AF_INET else _octets6(text)
    except (ValueError, IndexError):
        raise OSError(22) from None


def _octets4(text):
    words = text.split(".")
    if len(words) != 4 or not all(word.isdigit() and str(int(word)) == word for word in words):
        raise ValueError(text)
    return bytes([_within(int(word), 255) for word in words])


def _octets6(text):
    head, gap, tail = text.partition("::")
    if "::" in tail:
        raise ValueError(text)
    left, right = _groups(head), _groups(tail)
    missing = 8 - len(left) - len(right)
    if missing < 1 if gap else missing:
        raise ValueError(text)
    return b"".join([bytes((word >> 8, word & 255)) for word in left + [0] * missing + right])


def _groups(text):
    found = []
    words = text.split(":") if text else []
    for number, word in enumerate(words):
        if "." in word and number == len(words) - 1:
            octets = _octets4(word)
            found += [octets[0] << 8 | octets[1], octets[2] << 8 | octets[3]]
            continue
        if not 1 <= len(word) <= 4 or not all(letter in DIGITS for letter in word):
            raise ValueError(text)
        found.append(int(word, 16))
    return found


def _within(number, most):
    if number > most:
        raise ValueError(number)
    return number


def inet_ntop(family, octets):
    """Return an address as text, by RFC 5952."""
    if family == AF_INET:
        return ".".join([str(each) for each in octets])
    words = [octets[at] << 8 | octets[at + 1] for at in range(0, 16, 2)]
    begin, end = _longest_gap(words)
    text = ["%x" % word for word in words]
    if end - begin < 2:
        return ":".join(text)
    return ":".join(text[:begin]) + "::" + ":".join(text[end:])


def _longest_gap(words):
    best, at = (0, 0), 0
    while at < 8:
        end = at
        while end < 8 and not words[end]:
            end += 1
        if end - at > best[1] - best[0]:
            best = (at, end)
        at = max(end, at + 1)
    return best
