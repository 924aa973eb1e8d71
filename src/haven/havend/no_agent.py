# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent of a havend that has none: agent_link.py's words, and nothing behind them."""

from haven.core.clock import NEVER
from haven.havend.host import system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.core.group import Group
    from haven.havend.agent_link import AgentLink


class NoAgent:
    """Nobody reports, and nobody is waited for."""

    deadline = NEVER

    def want(self, parts: "tuple[str, ...]") -> None:
        """Take the names of the parts that the plan in force has work for."""

    def prepared(self) -> None:
        """Nothing has waited."""

    def prepare(self, then: "Callable[[], None]", now: int, ending: bool = False) -> None:
        """Do it at once."""
        then()

    def doubt(self, group: "Group", now: int) -> None:
        """Nobody is asked."""

    def accounts(self, now: int) -> "dict[str, Any]":
        """Return nothing for the status."""
        return {}

    def at_risk(self, status: "dict[str, Any]", active: bool) -> "list[dict[str, Any]]":
        """Return nothing: no connections are copied."""
        return []

    def problems(self, now: int) -> "list[dict[str, Any]]":
        """Return nothing: nobody is missed."""
        return []


def link_to_agent() -> "AgentLink":
    """Return what havend knows of its agent."""
    if not system.HAS_AGENT:
        return NoAgent()  # type: ignore[return-value]
    from haven.havend.agent_link import AgentLink

    return AgentLink()
