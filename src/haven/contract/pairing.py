# SPDX-License-Identifier: GPL-2.0-or-later
"""Why two routers are not paired, or what is asked of a peer is not done: codes with their facts."""

from haven.contract.message import ODD_FACTS, render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REFUSALS = {
    "offer-over": "nobody may join now: ask for a new code with 'haven pair'",
    "code-wrong": "the code is wrong",
    "code-wrong-last": "the code is wrong, and that ends the offer: ask for a new one with 'haven pair'",
    "code-length": "a code has {most} characters, this one has {count}",
    "code-mistyped": "the code is mistyped",
    "claim-wrong": "what was sent with the code is no certificate",
    "haven-older": "its haven is too old; upgrade it first",
    "own-self": "that is this router itself",
    "node-odd": "'{node}' cannot be the name of a router",
    "node-taken": "there is a router of the name '{node}' already; give one of them another name",
    "peers-many": "{count} routers are paired already",
    "peer-unknown": "no router of the name '{node}' is paired with this one",
    "peer-silent": "{node} is not reached now",
    "request-denied": "a router may not ask for '{command}' of another",
    "sync-off": "the configuration is not common: set enabled '1' in a section sync of /etc/config/haven",
    "sync-alone": "the configuration is common as soon as another router is paired ('haven pair')",
    "sync-failed": "{error}",
    "ssl-missing": "pairing needs Python's ssl: install python3-openssl",
    "identity-missing": "this router has no key: {error}",
    "port-taken": "TCP port {port} cannot be used: {error}",
    "storing-failed": "the pairing cannot be written: {error}",
    "nobody-there": "{address}: nobody offers to join there ({error}); is 'haven pair' open on that router?",
    "hung-up": "{address} has hung up; is 'haven pair' open on that router?",
    "no-answer": "{address} does not answer",
    "not-haven": "{address} does not speak as haven does: {error}",
    "stranger-between": "{address} does not know the code: somebody else answers for that router",
    "paired-already": "this router is paired with {node} already; 'haven unpair {node}' ends that",
    "not-reached": "{node} is not reached with the new configuration: it is taken back; say 'haven unpair "
    "{name}' on {node}",
    "agent-silent": "haven-agent is not running; is haven enabled ('haven status')?",
    "node-unknown": "this router has no name yet: haven has to be configured first ('haven validate')",
}


class PairingRefusal(Exception):
    """Why not: a code of REFUSALS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(REFUSALS[code], facts, {}))
        self.code = code
        self.facts = facts


class UnknownPairingRefusal(PairingRefusal):
    """A refusal of a haven that knows others than we do."""

    def __init__(self, code: str, facts: "dict[str, Any]", words: str) -> None:
        Exception.__init__(self, words)
        self.code = code
        self.facts = facts


def refusal_of(message: "dict[str, Any]") -> PairingRefusal:
    """Return the refusal in a message of another router."""
    try:
        return PairingRefusal(message["code"], **message["facts"])
    except ODD_FACTS:
        return UnknownPairingRefusal(message["code"], message["facts"], message["error"])
