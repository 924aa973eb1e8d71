# SPDX-License-Identifier: GPL-2.0-or-later
"""Kinds of option values: text to a plain value, or a BadValue that says what would be right."""

from haven.config.addresses import TrackedInterface
from haven.config.spelling import suggestion, visible
from haven.contract.diagnostics import diagnostic_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_YES = ("1", "on", "true", "yes", "enabled")
_NO = ("0", "off", "false", "no", "disabled")
# IFNAMSIZ of the kernel, without the NUL.
_LONGEST_DEVICE = 15
_DEVICE_SIGNS = "._-+@~%^"
_LONGEST_COMMAND = 500
# What can be taken off a priority.
_MOST_WEIGHT = 254


# Folders of the kernel, of this boot, of the file system, of haven's keys; packages go another way.
NEVER_SYNCED = (
    "/dev/",
    "/etc/config/",
    "/etc/haven/",
    "/overlay/",
    "/proc/",
    "/rom/",
    "/sys/",
    "/tmp/",
    "/var/",
)


class BadValue(ValueError):
    """A value that its option cannot have: a code of contract/diagnostics.py, and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(diagnostic_text(code, facts))
        self.code = code
        self.facts = facts


class Kind:
    """How a value is read, and what the reference, the schema and LuCI say about it."""

    # A value with no space in it may stand in a list that was written as one 'option' line.
    spaceless = True
    choices: tuple[str, ...] = ()

    def __init__(self, name: str, values: str, datatype: str) -> None:
        self.name = name
        self.values = values
        self.datatype = datatype

    def parse(self, text: str) -> object:
        """Read one value."""
        raise NotImplementedError


class Whole(Kind):
    """A whole number within limits, in steps if wanted."""

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        values = "%d to %d" % (low, high)
        if step > 1:
            values += " in steps of %d" % step
        Kind.__init__(self, "whole", values, "range(%d,%d)" % (low, high))
        self.low = low
        self.high = high
        self.step = step

    def parse(self, text: str) -> int:
        """Read ASCII digits: int() alone would also take '1_0' and the digits of other scripts."""
        number = whole_number(text, self.high)
        if number is None or number < self.low or number % self.step:
            limits = {"low": self.low, "high": self.high}
            if self.step > 1:
                raise BadValue("value-whole-step", value=visible(text), step=self.step, **limits)
            raise BadValue("value-whole", value=visible(text), **limits)
        return number


class Flag(Kind):
    """Yes or no, in the words that OpenWrt's get_bool takes."""

    choices = ("0", "1")

    def __init__(self) -> None:
        Kind.__init__(self, "flag", "`1` yes, `0` no", "bool")

    def parse(self, text: str) -> bool:
        """Read a yes or a no."""
        if text not in _YES and text not in _NO:
            raise BadValue("value-flag", value=visible(text))
        return text in _YES


class Choice(Kind):
    """One word of a few."""

    def __init__(self, *choices: str) -> None:
        Kind.__init__(self, "choice", " or ".join(["`%s`" % word for word in choices]), "string")
        self.choices = choices

    def parse(self, text: str) -> str:
        """Read one of the words."""
        if text not in self.choices:
            near = suggestion(text, self.choices)
            raise BadValue("value-choice", value=visible(text), choices=list(self.choices), **near)
        return text


class NumberChoice(Choice):
    """One whole number of a few."""

    def __init__(self, *choices: int) -> None:
        Choice.__init__(self, *["%d" % number for number in choices])

    def parse(self, text: str) -> int:  # type: ignore[override]
        """Read one of the numbers."""
        return int(Choice.parse(self, text))


class Name(Kind):
    """The name of a section, of this configuration or of netifd's."""

    def __init__(self, values: str) -> None:
        Kind.__init__(self, "name", values, "uciname")

    def parse(self, text: str) -> str:
        """Read a name that libuci would take."""
        if not only(text, _LETTERS + _DIGITS + "_"):
            raise BadValue("value-name", value=visible(text))
        return text


