# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of values that name who is told: an address of the web, and one of e-mail."""

from haven.config.options.kinds import BadValue, Kind
from haven.config.spelling import visible

_LONGEST_URL = 1024
_LONGEST_MAIL = 254
_SCHEMES = ("https://", "http://")


class WebAddress(Kind):
    """A URL, whose path or query may be all that keeps strangers out; it never shows in a message."""

    def __init__(self) -> None:
        # LuCI hides what is a secret.
        Kind.__init__(self, "secret", "`https://...` or `http://...`", "maxlength(%d)" % _LONGEST_URL)

    def parse(self, text: str) -> str:
        """Read a URL of printable ASCII characters, with a host."""
        scheme = [each for each in _SCHEMES if text.startswith(each)]
        plain = not [char for char in text if not "!" <= char <= "~" or char in "\"'\\"]
        host = text[len(scheme[0]) :].partition("/")[0] if scheme else ""
        if not host or not plain or len(text) > _LONGEST_URL:
            raise BadValue("value-url", longest=_LONGEST_URL)
        return text


class MailAddress(Kind):
    """An address of e-mail, as the command line of a mailer takes it."""

    def __init__(self) -> None:
        Kind.__init__(self, "mail", "`NAME@DOMAIN`, or the name of a mailbox", "string")

    def parse(self, text: str) -> str:
        """Read an address without spaces, quotes or comments."""
        name, at, domain = text.rpartition("@")
        good = len(text) <= _LONGEST_MAIL and text[0] != "-" and (not at or (name and domain))
        if not good or [char for char in text if not "!" <= char <= "~" or char in "\"'\\<>()[],;:"]:
            raise BadValue("value-mail", value=visible(text))
        return text
