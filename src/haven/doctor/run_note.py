# SPDX-License-Identifier: GPL-2.0-or-later
"""One run at a time, and what it has come to, in the run directory: pages read it while it goes on."""

import fcntl
import os
import time
from types import TracebackType
from typing import Any

from haven.atomic_file import write_whole
from haven.contract.strict_json import write_json
from haven.paths import DOCTOR_LOCK, DOCTOR_NOTE, inside


class DoctorBusy(Exception):
    """Another run is under way."""


class RunNote:
    """For `with`; raises DoctorBusy where another run is under way."""

    def __init__(self, run_dir: str) -> None:
        self._path = inside(run_dir, DOCTOR_NOTE)
        self._lock = inside(run_dir, DOCTOR_LOCK)
        self._held = -1
        self._document: dict[str, Any] = {"began": time.time(), "step": "", "words": "", "report": None}

    def __enter__(self) -> "RunNote":
        try:
            self._held = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            # There is no run directory, because haven does not run: nobody reads the note either.
            return self
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._held)
            raise DoctorBusy from None
        return self

    def tell(self, step: str, words: str) -> None:
        """Note what is done now."""
        self._document |= {"step": step, "words": words}
        self._write()

    def finish(self, report: dict[str, Any]) -> None:
        """Note what came of it."""
        self._document |= {"step": "", "words": "", "report": report}
        self._write()

    def _write(self) -> None:
        if self._held >= 0:
            try:
                write_whole(self._path, write_json(self._document).encode(), 0o600)
            except OSError:
                # Who asked has the report all the same.
                return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held >= 0:
            os.close(self._held)
