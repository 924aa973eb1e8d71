# SPDX-License-Identifier: GPL-2.0-or-later
"""The program page-job: a setup, or a joining, whose person sits at a page of LuCI.

rpcd's program starts it and leaves what is wanted in the run directory (`page-word`), as every word of the
page after that; where the job stands is in `page-job` beside it (contract/page_words.py). So no call of a
page waits for it, and it goes on when nobody looks. A code is read and removed, and is nowhere else.
"""

import json
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from haven.arguments import ROOT, RUN_DIR, begin_program, below
from haven.atomic_file import write_whole
from haven.cli.setup_command import answers_in
from haven.contract.control import Refusal, check_request
from haven.contract.page_words import DECISION_S, JOB, JOB_FILE, LARGEST_WORD, WORD_FILE, WORDS
from haven.contract.pairing import PairingRefusal
from haven.contract.setup import SetupRefused
from haven.contract.strict_json import read_json
from haven.paths import CONFIG, inside
from haven.plain_file import read_plain
from haven.setup.live_facts import read_facts
from haven.setup.packages import HAVEN, read_packages
from haven.setup.proposal import Proposal, check_new, first_proposal
from haven.setup.questions import take_proposal
from haven.setup.trial import NotTried, Trial, read_note
from haven.setup.trial_folder import PENDING

if TYPE_CHECKING:
    # It brings TLS, without which a router can be set up as the first one.
    from haven.cli.join_attempt import Make

NAME = "page-job"
SUMMARY = "Carries out a setup or a joining for a page of LuCI."
POLL_S = 0.2


class Page:
    """The person at the page: told by one file, heard by another."""

    def __init__(self, run_dir: str) -> None:
        self._word = inside(run_dir, WORD_FILE)
        self._job = inside(run_dir, JOB_FILE)
        self._told: dict[str, Any] = {}
        self._words = 0

    def tell(self, state: str, **more: Any) -> None:
        """Leave where the job stands."""
        self._told = {**self._told, "refusal": None, **more, "state": state, "words": self._words}
        write_whole(self._job, json.dumps(self._told).encode(), 0o600)

    def heard(self) -> dict[str, Any] | None:
        """Return the next word of the page, if there is one that is understood."""
        try:
            octets = read_plain(self._word, LARGEST_WORD)
        except OSError:
            return None
        with suppress(OSError):
            os.unlink(self._word)
        self._words += 1
        return read_word(octets)

    def agree(self, make: "Make") -> Proposal | None:
        """Show a proposal, and others as the page answers its questions, until it says go or leave."""
        given: dict[str, str] = {}
        proposal = self._show(make, given, None)
        end = time.monotonic() + DECISION_S
        while time.monotonic() < end:
            word = self.heard() or {}
            if word.get("command") == "answers":
                proposal = self._show(make, answers_in(word["answers"]), proposal)
            elif word.get("command") == "go" and proposal is not None:
                return proposal
            elif word.get("command") == "leave":
                return None
            time.sleep(POLL_S)
        return None

    def _show(self, make: "Make", given: dict[str, str], before: Proposal | None) -> Proposal | None:
        """Return the proposal for these answers; the one before it when they will not do."""
        try:
            proposal = make(given, take_proposal)
        except SetupRefused as why:
            # What the page can answer is a question; anything else ends it.
            if "question" not in why.facts:
                raise
            self.tell("asks", refusal=why.as_dict())
            return before
        self.tell("asks", proposal=proposal.as_dict(), own_address=str(proposal.reach.own))
        return proposal

    def begins(self, stage: str) -> None:
        """Tell the page."""
        self.tell(stage)


def read_word(octets: bytes) -> dict[str, Any] | None:
    """Return a word of the page, or None for what is none."""
    try:
        return check_request(read_json(octets.decode()), WORDS)
    except (ValueError, Refusal):
        return None


def carry_out(page: Page, trial: Trial, word: dict[str, Any]) -> None:
    """Do what the first word wants, and tell the page how it ended."""
    try:
        page.tell("begun", kind=word["command"])
        (set_up if word["command"] == "setup" else join)(page, trial, word)
    except (SetupRefused, PairingRefusal) as why:
        page.tell("refused", refusal={"error": str(why), "code": why.code, "facts": why.facts})
    except NotTried as why:
        facts = {"code": why.note.get("state", ""), "facts": why.note.get("facts", {})}
        page.tell("refused", refusal={"error": str(why), **facts})
    except ImportError:
        missing = PairingRefusal("ssl-missing")
        page.tell("refused", refusal={"error": str(missing), "code": missing.code, "facts": {}})
    except Exception as why:
        # Nobody else reads what becomes of it.
        page.tell("refused", refusal={"error": str(why) or repr(why), "code": "", "facts": {}})


def set_up(page: Page, trial: Trial, _word: dict[str, Any]) -> None:
    """Make this router the first one of a pair, on trial until the page says that it still reaches it."""
    trial.check_free()
    check_new(read_packages(trial.root, (HAVEN,)))
    facts = read_facts(trial.root)
    proposal = page.agree(lambda given, ask: first_proposal(facts, given, ask))
    if proposal is None:
        page.tell("left")
        return
    page.tell("trying")
    trial.try_out(proposal)
    page.tell("waiting")
    _wait_for_word(page, trial)


def _wait_for_word(page: Page, trial: Trial) -> None:
    while trial.folder.is_there(PENDING):
        trial.keep()
        word = page.heard() or {}
        if word.get("command") == "confirm":
            trial.confirm()
            page.tell("done", node="")
            return
        if word.get("command") == "leave":
            trial.undo()
            page.tell("left")
            return
        time.sleep(POLL_S)
    raise NotTried(read_note(trial.run_dir))


def join(page: Page, trial: Trial, word: dict[str, Any]) -> None:
    """Join the router that shows the code."""
    from haven.cli.join_attempt import JoinAttempt
    from haven.peers.code import read
    from haven.peers.identity import IdentityError
    from haven.peers.store import StoreError

    try:
        attempt = JoinAttempt(trial, below(trial.root, CONFIG), word["address"], page)
        node = attempt.carry_out(read(word["code"]))
    except IdentityError as why:
        raise PairingRefusal("identity-missing", error=str(why)) from None
    except StoreError as why:
        raise PairingRefusal("storing-failed", error=str(why)) from None
    page.tell("done" if node else "left", node=node)


def main() -> int:
    """Carry out what the first word wants."""
    found = begin_program(sys.argv[1:], NAME, SUMMARY, (ROOT, RUN_DIR))
    if isinstance(found, int):
        return found
    root, run_dir = found.values[ROOT.name].rstrip("/"), found.values[RUN_DIR.name]
    page = Page(run_dir)
    word = page.heard()
    if word is None or word["command"] not in JOB:
        return 1
    carry_out(page, Trial(os.path.abspath(root) if root else "", os.path.abspath(run_dir)), word)
    return 0


if __name__ == "__main__":
    sys.exit(main())
