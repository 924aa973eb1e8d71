# SPDX-License-Identifier: GPL-2.0-or-later
"""What havend knows of the agent: whether it lives, what its parts report, what they finish first.

havend never waits for the agent longer than PREPARE_LIMIT_S, and then only before a handover that it was
asked for.
"""

import os

from haven import VERSION, paths
from haven.contract.at_risk import OF_ANOTHER, at_risk, is_unpaired
from haven.contract.control import OLDEST_PROTOCOL, PREPARE_LIMIT_S, PROTOCOL, REPORT_SILENCE_S, REQUESTS
from haven.contract.fields import others_of
from haven.contract.problems import problem
from haven.core.clock import NEVER, SECOND
from haven.havend.host import system
from haven.havend.other_path import members

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from haven.core.group import Group
    from haven.havend.control_server import ControlClient

SILENCE = int(REPORT_SILENCE_S * SECOND)
PREPARE_LIMIT = int(PREPARE_LIMIT_S * SECOND)
# Where one of these is, the agent has work whatever the plan says: it serves ubus, and so LuCI, and calls
# the user's scripts.
WORK = ("/var/run/ubus", "/var/run/ubus.sock", paths.SCRIPTS)


class AgentLink:
    """The connection of the agent and its last report."""

    def __init__(self) -> None:
        self._client: ControlClient | None = None
        self._report: dict[str, Any] = {}
        self._reported_at = -NEVER
        # Since when an agent has the time to come, or to report.
        self._begun = self._attached_at = system.now()
        # The parts that the plan has work for, since when, and when each was last accounted for.
        self._wanted: tuple[str, ...] = ()
        self._wanted_since = self._begun
        self._accounted_at: dict[str, int] = {}
        self._protocol, self._version = PROTOCOL, VERSION
        self._older = ""
        self._waiting: list[Callable[[], None]] = []
        self._deadline = NEVER

    def attach(self, client: "ControlClient", request: "dict[str, Any]") -> "dict[str, Any]":
        """Take a connection as the agent's, which then hears every event; return what it is told."""
        if self._client is not None and self._client is not client:
            # If it lives it comes again, and is heard again: nobody else takes its place for good.
            self._client.close()
        client.follows = client.is_kept = True
        self._client = client
        # What an agent before this one said may no longer hold: this one has yet to look.
        self._report, self._reported_at = {}, -NEVER
        self._attached_at = system.now()
        if self._waiting:
            # It was another one that was asked to prepare.
            self._deadline = system.now()
        # The first of them did not say.
        self._protocol, self._version = request.get("protocol", 1), request.get("version", "?")
        self._older = self._version if self._protocol < OLDEST_PROTOCOL else ""
        return {"protocol": PROTOCOL, "version": VERSION}

    def want(self, parts: "tuple[str, ...]") -> None:
        """Take the names of the parts that the plan in force has work for."""
        self._wanted, self._wanted_since = parts, system.now()

    def take(self, report: "dict[str, Any]", now: int) -> None:
        """Remember what the agent reports."""
        self._report, self._reported_at = report, now
        for part in self._wanted:
            if report.get(part):
                self._accounted_at[part] = now

    def is_alive(self, now: int) -> bool:
        """Tell whether an agent that is understood has reported lately."""
        return not self._is_alone() and not self._older and now - self._reported_at < SILENCE

    def is_in_sync(self, now: int) -> bool:
        """Tell whether this node has the state of the Active, as far as every part of the agent knows.

        An agent that cannot read the plan may know nothing of a part, and of nothing that is missing.
        """
        says_so = self._report.get("in_sync") is True and all(self._report.get(part) for part in self._wanted)
        return self.is_alive(now) and says_so

    def accounts(self, now: int) -> "dict[str, Any]":
        """Return what the parts of the agent have for the status, by their keys there."""
        if not self.is_alive(now):
            return {}
        told = others_of(self._report, REQUESTS["report"])
        accounts = {key: told[key] for key in told if key != "command" and told[key] is not None}
        if is_unpaired(accounts):
            # Those that the configuration names are not there yet.
            accounts["peers"] = []
        return accounts

    def age_ms(self, now: int) -> int:
        """Return how long ago the agent reported."""
        return (now - self._reported_at) // 1000

    def problems(self, now: int) -> "list[dict[str, Any]]":
        """Return what the agent reports, and what it should and does not."""
        if self._older:
            return [problem("agent-older", "haven-agent", version=self._older)]
        if self.is_alive(now):
            unmissed = OF_ANOTHER if is_unpaired(self._report) else ()
            found = [each for each in self._report["problems"] if each["code"] not in unmissed]
            return found + self._unaccounted(now)
        return [problem("agent-silent", "haven-agent")] if self._is_missed(now) else []

    def _unaccounted(self, now: int) -> "list[dict[str, Any]]":
        # What the agent says of itself or of havend is why.
        if any(each["about"] in ("haven-agent", "havend") for each in self._report["problems"]):
            return []
        missing = [part for part in self._wanted if now - self._last_account(part) >= SILENCE]
        if missing and self._protocol < PROTOCOL:
            return [problem("agent-older", "haven-agent", version=self._version)]
        return [problem("part-silent", "haven-agent", part=part) for part in missing]

    def _last_account(self, part: str) -> int:
        return max(self._wanted_since, self._accounted_at.get(part, 0))

    def _is_missed(self, now: int) -> bool:
        # At the start it has time, and when it has come again.
        if now - (self._begun if self._is_alone() else self._attached_at) < SILENCE:
            return False
        return bool(self._wanted) or any(os.path.exists(path) for path in WORK)

    def prepare(self, then: "Callable[[], None]", now: int, ending: bool = False) -> None:
        """Do something after the agent has finished what is pending, or after a while in any case.

        `ending`: havend is not to be here afterwards.
        """
        if self._client is None or not self.is_alive(now):
            then()
            return
        self._waiting.append(then)
        self._deadline = now + PREPARE_LIMIT
        self._client.reply({"prepare": True, "ending": True} if ending else {"prepare": True})

    def doubt(self, group: "Group", now: int) -> None:
        """Let the agent ask the other routers about a group; nobody waits for it."""
        if self._client is not None and self.is_alive(now):
            self._client.reply({"doubt": members(group)})

    def at_risk(self, status: "dict[str, Any]", active: bool) -> "list[dict[str, Any]]":
        """Return what a takeover might lose, by a status with the agent's accounts in it."""
        return at_risk(status["conntrack"], status["peers"], active, is_unpaired(status))

    def has_other_path(self, now: int) -> bool:
        """Tell whether the agent hears a paired router."""
        told = self.accounts(now).get("channel")
        peers = told.get("peers") if isinstance(told, dict) else None
        if not isinstance(peers, list):
            return False
        return any(isinstance(peer, dict) and peer.get("heard_ms") is not None for peer in peers)

    @property
    def deadline(self) -> int:
        """When what waits for the agent is done all the same: at once, when nobody is there to prepare."""
        return 0 if self._waiting and self._is_alone() else self._deadline

    def _is_alone(self) -> bool:
        return self._client is None or self._client.closed

    def prepared(self) -> None:
        """Do what has waited for the agent."""
        self._deadline = NEVER
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()
