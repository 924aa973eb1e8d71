# SPDX-License-Identifier: GPL-2.0-or-later
"""A node in maintenance stays so when havend is restarted: a note in the run directory."""

import os

from haven import paths


class MaintenanceNote:
    """Is there for as long as maintenance is on."""

    def __init__(self, run_dir: str) -> None:
        self._path = paths.inside(run_dir, paths.MAINTENANCE_NOTE)

    def set(self, on: bool) -> None:
        """Write or remove the note. Raises OSError."""
        if on:
            # Empty, as what a full disk has no room for would leave it: there, and refused.
            open(self._path, "w").close()
        elif self.is_there():
            os.unlink(self._path)

    def is_there(self) -> bool:
        """Tell whether maintenance was on."""
        return os.path.exists(self._path)
