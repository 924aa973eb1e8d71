# SPDX-License-Identifier: GPL-2.0-or-later
"""How a letter leaves the router: a program for each way, with what it is told."""

import os
from binascii import b2a_base64
from typing import Any

from haven.agent.notify.notice_text import Letter
from haven.contract.notices import COMMAND, MAIL, NTFY, WEBHOOK, masked
from haven.contract.strict_json import write_json
from haven.light import which

Document = dict[str, Any]

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
SHELL = "/bin/sh"
# OpenWrt makes no /dev/stdin.
STDIN = "/proc/self/fd/0"
# The first that is there.
FETCHERS = ("curl", "uclient-fetch", "wget")
MAILER = "msmtp"
# How a subject begins; a trial's title does.
WE = "haven: "
LONGEST_ERROR = 300
# Of the address of a webhook; what is shorter is a word like any other.
SHORTEST_SECRET = 4
# What a URL takes as it is.
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


class WayMissing(Exception):
    """There is no program for it; the text says which."""


class Dispatch:
    """A program to run, what it reads, and what its environment has besides."""

    def __init__(self, argv: list[str], stdin: str, environment: dict[str, str] | None = None) -> None:
        self.argv, self.stdin = argv, stdin
        path = os.environ.get("PATH") or PATH
        self.environment = {"HOME": "/root", **os.environ, "PATH": path, **(environment or {})}


def dispatch(section: Document, letter: Letter) -> Dispatch:
    """Return how a section of the plan tells a letter. Raises WayMissing."""
    way, to = section["way"], section["to"]
    limit_s = max(section["timeout_us"] // 1000000, 1)
    if way == COMMAND:
        return Dispatch(
            [SHELL, "-c", to], "%s\n\n%s" % (letter.title, letter.text), _variables(section, letter)
        )
    if way == MAIL:
        return Dispatch([_found(MAILER), "--", to], _mail(to, letter))
    if way == NTFY:
        mark = "&" if "?" in to else "?"
        return _post("%s%stitle=%s" % (to, mark, _quoted(letter.title)), "text/plain", letter.text, limit_s)
    assert way == WEBHOOK
    return _post(to, "application/json", write_json(letter.as_document()), limit_s)


def _variables(section: Document, letter: Letter) -> dict[str, str]:
    kinds = dict.fromkeys(each["kind"] for each in letter.notices)
    return {
        "HAVEN_TITLE": letter.title,
        "HAVEN_KINDS": " ".join(kinds),
        "HAVEN_NODE": str(letter.status.get("node") or ""),
        "HAVEN_SECTION": section["name"],
    }


def _mail(to: str, letter: Letter) -> str:
    title = " ".join(letter.title.split())
    head = "To: %s\nSubject: %s\n" % (to, _subject(title if title.startswith(WE) else WE + title))
    head += "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nAuto-Submitted: auto-generated\n"
    return "%s\n%s" % (head, letter.text)


def _subject(text: str) -> str:
    """Return a text as a header may have it (RFC 2047)."""
    if text.isascii():
        return text
    # One word has 75 characters at most; a letter has up to four octets.
    words = [text[place : place + 10].encode() for place in range(0, len(text), 10)]
    return "\n ".join("=?utf-8?b?%s?=" % b2a_base64(each, newline=False).decode() for each in words)


def _post(url: str, content_type: str, body: str, limit_s: int) -> Dispatch:
    program = next((path for name in FETCHERS if (path := which(name))), None)
    if program is None:
        raise WayMissing("none of %s is installed" % ", ".join(FETCHERS))
    name, header = os.path.basename(program), "Content-Type: %s" % content_type
    if name == "curl":
        # Here the address is in no list of processes.
        words = (("url", url), ("header", header), ("data-raw", body))
        lines = ["%s = %s" % (key, _curl_quoted(value)) for key, value in words]
        argv = [program, "-fsS", "-o", os.devnull, "--max-time", str(limit_s), "--config", "-"]
        return Dispatch(argv, "\n".join(lines) + "\n")
    more = ["-t", "1"] if name == "wget" else []
    argv = [program, "-q", *more, "-O", os.devnull, "-T", str(limit_s), "--header=%s" % header]
    return Dispatch([*argv, "--post-file=%s" % STDIN, url], body)


def _curl_quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"%s"' % escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _quoted(text: str) -> str:
    return "".join(chr(octet) if chr(octet) in _PLAIN else "%%%02X" % octet for octet in text.encode())


def _found(program: str) -> str:
    path = which(program)
    if path is None:
        raise WayMissing("%s is not installed" % program)
    return path


def late_text(section: Document) -> str:
    """Return why a program that was ended at its limit has failed."""
    return "it was not done after %g s, and ended" % (section["timeout_us"] / 1e6)


def error_of(section: Document, status: int, complaint: str) -> str:
    """Return why a program has failed, by its last words, without what is secret."""
    words = [line.strip() for line in complaint.splitlines() if line.strip()]
    text = (words[-1] if words else "") or "ended with status %d" % status
    return without_secret(section, text)[:LONGEST_ERROR]


def without_secret(section: Document, text: str) -> str:
    """Return a text that may have the address of a section, with no more of it than where it leads."""
    if section["way"] not in (NTFY, WEBHOOK):
        return text
    address = section["to"]
    text = text.replace(address, masked(address))
    # Programs say parts of it, too: the path, or who asks.
    host = masked(address).partition("://")[2].partition("/")[0]
    for part in _parts(address.partition("://")[2].replace(host, "", 1)):
        text = text.replace(part, "...")
    return text


def _parts(text: str) -> list[str]:
    for mark in "?&=:@#":
        text = text.replace(mark, "/")
    return [each for each in text.split("/") if len(each) >= SHORTEST_SECRET]
