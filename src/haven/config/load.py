# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration file to the checked model; what is wrong with the file itself is a Problem too."""

import os
import socket

from haven.config.checks import check
from haven.config.diagnostic import Diagnostic
from haven.config.model import Model
from haven.config.uci.document import parse

EMPTY = "is empty; was the flash full? To switch haven off there is option enabled '0' in section haven"


def load(path: str | os.PathLike[str], host_name: str | None = None) -> tuple[Model | None, list[Diagnostic]]:
    """Read and check a file; the model comes only without a problem."""
    file = os.fspath(path)
    text, problem = _read(file)
    if problem:
        return None, [problem]
    if not text.strip():
        # uci takes no notice of a full flash, and leaves this (uci_file_commit of 2025).
        return None, [Diagnostic(file, 0, None, None, EMPTY)]
    return load_text(text, file, host_name)


def load_text(text: str, file: str, host_name: str | None = None) -> tuple[Model | None, list[Diagnostic]]:
    """Check the text of a file; syntax and meaning are reported together."""
    sections, wrong = parse(text, file)
    model, problems = check(sections, file, host_name or socket.gethostname())
    problems = sorted(wrong + problems, key=lambda problem: problem.line)
    return (None if problems else model), problems


def _read(file: str) -> tuple[str, Diagnostic | None]:
    try:
        with open(file, "rb") as stream:
            octets = stream.read()
    except (OSError, ValueError) as why:
        reason = why.strerror if isinstance(why, OSError) else str(why)
        return "", Diagnostic(file, 0, None, None, f"cannot be read: {reason}")
    if octets.startswith(b"\xef\xbb\xbf"):
        return "", Diagnostic(file, 1, None, None, "begins with a byte order mark; save it as plain UTF-8")
    try:
        return octets.decode("utf-8"), None
    except UnicodeDecodeError as why:
        line = octets.count(b"\n", 0, why.start) + 1
        return "", Diagnostic(file, line, None, None, "is not UTF-8 text")
