# SPDX-License-Identifier: GPL-2.0-or-later
"""A setup on trial: it is taken back by itself unless somebody confirms that the router is still reached.

Everything that has to be done while addresses change is done by a process of its own, `setup-keeper`: the
session through which it was asked for may stand still, or end. The programs that ask read its note.
"""

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from haven.atomic_file import write_whole
from haven.contract.message import render
from haven.contract.setup import CONFIRM_S, OUTCOMES, SetupRefused
from haven.own_program import argv_of
from haven.paths import OWNED_NOTE
from haven.private_folder import make_private
from haven.setup.packages import CHANGED, DHCP, HAVEN, config_path, present, uncommitted
from haven.setup.proposal import SECOND_ROLE, Proposal
from haven.setup.trial_folder import BEFORE, PENDING, UNDOING, Marker, TrialFolder, boot_id
from haven.setup.trial_times import LONGEST_START_S, UNDO_S

LOCK, NOTE = "setup.lock", "setup.json"
KEEPER = "setup-keeper"
POLL_S = 0.2
# A router without memory kills each of them.
MOST_SUCCESSORS = 3


def now() -> float:
    """Return the seconds of this boot, whatever the clock on the wall is set to."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class NotTried(Exception):
    """A trial has not come to the point where it waits for a word; `note` is what it left."""

    def __init__(self, note: dict[str, Any]) -> None:
        super().__init__(str(note.get("message", "setup was interrupted; it is taken back")))
        self.note = note


class Busy(Exception):
    """Somebody else holds the lock."""


@contextmanager
def locked(run_dir: str, wait: bool = False) -> Iterator[None]:
    """Be the only one who touches a trial. Raises Busy, or OSError."""
    make_private(run_dir)
    descriptor = os.open("%s/%s" % (run_dir, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    except BlockingIOError:
        raise Busy from None
    finally:
        os.close(descriptor)


def note(run_dir: str, code: str, **facts: Any) -> None:
    """Leave where the trial stands for whoever asks; the trial goes on where there is no room for it."""
    document = {"state": code, "facts": facts, "message": render(OUTCOMES[code], facts, {})}
    with suppress(OSError):
        write_whole("%s/%s" % (run_dir, NOTE), json.dumps(document).encode(), 0o600)


def read_note(run_dir: str) -> dict[str, Any]:
    """Return where a trial stands; empty where nothing is known."""
    try:
        with open("%s/%s" % (run_dir, NOTE), encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    return found


def start_keeper(root: str, run_dir: str) -> "subprocess.Popen[bytes]":
    """Start the process that carries a trial out, away from this session and its terminal."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        argv_of(KEEPER, *(["--root", root] if root else []), "--run-dir", run_dir),
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,
        cwd="/",
    )


