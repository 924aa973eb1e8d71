# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven setup`: this router becomes the first of a pair, on trial until somebody confirms it."""

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from haven.arguments import UsageError
from haven.cli.agent_client import ask_agent
from haven.cli.errors import Failed, Unanswered
from haven.cli.own_words import print_json
from haven.cli.usage import Request
from haven.contract.setup import NONE, OUTCOMES, SetupRefused, warning
from haven.paths import PEERS
from haven.peers.store import PeerStore, StoreError
from haven.plain_file import read_plain
from haven.setup.ask_person import Unasked, agree, ask_person, has_line, read_line, show, show_warnings
from haven.setup.changes import UciChange, difference
from haven.setup.leaving import address_given_up, gateways_taken, own_addresses
from haven.setup.live_facts import read_facts
from haven.setup.packages import CHANGED, HAVEN, NETWORK, package_of, present, read_packages
from haven.setup.proposal import SECOND_ROLE, Proposal, check_new, first_proposal
from haven.setup.questions import take_proposal
from haven.setup.trial import POLL_S, NotTried, Trial, file_of, read_note
from haven.setup.trial_folder import BEFORE, PENDING
from haven.setup.trial_times import UNDO_S

LARGEST_ANSWERS = 1 << 16
ENDED = frozenset(OUTCOMES) - {"preparing", "waiting", "undoing"}
# What a first router without a second one is to do.
NEXT = "Next: 'haven pair', which shows the code with which the other router joins this one."
TOGETHER = (("--confirm", "--undo"), ("--confirm", "--answers"), ("--undo", "--answers"))


def setup(request: Request) -> int:
    """Propose, ask, show and try; or confirm, or undo."""
    given = {*request.flags, *(["--answers"] if request.values["--answers"] else [])}
    for one, other in TOGETHER:
        if {one, other} <= given:
            raise UsageError(f"setup: {one} and {other} do not go together")
    return _guarded(request, _do)


def undo(request: Request) -> int:
    """Bring back what was there before the setup, or before the router joined."""
    return _guarded(request, _undo)


def _guarded(request: Request, act: Callable[[Request, Trial], int]) -> int:
    try:
        if os.geteuid() != 0:
            raise SetupRefused("not-root")
        return act(request, trial_of(request))
    except SetupRefused as refused:
        if request.json:
            print_json(refused.as_dict())
        raise Failed(str(refused)) from None
    except Unasked:
        raise Failed("nobody is there to answer: nothing was changed; --yes does not ask") from None


def _do(request: Request, trial: Trial) -> int:
    if "--confirm" in request.flags:
        trial.confirm()
        return _tell(request, read_note(trial.run_dir))
    if "--undo" in request.flags:
        return _undo(request, trial)
    trial.check_free()
    check_new(read_packages(trial.root, (HAVEN,)))
    asks = not {"--json", "--yes"} & request.flags
    proposal = first_proposal(
        read_facts(trial.root), given_answers(request), ask_person if asks else take_proposal
    )
    if request.json and "--yes" not in request.flags:
        print_json(proposal.as_dict())
        return 0
    return try_proposal(request, trial, proposal)


def trial_of(request: Request) -> Trial:
    """Return what setup works on: the files below --root, and the run directory."""
    root = request.root.rstrip("/")
    if not os.path.isdir(request.root):
        raise Failed(f"{request.root} is no folder")
    # The keeper's working directory is another.
    return Trial(os.path.abspath(root) if root else "", os.path.abspath(request.run_dir))


def given_answers(request: Request) -> dict[str, str]:
    """Return the answers that the command line brings. Raises SetupRefused."""
    name = request.values["--answers"]
    if not name:
        return {}
    try:
        text = sys.stdin.buffer.read(LARGEST_ANSWERS) if name == "-" else read_plain(name, LARGEST_ANSWERS)
        document = json.loads(text)
    except OSError as error:
        raise SetupRefused("answers-unreadable", file=name, error=error.strerror) from None
    except (ValueError, RecursionError) as error:
        raise SetupRefused("answers-unreadable", file=name, error=str(error)) from None
    if not isinstance(document, dict):
        raise SetupRefused("answers-no-object", file=name)
    return answers_in(document)


def answers_in(document: "dict[str, object]") -> dict[str, str]:
    """Return answers as setup takes them from a document of JSON."""
    return {key: _as_text(value) for key, value in document.items()}


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return NONE if value is None or value == "" else str(value)


def try_proposal(request: Request, trial: Trial, proposal: Proposal) -> int:
    """Show what changes, ask, put it on trial, and wait for the person's word."""
    says_yes = "--yes" in request.flags
    if not request.json:
        show(proposal.changes(), sys.stdout, proposal.warnings())
        sys.stdout.flush()
    if not says_yes and not agree("\nChange this now? It is taken back by itself unless you confirm it."):
        print("Nothing was changed.")
        return 1
    found = begin_trial(request, trial, proposal)
    if request.json or says_yes:
        return _tell(request, found)
    return _wait_for_word(request, trial)


