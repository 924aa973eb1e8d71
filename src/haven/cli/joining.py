# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven join`: prove the code, take the other router in and be taken in, and take its configuration."""

import os
import socket
import ssl
import sys
import time
from collections.abc import Callable

from haven import paths
from haven.atomic_file import write_whole
from haven.cli.agent_client import ask_agent
from haven.cli.errors import Failed, Unanswered
from haven.cli.setup_command import begin_trial, given_answers, trial_of
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.config.load import load
from haven.contract.pairing import PairingRefusal
from haven.contract.setup import SetupRefused
from haven.inet import text_of
from haven.peers.code import CodeError, read
from haven.peers.identity import IdentityError, ensure
from haven.peers.joiner import Joiner, Message
from haven.peers.own_devices import ipv4_of
from haven.peers.search import offers
from haven.peers.store import Peer, PeerStore, StoreError
from haven.setup.ask_person import Unasked, agree, ask_person, show
from haven.setup.live_facts import read_facts
from haven.setup.packages import HAVEN
from haven.setup.proposal import Proposal
from haven.setup.questions import take_proposal
from haven.setup.second_router import second_proposal

# What a router is called that nobody has named.
ANYBODY = ("OpenWrt", "LEDE", "localhost", "router")
# From the new configuration to the first word over the channel.
REACHED_S = 60.0
# From there until the configuration of the other is this one's, too.
COMMON_S = 30.0
POLL_S = 0.3


def join(request: Request) -> int:
    """Join; nothing is kept unless both sides have said that they are paired."""
    if os.geteuid():
        raise Failed("needs root: only root may pair routers")
    try:
        code = read(request.words[-1])
        address = request.words[0] if len(request.words) > 1 else _only_offer()
        return _Join(request, address).carry_out(code)
    except (CodeError, IdentityError, PairingRefusal, SetupRefused, StoreError) as why:
        raise Failed(printable(str(why))) from None
    except Unasked:
        raise Failed("nobody is there to answer: nothing was changed; --yes does not ask") from None


def _only_offer() -> str:
    found = offers()
    if len(set(found.values())) == 1:
        # One router on several links: a cable that is used for nothing yet is the one between the two.
        return min(found, key=lambda address: bool(ipv4_of(address.partition("%")[2])))
    if not found:
        raise Failed("no router on any link offers to be joined: say 'haven pair' there, or name its address")
    rows = "".join(f"\n    {address}  {printable(node)}" for address, node in sorted(found.items()))
    raise Failed(f"several can be joined; name the address of one:{rows}")


class _Join:
    """One attempt to join the router at an address."""

    def __init__(self, request: Request, address: str) -> None:
        self._request, self._address = request, address
        self._store = PeerStore(request.root.rstrip("/") + paths.PEERS)
        self._store.read()
        model, _problems = load(request.config)
        # One that works is left as it is: its user has set it up.
        self._model = model if model is not None and model.virtual_routers else None
        if self._model is None:
            trial_of(request).check_free()

    def carry_out(self, code: str) -> int:
        with Joiner(self._address) as other:
            for peer in self._store.peers.values():
                if peer.fingerprint == other.fingerprint:
                    raise PairingRefusal("paired-already", node=peer.node)
            if not self._store.peers:
                # Those that this router has parted from know that key as one that is gone.
                self._store.begin_anew()
            name, any_name = self._own_name()
            grant = other.claim(code, name, any_name, ensure(self._store.folder))
            proposal = None if self._model is not None else self._propose(grant)
            if proposal is not None and not self._is_wanted(proposal):
                print("Nothing was changed.")
                return 1
            self._be_taken_in(other, grant, _own_addresses(proposal))
        if proposal is not None:
            self._take_configuration(proposal, grant["node"])
        print(f"joined {printable(grant['node'])}; 'haven peers' shows it on both")
        return 0

    def _own_name(self) -> tuple[str, bool]:
        """Return what this router is called, and whether another name will do."""
        if self._request.values["--name"]:
            return self._request.values["--name"], False
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

    def _propose(self, grant: Message) -> Proposal:
        nodes = [grant["node"], *(each["node"] for each in grant["peers"])]
        addresses = [address for each in grant["peers"] for address in each["addresses"]]
        ask = take_proposal if "--yes" in self._request.flags else ask_person
        facts = read_facts(self._request.root.rstrip("/"))
        device = self._address.partition("%")[2]
        given = {"node": grant["name"], **given_answers(self._request)}
        if device and not facts.user_of(device):
            # The cable by which it was found is nothing else's: it is the one between the routers.
            given = {"sync": device, **given}
        return second_proposal(grant["files"], facts, given, ask, addresses, nodes)

    def _is_wanted(self, proposal: Proposal) -> bool:
        show(proposal.changes(), sys.stdout)
        return "--yes" in self._request.flags or agree("\nJoin, and change this now?")

    def _take_configuration(self, proposal: Proposal, node: str) -> None:
        """Put it on trial; it stays when the other router is reached by it."""
        trial = trial_of(self._request)
        is_common = bool(proposal.after[HAVEN].of_type("sync"))
        if is_common:
            write_whole(trial.root + paths.JOINING, node.encode(), 0o600)
        begin_trial(self._request, trial, proposal)
        if not _becomes(lambda: _reaches(trial.run_dir, node), REACHED_S):
            trial.undo()
            name = printable(node)
            raise Failed(
                f"{name} is not reached with the new configuration: it is taken back; say 'haven unpair "
                f"{printable(proposal.model.main.node)}' on {name}"
            )
        trial.confirm()
        if is_common and not _becomes(lambda: _is_common(trial.run_dir), COMMON_S):
            print("the configuration is not one yet; 'haven sync' says why")


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
