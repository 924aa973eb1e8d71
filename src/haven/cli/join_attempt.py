# SPDX-License-Identifier: GPL-2.0-or-later
"""One attempt to join: prove the code, take the other router in and be taken in, take its configuration."""

import functools
import socket
import ssl
import time
from collections.abc import Callable
from typing import Protocol

from haven import paths
from haven.atomic_file import write_whole
from haven.cli.agent_client import ask_agent
from haven.cli.errors import Unanswered
from haven.config.load import load
from haven.contract.pairing import PairingRefusal
from haven.inet import text_of
from haven.peers.identity import ensure
from haven.peers.joiner import Joiner, Message
from haven.peers.store import Peer, PeerStore
from haven.setup.facts import RouterFacts
from haven.setup.live_facts import read_facts
from haven.setup.packages import HAVEN
from haven.setup.proposal import Proposal
from haven.setup.questions import Ask
from haven.setup.second_router import second_proposal
from haven.setup.trial import Trial

# What a router is called that nobody has named.
ANYBODY = ("OpenWrt", "LEDE", "localhost", "router")
# From the new configuration to the first word over the channel.
REACHED_S = 60.0
# From there until the configuration of the other is this one's, too.
COMMON_S = 30.0
POLL_S = 0.3

# Makes a proposal of the answers that are given, asking for the others.
Make = Callable[[dict[str, str], Ask], Proposal]


class Person(Protocol):
    """Who joins, at a terminal or at a page."""

    def agree(self, make: Make) -> Proposal | None:
        """Return the proposal that is wanted, or None for nothing."""

    def begins(self, stage: str) -> None:
        """Take that it goes on with "pairing", or with "trying"."""


class JoinAttempt:
    """An attempt to join the router at an address. Raises what store, trial and configuration do.

    `lacks_common` tells afterwards whether both are to have one configuration, and have not yet.
    """

    def __init__(self, trial: Trial, config: str, address: str, person: Person) -> None:
        self._trial, self._address, self._person = trial, address, person
        self._store = PeerStore(trial.root + paths.PEERS)
        self._store.read()
        self.lacks_common = False
        model, _problems = load(config)
        # One that works is left as it is: its user has set it up.
        self._model = model if model is not None and model.virtual_routers else None
        if self._model is None:
            trial.check_free()

    def carry_out(self, code: str, name: str = "") -> str:
        """Return the name of the router that was joined, empty when the person did not want it after all.

        Nothing is kept unless both sides have said that they are paired. Raises PairingRefusal, SetupRefused,
        StoreError, IdentityError, NotTried.
        """
        with Joiner(self._address) as other:
            for peer in self._store.peers.values():
                if peer.fingerprint == other.fingerprint:
                    raise PairingRefusal("paired-already", node=peer.node)
            if not self._store.peers:
                # Those that this router has parted from know that key as one that is gone.
                self._store.begin_anew()
            grant = other.claim(code, *self._own_name(name), ensure(self._store.folder))
            proposal = self._agreed(grant) if self._model is None else None
            if proposal is None and self._model is None:
                return ""
            self._person.begins("pairing")
            self._be_taken_in(other, grant, _own_addresses(proposal))
        if proposal is not None:
            self._take_configuration(proposal, grant["node"])
        return str(grant["node"])

    def _own_name(self, given: str) -> tuple[str, bool]:
        """Return what this router is called, and whether another name will do."""
        if given:
            return given, False
        if self._model is not None:
            return self._model.main.node, False
        host = socket.gethostname()
        return ("r2", True) if host in ANYBODY else (host, True)

    def _be_taken_in(self, other: Joiner, grant: Message, own: list[str]) -> None:
        before = dict(self._store.peers)
        try:
            for each in grant["peers"]:
                self._store.put(Peer(each["node"], each["certificate"], each["addresses"]))
            pem = ssl.DER_cert_to_PEM_cert(other.certificate())
            # One of the link alone is nothing without the link.
            here = [] if "%" in self._address else [self._address]
            self._store.put(Peer(grant["node"], pem, [*grant["addresses"], *here]))
            other.finish(own)
        except BaseException:
            self._store.restore(before)
            raise

    # The configuration

    def _agreed(self, grant: Message) -> Proposal | None:
        facts = read_facts(self._trial.root)
        return self._person.agree(functools.partial(self._propose, grant, facts))

    def _propose(self, grant: Message, facts: RouterFacts, given: dict[str, str], ask: Ask) -> Proposal:
        nodes = [grant["node"], *(each["node"] for each in grant["peers"])]
        addresses = [address for each in grant["peers"] for address in each["addresses"]]
        device = self._address.partition("%")[2]
        given = {"node": grant["name"], **given}
        if device and not facts.user_of(device):
            # The cable by which it was found is nothing else's: it is the one between the routers.
            given = {"sync": device, **given}
        return second_proposal(grant["files"], facts, given, ask, addresses, nodes)

    def _take_configuration(self, proposal: Proposal, node: str) -> None:
        """Put it on trial; it stays when the other router is reached by it."""
        self._person.begins("trying")
        trial = self._trial
        is_common = bool(proposal.after[HAVEN].of_type("sync"))
        if is_common:
            write_whole(trial.root + paths.JOINING, node.encode(), 0o600)
        trial.try_out(proposal)
        if not _becomes(lambda: _reaches(trial.run_dir, node), REACHED_S):
            trial.undo()
            raise PairingRefusal("not-reached", node=node, name=proposal.model.main.node)
        trial.confirm()
        self.lacks_common = is_common and not _becomes(lambda: _is_common(trial.run_dir), COMMON_S)


def _own_addresses(proposal: Proposal | None) -> list[str]:
    """Return where this router will be, the address between the routers first."""
    if proposal is None:
        return []
    link = proposal.model.conntrack
    found = [] if link is None else [text_of(link.address)]
    return [*found, str(proposal.reach.own)]


def _becomes(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until something holds; tell whether it does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True


def _is_common(run_dir: str) -> bool:
    try:
        return bool(ask_agent(run_dir, "sync")["in_sync"])
    except Unanswered:
        return False


def _reaches(run_dir: str, node: str) -> bool:
    try:
        found = ask_agent(run_dir, "peers")
    except Unanswered:
        return False
    return any(peer["node"] == node and peer["heard_ms"] is not None for peer in found)
