# SPDX-License-Identifier: GPL-2.0-or-later
"""What a child that was the command `haven ... --json` has answered."""

from typing import Any

from haven.agent.calls import ChildEnd
from haven.contract import control
from haven.contract.strict_json import read_json


def document_of(ended: ChildEnd) -> dict[str, Any] | None:
    """Return the document that it wrote, or None."""
    try:
        found = read_json(ended.output)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def complaint_of(ended: ChildEnd) -> str:
    """Return what it said of its failure."""
    return ended.complaint.strip() or f"it ended with {ended.status}"


def refusal_in(ended: ChildEnd) -> control.Refusal | None:
    """Return the refusal that it wrote as an answer, or None."""
    try:
        control.read_answer(ended.output.encode())
    except control.Refusal as why:
        return why
    return None
