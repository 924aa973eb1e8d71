# SPDX-License-Identifier: GPL-2.0-or-later
"""What haven has added to files of others, so that exactly that can be taken back."""

import json
import os
from typing import Any

from haven.atomic_file import write_whole


class OwnedError(Exception):
    """The note of what is ours cannot be read or written; the text names the file."""


def read(path: str) -> dict[str, Any]:
    """Return the note; empty when nothing is ours."""
    try:
        with open(path, encoding="utf-8") as file:
            note: Any = json.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as why:
        raise OwnedError("%s: cannot be read: %s" % (path, why)) from why
    if not _is_note(note):
        raise OwnedError("%s: cannot be read: it is no note of haven's" % path)
    return dict(note)


def _is_note(note: Any) -> bool:
    if not isinstance(note, dict) or not _are_texts(note.get("keep", [])):
        return False
    boot = note.get("boot", {})
    if not isinstance(boot, dict) or not _are_texts(list(boot.values())):
        return False
    dhcp = note.get("dhcp", {})
    return isinstance(dhcp, dict) and all(_is_dhcp(each) for each in dhcp.values())


def _is_dhcp(value: Any) -> bool:
    if not isinstance(value, dict) or not _are_texts(value.get("dhcp_option", [])):
        return False
    return isinstance(value.get("ra", ""), str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def write(path: str, note: dict[str, Any]) -> None:
    """Replace the note; none is left where nothing is ours."""
    kept = {key: value for key, value in note.items() if value}
    try:
        if kept:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            write_whole(path, (json.dumps(kept, indent=1, sort_keys=True) + "\n").encode(), 0o600)
        elif os.path.exists(path):
            os.unlink(path)
    except OSError as why:
        raise OwnedError("%s: cannot be written: %s" % (path, why.strerror or why)) from why