def begin_trial(request: Request, trial: Trial, proposal: Proposal) -> dict[str, object]:
    """Put a proposal on trial; return how that stands when it waits for a word. Raises Failed."""
    if not request.json:
        print("\nTrying it; a slow router may take minutes.", flush=True)
    try:
        return trial.try_out(proposal)
    except NotTried as why:
        if request.json:
            print_json(why.note)
        raise Failed(str(why)) from None


def _wait_for_word(request: Request, trial: Trial) -> int:
    print(_confirm_words(read_note(trial.run_dir)) + "\nOr press Enter here.")
    try:
        while trial.folder.is_there(PENDING) and trial.keep():
            if has_line(POLL_S):
                read_line("")
                trial.confirm()
    except Unasked:
        # The session has gone; whoever comes by another one confirms there.
        return 0
    except KeyboardInterrupt:
        trial.undo()
    return _tell(request, _ended(trial))


def _ended(trial: Trial) -> dict[str, object]:
    end = time.monotonic() + UNDO_S
    while read_note(trial.run_dir).get("state") not in ENDED and trial.keep() and time.monotonic() < end:
        time.sleep(POLL_S)
    return read_note(trial.run_dir)


def _confirm_words(found: dict[str, object]) -> str:
    facts = found["facts"]
    assert isinstance(facts, dict)
    return (
        f"\nThe new configuration is in force; this router's own address is {facts['address']}.\n"
        f"Confirm within {facts['left_s']} s with 'haven setup --confirm' that the router is still reached; "
        "else everything is taken back."
    )


def _tell(request: Request, found: dict[str, object]) -> int:
    """Say where the trial stands; only what stays, waits or was wanted is a success."""
    if request.json:
        print_json(found)
    elif found.get("state") == "waiting":
        print(_confirm_words(found))
    else:
        print(str(found.get("message", "")))
        if found.get("state") == "confirmed":
            print(NEXT)
    return 0 if found.get("state") in ("waiting", "confirmed", "undone") else 1


def _undo(request: Request, trial: Trial) -> int:
    is_late = trial.folder.is_there(BEFORE) and not trial.folder.is_there(PENDING)
    warnings = _undo_warnings(trial)
    if is_late and not {"--json", "--yes"} & request.flags:
        show(_undo_changes(trial), sys.stdout, warnings)
        if not agree("\nBring this back?"):
            print("Nothing was changed.")
            return 1
    else:
        _warn(request, warnings)
    sys.stdout.flush()
    _part_from_pair(trial)
    trial.undo()
    nodes = ", ".join(_others(trial))
    if nodes:
        _warn(request, [warning("still-paired", nodes=nodes)])
    return _tell(request, read_note(trial.run_dir))


def _warn(request: Request, warnings: list[str]) -> None:
    # With --json the document is on stdout.
    show_warnings(warnings, sys.stderr if request.json else sys.stdout)


def _part_from_pair(trial: Trial) -> None:
    """Tell the routers that this one had joined; who does not hear it has to be told there."""
    marker = trial.folder.marker(BEFORE) or trial.folder.marker(PENDING)
    if marker is None or marker.role != SECOND_ROLE:
        return
    with suppress(Unanswered):
        for peer in ask_agent(trial.run_dir, "peers"):
            ask_agent(trial.run_dir, "unpair", node=peer["node"])


def _undo_warnings(trial: Trial) -> list[str]:
    """Return what a person should know before this router leaves the others."""
    nodes, copies = ", ".join(_others(trial)), trial.folder.copies(BEFORE)
    if file_of(NETWORK) not in copies:
        return []
    found: list[str] = []
    with suppress(SetupRefused):
        before = {name: package_of(name, copies.get(file_of(name)) or b"") for name in CHANGED}
        taken = gateways_taken(before, read_packages(trial.root, (HAVEN,))) if nodes else []
        found += [warning("gateway-twice", address=address, nodes=nodes) for address in taken]
        session = os.environ.get("SSH_CONNECTION", "")
        if address_given_up(before, read_packages(trial.root), session):
            facts = {"address": session.split()[2], "own": " or ".join(own_addresses(before))}
            found.append(warning("session-ends", **facts))
    return found


def _others(trial: Trial) -> list[str]:
    store = PeerStore(trial.root + PEERS)
    with suppress(StoreError):
        store.read()
    return [peer.node for peer in store.peers.values()]


def _undo_changes(trial: Trial) -> list[UciChange]:
    """Return what an undo would change; a package that cannot be read is brought back unseen."""
    found: list[UciChange] = []
    copies = trial.folder.copies(BEFORE)
    for name in dict.fromkeys([*CHANGED, *present(trial.root)]):
        if file_of(name) in copies:
            with suppress(SetupRefused):
                before = {name: package_of(name, copies[file_of(name)] or b"")}
                found += difference(read_packages(trial.root, (name,)), before)
    return found