class Node(Kind):
    """The name of a router, in the letters of a host name."""

    def __init__(self) -> None:
        Kind.__init__(self, "node", "letters, digits, `.` and `-`", "hostname")

    def parse(self, text: str) -> str:
        """Read a host name."""
        if not only(text, _LETTERS + _DIGITS + "-._") or text[0] in "-." or len(text) > 63:
            raise BadValue("value-host-name", value=visible(text))
        return text


class Domain(Kind):
    """A domain name, as DNS has it."""

    def __init__(self) -> None:
        Kind.__init__(self, "domain", "domain name", "hostname")

    def parse(self, text: str) -> str:
        """Read labels of letters, digits and `-`."""
        labels = text.rstrip(".").split(".")
        if len(text) > 253 or not all(
            only(each, _LETTERS + _DIGITS + "-_") and len(each) < 64 for each in labels
        ):
            raise BadValue("value-domain", value=visible(text))
        return ".".join(labels)


class Device(Kind):
    """The name of a network device, by the kernel's own rule."""

    def __init__(self) -> None:
        Kind.__init__(self, "device", "device name", "netdevname")

    def parse(self, text: str) -> str:
        """Read a device name."""
        check_device_name(text)
        return text


class File(Kind):
    """The path of a file or folder, as a line of /etc/sysupgrade.conf takes it."""

    def __init__(self) -> None:
        Kind.__init__(self, "file", "path from `/`", "file")

    def parse(self, text: str) -> str:
        """Read a path."""
        if not text.startswith("/") or [char for char in text if char <= " " or char == "\x7f"]:
            raise BadValue("value-path", value=visible(text))
        return text


class Program(Kind):
    """A program by its whole path, with arguments in the quotes of a shell."""

    spaceless = False

    def __init__(self) -> None:
        Kind.__init__(self, "command", "path from `/`, then arguments", "string")

    def parse(self, text: str) -> str:
        """Read a line that can be split into words."""
        import shlex

        try:
            words = shlex.split(text)
        except ValueError:
            words = []
        if not words or not words[0].startswith("/") or "\0" in text:
            raise BadValue("value-command", value=visible(text))
        return text


class User(Kind):
    """A user of this machine."""

    def __init__(self) -> None:
        Kind.__init__(self, "user", "user name", "string")

    def parse(self, text: str) -> str:
        """Read a name that useradd would take."""
        if not only(text, _LETTERS + _DIGITS + "_-.") or text[0] in "-." or len(text) > 32:
            raise BadValue("value-user", value=visible(text))
        return text


class DnsName(Kind):
    """A name to ask a DNS server for; a dot alone is the root."""

    def __init__(self) -> None:
        Kind.__init__(self, "dns_name", "a domain name, or `.`", "string")

    def parse(self, text: str) -> str:
        """Read labels of up to 63 letters, digits, - and _."""
        labels = text.rstrip(".").split(".") if text != "." else []
        letters = _LETTERS + _DIGITS + "-_"
        if len(text) > 253 or not all(only(each, letters) and len(each) < 64 for each in labels):
            raise BadValue("value-dns-name", value=visible(text))
        return text


class OptionPath(Kind):
    """Options of any package: PACKAGE, PACKAGE.SECTION or PACKAGE.SECTION.OPTION, each with wildcards."""

    def __init__(self) -> None:
        Kind.__init__(self, "option_path", "`PACKAGE.SECTION.OPTION`, a section also as `@TYPE`", "string")

    def parse(self, text: str) -> str:
        """Read a path, in which '*' stands for any letters."""
        parts = text.split(".")
        letters = _LETTERS + _DIGITS + "_-*"
        good = len(parts) <= 3 and all(only(part[1:] if part[:1] == "@" else part, letters) for part in parts)
        if not good or "@" in parts[0] or "@" in "".join(parts[2:]):
            raise BadValue("value-option-path", value=visible(text))
        return text


