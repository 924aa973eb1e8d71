# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration file to the checked model; what is wrong with the file itself is a Problem too."""

import os
import socket
from typing import Any

from haven.config import lease_checks
from haven.config.checks import check
from haven.config.model import Model
from haven.config.uci.document import UciSection, parse
from haven.contract.diagnostics import Diagnostic


def load(path: str | os.PathLike[str], host_name: str | None = None) -> tuple[Model | None, list[Diagnostic]]:
    """Read and check a file; the model comes only without a problem."""
    file = os.fspath(path)
    text, problem = _read(file)
    if problem:
        return None, [problem]
    if not text.strip():
        # uci takes no notice of a full flash, and leaves this (uci_file_commit of 2025).
        return None, [Diagnostic("file-empty", {}, file)]
    model, problems = load_text(text, file, host_name)
    if model is not None and lease_checks.has_common_leases(model.dhcps):
        model.warnings += tuple(_about_leases(model, file))
    return model, problems


def _about_leases(model: Model, file: str) -> list[Diagnostic]:
    beside = lease_checks.dhcp_beside(file)
    found = [] if lease_checks.is_paired(file) else lease_checks.unpaired(model.dhcps, file)
    return [*found, *lease_checks.clashes(read_sections(beside), beside)]


def load_text(text: str, file: str, host_name: str | None = None) -> tuple[Model | None, list[Diagnostic]]:
    """Check the text of a file; syntax and meaning are reported together."""
    sections, wrong = parse(text, file)
    model, problems = check(sections, file, host_name or socket.gethostname())
    problems = sorted(wrong + problems, key=lambda problem: problem.line)
    return (None if problems else model), problems


def validity(model: Model | None, problems: list[Diagnostic]) -> dict[str, Any]:
    """Return what load() found as the document that `validate` answers with."""
    return {
        "valid": model is not None,
        "problems": [problem.as_dict() for problem in problems],
        "warnings": [warning.as_dict() for warning in model.warnings] if model is not None else [],
    }


def read_sections(path: str) -> list[UciSection]:
    """Return the sections of a file as far as they can be read."""
    text, _problem = _read(path)
    return parse(text, path)[0]


def _read(file: str) -> tuple[str, Diagnostic | None]:
    try:
        with open(file, "rb") as stream:
            octets = stream.read()
    except (OSError, ValueError) as why:
        reason = why.strerror if isinstance(why, OSError) else str(why)
        return "", Diagnostic("file-unreadable", {"error": reason}, file)
    if octets.startswith(b"\xef\xbb\xbf"):
        return "", Diagnostic("file-byte-order-mark", {}, file, 1)
    try:
        return octets.decode("utf-8"), None
    except UnicodeDecodeError as why:
        line = octets.count(b"\n", 0, why.start) + 1
        return "", Diagnostic("file-not-utf8", {}, file, line)
