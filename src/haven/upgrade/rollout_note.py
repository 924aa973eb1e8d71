# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an upgrade of the pair stands, on the disk: a power cut forgets nothing of it."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from haven.atomic_file import sync_folder, write_whole
from haven.contract.message import ODD_FACTS, render
from haven.contract.upgrade import STEPS, UpgradeStopped
from haven.plain_file import read_plain

PLACE = "/etc/haven/upgrade.json"
LARGEST = 1 << 18


@dataclass
class RolloutNote:
    """What was to be done, what it was like before, and the last step that was begun."""

    token: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    # What they held when they were agreed to (SHA-256): others may write where they are.
    digests: list[str] = field(default_factory=list)
    # Who was Active for which group, what was the matter with whom, and who is in maintenance by us.
    active: dict[str, str] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    maintenance: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    step: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def words(self) -> str:
        """Return the last step as words."""
        return render(STEPS[self.step], self.facts, {}) if self.step in STEPS else "it had just begun"


class NoteFile:
    """The note's file below a root. Raises UpgradeStopped."""

    def __init__(self, root: str) -> None:
        self.path = root.rstrip("/") + PLACE

    def read(self) -> RolloutNote | None:
        """Return the note of an upgrade that has not ended."""
        try:
            note = RolloutNote(**json.loads(read_plain(self.path, LARGEST)))
            note.words()
        except (OSError, *ODD_FACTS):
            # None, or of another haven: what that one knew is lost, and nothing else.
            return None
        usual = vars(RolloutNote()).items()
        return note if all(type(getattr(note, key)) is type(value) for key, value in usual) else None

    def write(self, note: RolloutNote) -> None:
        """Write it down before what it says is begun."""
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o755, exist_ok=True)
            write_whole(self.path, json.dumps(asdict(note)).encode(), 0o600)
        except OSError as why:
            raise UpgradeStopped("not-noted", file=self.path, error=why.strerror) from None

    def forget(self) -> None:
        """Take it away: the upgrade has ended."""
        try:
            os.unlink(self.path)
            sync_folder(os.path.dirname(self.path))
        except FileNotFoundError:
            return
        except OSError as why:
            raise UpgradeStopped("not-noted", file=self.path, error=why.strerror) from None
