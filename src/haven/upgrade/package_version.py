# SPDX-License-Identifier: GPL-2.0-or-later
"""Which of two versions of a package is the older one, as opkg goes by it; apk agrees for those of ours."""

import re

_PARTS = re.compile(r"(\d+)|(~)|([^\d~]+)")
# A tilde is before the end, the end before anything else, letters before numbers' absence.
_BEFORE_END, _END, _LETTERS, _NUMBER = range(4)


def is_older(one: str, other: str) -> bool:
    """Tell whether one version is older than another."""
    return _key(one) < _key(other)


def _key(version: str) -> list[tuple[int, int, str]]:
    found = []
    for number, tilde, letters in _PARTS.findall(version):
        if number:
            found.append((_NUMBER, int(number), ""))
        elif tilde:
            found.append((_BEFORE_END, 0, ""))
        else:
            found.append((_LETTERS, 0, letters))
    return [*found, (_END, 0, "")]


def release_of(version: str) -> str:
    """Return the release of haven that a package of that version has in it: without the packager's number."""
    return re.sub(r"-r?\d+$", "", version)
