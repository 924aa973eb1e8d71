# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask the living haven-agent over its socket: of the routers that are paired, and through it one of those."""

from haven import paths
from haven.cli.control_client import ControlConnection
from haven.cli.errors import RequestRefused, Unanswered
from haven.contract import agent_requests, control
from haven.contract.control import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AgentConnection(ControlConnection):
    """A connection to the agent, for `with`."""

    name, requests = paths.AGENT_SOCKET, agent_requests.REQUESTS


def ask_agent(run_dir: str, command: str, **arguments: "Any") -> "Any":
    """Return the agent's result for one command. Raises Unanswered or RequestRefused."""
    try:
        with AgentConnection(run_dir) as connection:
            return connection.ask(command, control.HANDOVER_PATIENCE_S, **arguments)
    except RequestRefused:
        raise
    except Unanswered as why:
        if why.refusal.code == "not-running":
            raise Unanswered(Refusal("agent-not-running")) from None
        raise


def ask_node(run_dir: str, node: str, command: str, **arguments: "Any") -> "Any":
    """Return what havend on a router of that name answers; this one's name is as good as another's."""
    return ask_agent(run_dir, "ask", node=node, request={"command": command, **arguments})


def other_nodes(run_dir: str) -> list[str]:
    """Return the names of the routers that are paired with this one."""
    try:
        return [str(peer["node"]) for peer in ask_agent(run_dir, "peers")]
    except (KeyError, TypeError):
        raise Unanswered(Refusal("unintelligible")) from None
