# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven join`: a person at a terminal joins the router that shows a code."""

import os
import signal
import sys

from haven.cli.errors import Failed
from haven.cli.join_attempt import JoinAttempt, Make
from haven.cli.setup_command import given_answers
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.contract.pairing import PairingRefusal
from haven.contract.setup import SetupRefused
from haven.peers.code import read
from haven.peers.identity import IdentityError
from haven.peers.search import best_first, offers
from haven.peers.store import StoreError
from haven.setup.ask_person import Unasked, agree, ask_person, show
from haven.setup.proposal import Proposal
from haven.setup.questions import take_proposal
from haven.setup.trial import NotTried, Trial

MOVES = """
This router's own address becomes {own}: a session to the one that it has now ends with the change, and
the joining goes on without it. After some minutes it is done, or taken back: 'haven peers' tells on the
first router, and here once you have logged in at {own}.
"""


def join(request: Request) -> int:
    """Join; nothing is kept unless both sides have said that they are paired."""
    if os.geteuid():
        raise Failed("needs root: only root may pair routers")
    try:
        code = read(request.words[-1])
        address = request.words[0] if len(request.words) > 1 else _only_offer()
        attempt = JoinAttempt(_trial(request), request.config, address, _AtTerminal(request))
        node = attempt.carry_out(code, request.values["--name"])
    except (IdentityError, PairingRefusal, SetupRefused, StoreError, NotTried) as why:
        raise Failed(printable(str(why))) from None
    except Unasked:
        raise Failed("nobody is there to answer: nothing was changed; --yes does not ask") from None
    if not node:
        print("Nothing was changed.")
        return 1
    if attempt.lacks_common:
        print("the configuration is not one yet; 'haven sync' says why")
    print(f"joined {printable(node)}; 'haven peers' shows it on both")
    return 0


def _trial(request: Request) -> Trial:
    # A router that is set up already tries nothing, and its other files are nobody's business.
    root = request.root.rstrip("/")
    return Trial(os.path.abspath(root) if root else "", os.path.abspath(request.run_dir))


def _only_offer() -> str:
    found = offers()
    if len(set(found.values())) == 1:
        # One router on several links.
        return best_first(found)[0]
    if not found:
        raise Failed("no router on any link offers to be joined: say 'haven pair' there, or name its address")
    rows = "".join(f"\n    {address}  {printable(node)}" for address, node in sorted(found.items()))
    raise Failed(f"several can be joined; name the address of one:{rows}")


class _AtTerminal:
    """The person whose session this is."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._says_yes = "--yes" in request.flags

    def agree(self, make: Make) -> Proposal | None:
        proposal = make(given_answers(self._request), take_proposal if self._says_yes else ask_person)
        show(proposal.changes(), sys.stdout, proposal.warnings())
        sys.stdout.write(_moves(proposal))
        sys.stdout.flush()
        return proposal if self._says_yes or agree("\nJoin, and change this now?") else None

    def begins(self, stage: str) -> None:
        """Go on without the person from the change on: it may end the session."""
        if stage == "trying":
            signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _moves(proposal: Proposal) -> str:
    """Tell where this router is afterwards, while that can still be read."""
    own, before = proposal.reach.own, proposal.answers.facts.interfaces.values()
    if any(each.ip == own for found in before for each in found.addresses):
        return ""
    return MOVES.format(own=own)