class Trial:
    """What can be done with a setup on a router whose files are below `root`."""

    def __init__(self, root: str, run_dir: str) -> None:
        self.root = root
        self.run_dir = run_dir
        self.folder = TrialFolder(root)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._successors = MOST_SUCCESSORS

    def check_free(self) -> None:
        """Make sure that no other setup is at work or waits. Raises SetupRefused."""
        if self.folder.is_there(PENDING):
            marker = self.folder.marker()
            left = max(0, int(marker.until - now())) if marker else 0
            raise SetupRefused("trial-waits", left_s=left)
        if self.folder.is_there(UNDOING):
            raise SetupRefused("trial-busy")
        names = uncommitted(self.root)
        if names:
            raise SetupRefused("uncommitted", packages=", ".join(names))

    def begin(self, proposal: Proposal) -> None:
        """Put a proposal on trial; the rest is its keeper's. Raises SetupRefused."""
        try:
            with locked(self.run_dir):
                self.check_free()
                _check_unchanged(self.root, proposal)
                wanted = {file_of(name): proposal.after[name].encoded() for name in proposal.changed()}
                # haven itself adds to the second, and notes it in the third.
                touched = [*wanted, file_of(DHCP), OWNED_NOTE.lstrip("/"), *self._shared_later(proposal)]
                note(self.run_dir, "preparing")
                # Before there is anything to keep: from then on nobody needs us. It waits for the lock.
                self._keeper = start_keeper(self.root, self.run_dir)
                self.folder.begin(_marker(proposal), wanted, touched)
        except Busy:
            raise SetupRefused("trial-busy") from None
        except OSError as error:
            where = {"file": error.filename or self.run_dir, "error": error.strerror}
            raise SetupRefused("no-room", **where) from None

    def _shared_later(self, proposal: Proposal) -> list[str]:
        """Return the packages that become the pair's when a router has joined one."""
        joins = proposal.role == SECOND_ROLE and proposal.after[HAVEN].of_type("sync")
        return [file_of(name) for name in present(self.root)] if joins else []

    def try_out(self, proposal: Proposal) -> dict[str, Any]:
        """Begin, and return the note of the trial when it waits for a word. Raises SetupRefused, NotTried."""
        self.begin(proposal)
        end = time.monotonic() + LONGEST_START_S
        while (found := read_note(self.run_dir)).get("state") == "preparing" and time.monotonic() < end:
            if not self.keep():
                # Done since; nobody else tells more of it.
                found = read_note(self.run_dir)
                break
            time.sleep(POLL_S)
        if found.get("state") != "waiting":
            raise NotTried(found)
        return found

    def keep(self) -> bool:
        """Give a successor to a keeper that was killed; tell whether one is at work on what began here."""
        if self._keeper is None:
            return False
        if (self._keeper.poll() or 0) < 0 and self._successors:
            self._successors -= 1
            self._keeper = start_keeper(self.root, self.run_dir)
        return self._keeper.poll() is None

    def confirm(self) -> None:
        """Let what is on trial stay. Raises SetupRefused."""
        marker = self.folder.marker()
        if marker is None and not self.folder.is_there(UNDOING):
            raise SetupRefused("nothing-tried")
        late = marker is None or marker.boot != boot_id() or marker.until < now()
        if late or not self.folder.confirm():
            raise SetupRefused("too-late")
        note(self.run_dir, "confirmed")

    def undo(self) -> None:
        """Bring back what was there before, of a trial that waits or was confirmed. Raises SetupRefused."""
        waits = self.folder.give_up(PENDING) or self.folder.give_up(BEFORE)
        if not waits and not self.folder.is_there(UNDOING):
            raise SetupRefused("nothing-to-undo")
        note(self.run_dir, "undoing")
        self._wait_for_end(start_keeper(self.root, self.run_dir))

    def _wait_for_end(self, keeper: "subprocess.Popen[bytes]") -> None:
        end, has_ended = time.monotonic() + UNDO_S, False
        while self.folder.is_there(UNDOING):
            if has_ended or time.monotonic() > end:
                raise SetupRefused("trial-busy")
            time.sleep(0.1)
            has_ended = keeper.poll() is not None
            found = read_note(self.run_dir)
            if found.get("state") == "not-restored":
                raise SetupRefused("not-restored", **found["facts"])


def file_of(package: str) -> str:
    """Return the path of a package below the root."""
    return config_path("", package).lstrip("/")


def _check_unchanged(root: str, proposal: Proposal) -> None:
    found = [name for name in CHANGED if _octets(root, name) != proposal.before[name].octets]
    if found:
        files = ", ".join(config_path(root, name) for name in found)
        raise SetupRefused("changed-meanwhile", files=files)


def _octets(root: str, name: str) -> bytes | None:
    try:
        with open(config_path(root, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _marker(proposal: Proposal) -> Marker:
    reach = proposal.reach
    return Marker(
        boot_id(),
        now() + LONGEST_START_S + CONFIRM_S,
        role=proposal.role,
        device=reach.device,
        own=str(reach.own),
        gateway="" if proposal.role == SECOND_ROLE else str(reach.gateway),
        guards=[(str(each.ip), each.network.prefixlen) for each in reach.guards],
    )
