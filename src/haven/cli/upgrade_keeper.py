# SPDX-License-Identifier: GPL-2.0-or-later
"""The program upgrade-keeper: carries an upgrade of all paired routers out, away from any terminal.

A switchover moves the address through which somebody may be logged in, and the last package replaces the
program that was started: so all that is needed is imported before.
"""

import contextlib
import json
import os
import sys
import time
from typing import Any

from haven.arguments import ROOT, RUN_DIR, begin_program
from haven.cli.agent_client import ask_agent, ask_node
from haven.cli.control_client import ask
from haven.cli.errors import RequestRefused, Unanswered
from haven.contract.message import render
from haven.contract.status import is_status
from haven.contract.upgrade import STEPS, FileFault, UpgradeStopped
from haven.upgrade.inbox import ORDER, PROGRESS, Inbox
from haven.upgrade.package_file import check_unchanged, read_package
from haven.upgrade.rollout import Rollout
from haven.upgrade.rollout_note import NoteFile
from haven.upgrade.routers import POLL_S, Router, RouterRefusal, RouterSilent

KEEPER = "upgrade-keeper"
# A router that installs, or boots.
RETURN_S = 90.0
SUMMARY = "Carries out what 'haven upgrade' was asked for."
# Of a channel that is not there, and of programs that start again.
SILENT = ("peer-silent", "peer-unknown", "hung-up", "not-running", "agent-not-running", "silent", "busy")


class Progress:
    """Lines of JSON that the command reads: a step each, and the end."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)

    def say(self, code: str, **facts: Any) -> None:
        """Tell of a step."""
        self._write({"code": code, "facts": facts, "text": render(STEPS[code], facts, {})})

    def end(self, why: UpgradeStopped | None, text: str) -> None:
        """Tell how it ended."""
        if why is None:
            self._write({"ok": True, "code": "finished", "facts": {}, "text": text})
        else:
            self._write({"ok": False, "code": why.code, "facts": why.facts, "text": text})

    def _write(self, document: dict[str, Any]) -> None:
        # Whether anybody reads it or not, and whether there is room for it.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, json.dumps(document).encode() + b"\n")


class Asking:
    """Asks a router by its name, through the agent of this one."""

    def __init__(self, run_dir: str) -> None:
        self._run_dir = run_dir

    def ask(self, node: str, command: str, **arguments: Any) -> Any:
        """Return what a router answers. Raises RouterSilent or RouterRefusal."""
        try:
            found = ask_node(self._run_dir, node, command, **arguments)
        except Unanswered as why:
            if isinstance(why, RequestRefused) and why.refusal.code not in SILENT:
                raise RouterRefusal(why.refusal.code, str(why)) from None
            raise RouterSilent(str(why)) from None
        if command == "status" and not is_status(found):
            raise RouterSilent("its status is not understood")
        return found

    def routers(self, patience_s: float) -> list[Router]:
        """Return all routers, this one last; one that is away is waited for. Raises UpgradeStopped."""
        end = time.monotonic() + patience_s
        while True:
            own, peers = self._everybody()
            away = [peer for peer in peers if peer["heard_ms"] is None]
            if not away:
                return [Router(node, self.ask) for node in (*(peer["node"] for peer in peers), own)]
            if time.monotonic() >= end:
                error = away[0]["trouble"] or "no answer yet"
                raise UpgradeStopped("peer-away", node=away[0]["node"], error=error)
            time.sleep(POLL_S)

    def _everybody(self) -> tuple[str, list[dict[str, Any]]]:
        try:
            own = str(ask(self._run_dir, "status")["node"])
            peers = list(ask_agent(self._run_dir, "peers"))
        except (Unanswered, KeyError, TypeError):
            raise UpgradeStopped("nobody-home") from None
        if not peers:
            raise UpgradeStopped("not-paired")
        return own, peers


def carry_out(root: str, run_dir: str, order: dict[str, Any], progress: Progress) -> None:
    """Do it, and say how it went."""
    rollout = None
    try:
        packages = [read_package(path) for path in order["files"]]
        check_unchanged(packages, order["digests"])
        notes = NoteFile(root)
        # Whoever was about to install when it was interrupted may be about to come back.
        routers = Asking(run_dir).routers(RETURN_S if notes.read() else 0)
        for router in routers[:-1]:
            if router.state()["leads"]:
                raise UpgradeStopped("peer-leads", node=router.node)
        rollout = Rollout(routers, packages, order["options"], notes, order["token"], progress.say)
        rollout.run()
        progress.end(None, rollout.roles)
    except UpgradeStopped as why:
        progress.end(why, _text(str(why), rollout))
    except FileFault as why:
        progress.end(UpgradeStopped("broken", error=str(why)), str(why))
    except (RouterRefusal, RouterSilent) as why:
        _end_broken(progress, str(why), rollout)
    except Exception as why:
        # Whatever it is: the routers are left as they are, and that is said.
        _end_broken(progress, repr(why), rollout)


def _end_broken(progress: Progress, error: str, rollout: Rollout | None) -> None:
    progress.end(UpgradeStopped("broken", error=error), _text(error, rollout))


def _text(error: str, rollout: Rollout | None) -> str:
    return error if rollout is None else f"{error}. {rollout.standing()}"


def main() -> int:
    """Carry out what the run directory says, unless somebody is at it."""
    found = begin_program(sys.argv[1:], KEEPER, SUMMARY, (ROOT, RUN_DIR))
    if isinstance(found, int):
        return found
    root, run_dir = found.values[ROOT.name], found.values[RUN_DIR.name]
    inbox = Inbox(root, run_dir)
    order = inbox.read(ORDER)
    with inbox.leading(order.get("token", "")) as leads:
        if leads and order:
            carry_out(root, run_dir, order, Progress(f"{inbox.folder}/{PROGRESS}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
