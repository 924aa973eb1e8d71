# SPDX-License-Identifier: GPL-2.0-or-later
"""The file in which dnsmasq keeps its leases, a line each: EXPIRY MAC ADDRESS NAME CLIENT-ID.

Expiry is in seconds since the epoch, 0 for never; `*` stands for nothing. dnsmasq reads it when it starts,
and writes it anew, in its place, whenever something changes. A line `duid` divides it: after it come leases
of IPv6, which are left as they are.
"""

import os
import re
from collections.abc import Iterable

from haven.agent.leases.binding import FOREVER_S, Binding, BindingError, read_binding
from haven.atomic_file import write_durably
from haven.light import suppress
from haven.plain_file import read_plain

NOTHING = "*"
# A line of its own: a client may be called duid as well.
IPV6 = re.compile(r"^duid ", re.M)
# A number of seconds with more digits is none.
LONGEST_TIME = 15
USUAL_MODE = 0o644
LARGEST = 4 << 20


class LeaseFileError(Exception):
    """The file cannot be read or written, or is not one of dnsmasq's."""


class LeaseFile:
    """What stands in a file: `bindings`, the lines of IPv6, and how many lines are none of dnsmasq's."""

    def __init__(self, text: str, now: float, wall: float) -> None:
        mark = IPV6.search(text)
        four, self.six = (text[: mark.start()], text[mark.start() :]) if mark else (text, "")
        # dnsmasq was in the middle of writing, or the file was cut short.
        self.is_whole = not text or text.endswith("\n")
        self.bindings: list[Binding] = []
        self.odd = 0
        for line in four.splitlines():
            try:
                self.bindings.append(_read_line(line, now, wall))
            except BindingError:
                self.odd += 1


def read(path: str, now: float, wall: float) -> LeaseFile:
    """Return what a file says at this moment. Raises LeaseFileError."""
    try:
        # It is another user's: a link or a pipe in its place is not followed, and not waited for.
        text = read_plain(path, LARGEST).decode("utf-8", "replace")
    except FileNotFoundError:
        text = ""
    except OSError as why:
        raise LeaseFileError(why.strerror) from None
    return LeaseFile(text, now, wall)


def _read_line(line: str, now: float, wall: float) -> Binding:
    words = line.split()
    if len(words) < 5 or not words[0].isdecimal() or len(words[0]) > LONGEST_TIME:
        raise BindingError(line[:80])
    expiry = int(words[0])
    left_s = max(0.0, expiry - wall) if expiry else FOREVER_S
    document = {
        "address": words[2],
        "mac": words[1].lower(),
        "client_id": "" if words[4] == NOTHING else words[4].lower(),
        "name": "" if words[3] == NOTHING else words[3],
        "lasts_s": left_s,
        "left_s": left_s,
        "began_s": 0,
        "changed_s": 0,
        "is_over": False,
    }
    return read_binding(document, now)


def write(path: str, bindings: Iterable[Binding], six: str, now: float, wall: float) -> None:
    """Put a file in the place of dnsmasq's, which that reads when it starts. Raises LeaseFileError."""
    text = "".join(_line(each, now, wall) for each in bindings) + six
    # In a folder that is everybody's, as /tmp, somebody may have taken a name that can be foretold.
    aside = "%s.%s.haven" % (path, os.urandom(8).hex())
    try:
        owner = _owner(path)
        write_durably(aside, text.encode(), owner[0])
        if owner[1:] != (0, 0):
            os.chown(aside, *owner[1:])
        # The one that runs goes on writing what nobody reads any more.
        os.replace(aside, path)
    except OSError as why:
        with suppress(OSError):
            os.unlink(aside)
        raise LeaseFileError(why.strerror) from None


def _owner(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return USUAL_MODE, 0, 0
    return found.st_mode & 0o777, found.st_uid, found.st_gid


def _line(binding: Binding, now: float, wall: float) -> str:
    left_s = binding.until - now
    expiry = 0 if binding.lasts_s >= FOREVER_S else round(wall + left_s)
    name, client_id = binding.name or NOTHING, binding.client_id or NOTHING
    return f"{expiry} {binding.mac} {binding.address} {name} {client_id}\n"