class SyncedFile(File):
    """A file or folder that routers have in common."""

    def parse(self, text: str) -> str:
        """Read a path to what a router may take from another."""
        File.parse(self, text)
        parts = text.rstrip("/").split("/")[1:]
        if not parts or any(part in ("", ".", "..") for part in parts):
            raise BadValue("value-path", value=visible(text))
        for kept in NEVER_SYNCED:
            if (text.rstrip("/") + "/").startswith(kept):
                raise BadValue("value-path-own", value=visible(text))
        return text


class ShellCommand(Kind):
    """A command of the shell, on one line."""

    spaceless = False

    def __init__(self) -> None:
        Kind.__init__(self, "shell_command", "a command of the shell", "maxlength(%d)" % _LONGEST_COMMAND)

    def parse(self, text: str) -> str:
        """Read a line that a shell can be given."""
        if not text.strip() or len(text) > _LONGEST_COMMAND or [char for char in text if char < " "]:
            raise BadValue("value-shell-command", value=visible(text), longest=_LONGEST_COMMAND)
        return text


class InitScript(Kind):
    """The name of a script in /etc/init.d."""

    def __init__(self) -> None:
        Kind.__init__(self, "init", "name of a script", "string")

    def parse(self, text: str) -> str:
        """Read a name without a path."""
        if not only(text, _LETTERS + _DIGITS + "-._+@") or text[0] in "-." or len(text) > 63:
            raise BadValue("value-init", value=visible(text))
        if text == "haven":
            raise BadValue("value-init-haven")
        return text


class Secret(Kind):
    """A shared word of so many octets; its text never shows in a message."""

    def __init__(self, longest: int, shortest: int = 1) -> None:
        datatype = "maxlength(%d)" % longest if shortest == 1 else "rangelength(%d, %d)" % (shortest, longest)
        Kind.__init__(self, "secret", "%d to %d characters" % (shortest, longest), datatype)
        self.longest, self.shortest = longest, shortest

    def parse(self, text: str) -> bytes:
        """Read the word as octets."""
        octets = text.encode()
        if len(octets) > self.longest:
            raise BadValue("value-long", octets=len(octets), longest=self.longest)
        if len(octets) < self.shortest:
            raise BadValue("value-short", octets=len(octets), shortest=self.shortest)
        return octets


class Track(Kind):
    """An interface to watch: 'wan', or 'wan:20' with the loss of priority while it is down."""

    def __init__(self) -> None:
        Kind.__init__(self, "track", "`NAME` or `NAME:WEIGHT` (weight 0 to 254)", "string")

    def parse(self, text: str) -> TrackedInterface:
        """Read the name and the weight; weight 0 means fault."""
        parts = text.split(":")
        if len(parts) > 2:
            raise BadValue("value-track", value=visible(text))
        check_device_name(parts[0])
        weight = whole_number(parts[1], _MOST_WEIGHT) if len(parts) == 2 else 0
        if weight is None:
            raise BadValue("value-weight", value=visible(text), low=0, high=_MOST_WEIGHT)
        return TrackedInterface(parts[0], weight)


def only(text: str, letters: str) -> bool:
    """Tell whether the text is made of these letters, one at least."""
    return bool(text) and all(char in letters for char in text)


def whole_number(text: str, high: int) -> int | None:
    """Read ASCII digits up to a limit, or None."""
    # The length is bounded first: CPython refuses very long numbers with an error of its own.
    if not only(text, _DIGITS) or len(text) > 10:
        return None
    number = int(text)
    return number if number <= high else None


def check_device_name(text: str) -> None:
    """Raise BadValue unless this names a device, and nothing else where a program puts it."""
    if len(text.encode()) > _LONGEST_DEVICE:
        raise BadValue("device-long", value=visible(text), longest=_LONGEST_DEVICE)
    # The kernel takes quotes and braces, too. nft, conntrackd and the service would read them as their own.
    if not only(text, _LETTERS + _DIGITS + _DEVICE_SIGNS) or text in (".", ".."):
        raise BadValue("device-letters", value=visible(text))
