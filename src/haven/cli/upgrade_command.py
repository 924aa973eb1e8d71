# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven upgrade`: see what the files are, ask, let a keeper carry it out, and show how far it is."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time

from haven.arguments import UsageError
from haven.cli.agent_client import ask_node, other_nodes
from haven.cli.errors import Failed, Unanswered
from haven.cli.own_words import print_json, status_of
from haven.cli.text import printable
from haven.cli.upgrade_keeper import KEEPER
from haven.cli.usage import Request
from haven.contract.control import refused
from haven.contract.upgrade import FileFault, UpgradeRefused, UpgradeStopped, is_ours, named
from haven.own_program import argv_of
from haven.setup.ask_person import Unasked, agree
from haven.upgrade.inbox import LEADING, ORDER, PROGRESS, Inbox, is_locked
from haven.upgrade.package_file import PackageFile, check_unchanged, read_package
from haven.upgrade.rollout_note import NoteFile, RolloutNote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

POLL_S = 0.2
OPTIONS = ("--stay", "--downgrade", "--lose-connections")


def upgrade(request: Request) -> int:
    """Upgrade all paired routers, or say where that stands."""
    if os.geteuid():
        raise Failed("needs root: only root may upgrade routers")
    inbox, notes = Inbox(request.root, request.run_dir), NoteFile(request.root)
    try:
        if "--status" in request.flags:
            return _show(request, inbox, notes)
        if "--forget" in request.flags:
            return _forget(request, inbox, notes)
        return _begin(request, inbox, notes)
    except (FileFault, UpgradeRefused, UpgradeStopped) as why:
        if request.json:
            print_json(refused(why))
        raise Failed(printable(str(why))) from None
    except Unasked:
        raise Failed("nobody is there to answer: nothing was changed; --yes does not ask") from None


def _begin(request: Request, inbox: Inbox, notes: NoteFile) -> int:
    note = notes.read()
    packages = _packages(_files(request, note))
    if note is not None and not request.words:
        check_unchanged(packages, note.digests)
    if is_locked(f"{inbox.folder}/{LEADING}"):
        raise UpgradeStopped("runs-already")
    if note is not None and not request.json:
        print(f"An upgrade to {printable(named(note.packages))} was interrupted: {printable(note.words())}.")
    peers = other_nodes(request.run_dir)
    if not peers:
        raise UpgradeStopped("not-paired")
    if "--yes" not in request.flags and not _is_wanted(request, packages, peers):
        print("Nothing was changed.")
        return 1
    inbox.open()
    options = [name[2:] for name in OPTIONS if name in request.flags]
    order = {
        "files": [package.path for package in packages],
        "digests": [package.sha256 for package in packages],
        "options": options or (note.options if note is not None and not request.words else []),
        "token": note.token if note is not None else secrets.token_hex(16),
    }
    inbox.write(ORDER, order)
    return _follow(request, inbox)


def _files(request: Request, note: RolloutNote | None) -> list[str]:
    if request.words:
        return [os.path.abspath(word) for word in request.words]
    if note is None:
        raise UsageError("upgrade needs FILE")
    if not all(os.path.exists(path) for path in note.files):
        raise UpgradeStopped("files-missing")
    return note.files


def _packages(paths: list[str]) -> list[PackageFile]:
    """Return what the files are. Raises FileFault."""
    found: dict[str, PackageFile] = {}
    for path in paths:
        package = read_package(path)
        if not is_ours(package.name):
            raise FileFault("file-strange", file=path, name=package.name)
        if package.name in found:
            raise FileFault("file-twice", file=path, name=package.name)
        if any(each.kind != package.kind for each in found.values()):
            raise FileFault("file-kinds", file=path)
        found[package.name] = package
    return list(found.values())


def _is_wanted(request: Request, packages: list[PackageFile], peers: list[str]) -> bool:
    names = named({package.name: package.version for package in packages})
    own = status_of(request, "")["node"]
    print(f"{printable(names)} will be installed on {printable(', '.join(sorted([own, *peers])))},")
    print("one after the other, the one that is Active last.")
    return agree("Go on?")


