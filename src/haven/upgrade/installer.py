# SPDX-License-Identifier: GPL-2.0-or-later
"""The program upgrade-installer: looks at the packages that have come, and lets opkg or apk install them.

It needs nobody: the packages that it installs stop haven-agent and start it again.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from typing import IO, Any

from haven.arguments import ROOT, RUN_DIR, begin_program
from haven.contract.upgrade import FileFault, UpgradeRefused
from haven.upgrade.inbox import INSTALLER, OFFER, RESULT, Inbox, check_package
from haven.upgrade.manager import Manager
from haven.upgrade.package_file import read_package

SUMMARY = "Installs the packages that another router or the command has brought."
# A router of the slow kind takes two minutes to compile what it has got.
INSTALL_S = 600.0
# Of what the package manager says: the end of it.
MOST_WORDS, MOST_LINES = 2000, 4


class Failure(Exception):
    """It cannot be installed; the text says why."""


def main() -> int:
    """Install what lies in the run directory, and note what became of it."""
    found = begin_program(sys.argv[1:], INSTALLER, SUMMARY, (ROOT, RUN_DIR))
    if isinstance(found, int):
        return found
    root, run_dir = found.values[ROOT.name], found.values[RUN_DIR.name]
    inbox = Inbox(root, run_dir)
    offer = inbox.read(OFFER)
    if not offer.get("begun"):
        return 1
    try:
        words = _install(inbox, offer, Manager(root))
        result: dict[str, Any] = {"ok": True, "words": words}
    except (Failure, FileFault, UpgradeRefused, OSError) as why:
        result = {"ok": False, "words": str(why)}
    inbox.forget_packages(offer)
    inbox.write(RESULT, result)
    return 0 if result["ok"] else 1


def _install(inbox: Inbox, offer: dict[str, Any], manager: Manager) -> str:
    paths = [inbox.path(offer, number) for number in range(len(offer["packages"]))]
    for path, package in zip(paths, offer["packages"], strict=True):
        if read_package(path).offer() != package:
            raise Failure("%s is not what was said of it" % package["name"])
        check_package(package, manager)
    words = run(manager.command(paths, offer["may_be_older"]))
    installed = manager.installed()
    for package in offer["packages"]:
        if installed.get(package["name"]) != package["version"]:
            raise Failure(words or "%s says nothing" % manager.name)
    return words


def run(argv: list[str], limit_s: float = INSTALL_S) -> str:
    """Run a package manager and return its last words. Raises Failure, with them."""
    # A file: what a service that it starts writes there later waits for nobody.
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True, cwd="/"
        )
        try:
            status = child.wait(limit_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise Failure("it takes too long; the last words: %s" % _last_words(said)) from None
        words = _last_words(said)
    if status:
        raise Failure(words or "exit status %d" % status)
    return words


def _last_words(said: IO[bytes]) -> str:
    end = said.seek(0, os.SEEK_END)
    said.seek(max(0, end - MOST_WORDS))
    lines = [line.strip(" \t*") for line in said.read().decode("utf-8", "replace").splitlines()]
    return "; ".join([line for line in lines if line][-MOST_LINES:])


if __name__ == "__main__":
    sys.exit(main())