# What the keeper says


def _follow(request: Request, inbox: Inbox) -> int:
    """Start the keeper, and show what it says until it has ended; it needs nobody who looks."""
    path = f"{inbox.folder}/{PROGRESS}"
    with contextlib.suppress(OSError):
        os.unlink(path)
    nowhere = subprocess.DEVNULL
    keeper = subprocess.Popen(
        argv_of(KEEPER, "--root", request.root, "--run-dir", request.run_dir),
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,
        cwd="/",
    )
    steps = []
    try:
        for step in _steps(path, keeper):
            steps.append(step)
            if not request.json and "ok" not in step:
                print(printable(step["text"]), flush=True)
    except KeyboardInterrupt:
        print("\nit goes on by itself; 'haven upgrade --status' shows it", file=sys.stderr)
        raise
    return _end(request, steps)


def _steps(path: str, keeper: "subprocess.Popen[bytes]") -> "Iterator[dict[str, Any]]":
    """Yield each step as it is told, until the keeper has ended."""
    rest, at = b"", 0
    while True:
        is_over = keeper.poll() is not None
        octets = _read_from(path, at)
        at += len(octets)
        *lines, rest = (rest + octets).split(b"\n")
        for line in lines:
            yield json.loads(line)
        if is_over:
            return
        time.sleep(POLL_S)


def _read_from(path: str, at: int) -> bytes:
    try:
        with open(path, "rb") as file:
            file.seek(at)
            return file.read()
    except OSError:
        return b""


def _end(request: Request, steps: "list[dict[str, Any]]") -> int:
    last = steps[-1] if steps else {}
    if "ok" not in last:
        raise Failed("what carries it out was ended; 'haven upgrade' goes on from there")
    if request.json:
        print_json({**last, "steps": steps[:-1]})
        return 0 if last["ok"] else 1
    if not last["ok"]:
        raise Failed(f"the upgrade has stopped: {printable(last['text'])}")
    return 0


# Where it stands


def _show(request: Request, inbox: Inbox, notes: NoteFile) -> int:
    note, runs = notes.read(), is_locked(f"{inbox.folder}/{LEADING}")
    installed_there = {node: _installed(request, node) for node in _nodes(request)}
    document = {
        "runs": runs,
        "interrupted": note is not None and not runs,
        "packages": note.packages if note is not None else {},
        "step": note.step if note is not None else "",
        "text": note.words() if note is not None else "",
        "installed": installed_there,
    }
    if request.json:
        print_json(document)
        return 0
    if note is not None:
        state = "runs" if runs else "was interrupted"
        print(f"An upgrade to {printable(named(note.packages))} {state}: {printable(note.words())}.")
        sys.stdout.write("" if runs else "'haven upgrade' goes on with it.\n")
    else:
        print("An upgrade begins." if runs else "No upgrade is under way.")
    for node, installed in installed_there.items():
        print(f"{printable(node)}: {printable(named(installed)) or 'not known'}")
    return 0


def _nodes(request: Request) -> list[str]:
    try:
        return [str(status_of(request, "")["node"]), *other_nodes(request.run_dir)]
    except Unanswered:
        return []


def _installed(request: Request, node: str) -> dict[str, str]:
    try:
        return dict(ask_node(request.run_dir, node, "upgrade-state")["installed"])
    except (Unanswered, KeyError, TypeError, ValueError):
        return {}


def _forget(request: Request, inbox: Inbox, notes: NoteFile) -> int:
    """End the maintenance that an interrupted upgrade has left, and forget it."""
    note = notes.read()
    if is_locked(f"{inbox.folder}/{LEADING}"):
        raise UpgradeStopped("runs-already")
    if note is None:
        raise Failed("no upgrade was interrupted")
    for node in note.maintenance:
        ask_node(request.run_dir, node, "maintenance", on=False)
    notes.forget()
    print("forgotten; each router has what it has: 'haven upgrade --status'")
    return 0
