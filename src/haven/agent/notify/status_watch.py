# SPDX-License-Identifier: GPL-2.0-or-later
"""What is news in a status, compared with what was told of the one before; nothing that goes by itself."""

from typing import Any

from haven.contract.notices import PEER, PROBLEM, ROLE
from haven.contract.severities import WARNING

Document = dict[str, Any]

# A problem that is there, or gone, for so long is told. At a boot links and routers come one after the other.
PROBLEM_S = 15.0
# Who is no longer Active waits so long for another router to be.
NOBODY_S = 5.0
# What of a problem is told when it is over.
KEPT = ("code", "about", "message", "severity")
# What the loss of a paired router looks like.
PEER_CODES = ("peer-away", "conntrack-agent-silent")
# All routers see these alike.
COMMON_CODES = (
    *("both-active", "conntrack-agent-silent", "conntrack-limits-differ", "conntrack-peer-silent"),
    *("sync-conflicts", "sync-failed"),
)
# One's own: to be told of it would need what it says does not work. And what is told as it happens.
UNTOLD = ("notify-failed", "drill-failed")


class News:
    """One thing to be told; a `key` is the same on all routers that see the same."""

    def __init__(self, kind: str, title: str, text: str, severity: str | None = None, key: str = "") -> None:
        self.kind, self.title, self.text = kind, title, text
        self.severity, self.key = severity, key


class StatusWatch:
    """Compares; `note` is what has to be known after a restart of the agent."""

    def __init__(self, note: Document | None = None) -> None:
        note = note or {"active": {}, "problems": {}}
        # Told of: the groups that are Active here, and problems by their code and what they are about.
        self._active: dict[str, bool] = dict(note["active"])
        self._told: dict[str, Document] = {
            key: {name: str(told[name]) for name in KEPT if name in told}
            for key, told in note["problems"].items()
        }
        # Since when each of these is otherwise than was told.
        self._since: dict[str, float] = {}

    def note(self) -> Document:
        """Return what has to be known after a restart."""
        return {"active": self._active, "problems": self._told}

    def look(self, status: Document, is_told_by_others: bool, now: float) -> list[News]:
        """Return what is news; with `is_told_by_others` a paired router tells that it has become Active."""
        found = []
        for group in status["groups"]:
            found += self._role(status, group, is_told_by_others, now)
        problems = {_key(each): each for each in status["problems"] if each["code"] not in UNTOLD}
        for key in sorted(problems):
            if self._is_due(key, key not in self._told, now, PROBLEM_S):
                found.append(self._begun(status, problems[key]))
        for key in sorted(self._told):
            if self._is_due("end " + key, key not in problems, now, PROBLEM_S):
                found.append(self._ended(status, self._told.pop(key)))
        self._forget_waits(problems)
        return found

    def _forget_waits(self, problems: Document) -> None:
        """Forget since when there has been a problem that went before it was told."""
        for key in list(self._since):
            if key.partition(" ")[0] not in ("end", "role") and key not in problems:
                del self._since[key]

    def _is_due(self, key: str, is_otherwise: bool, now: float, patience: float) -> bool:
        if not is_otherwise:
            self._since.pop(key, None)
            return False
        return now - self._since.setdefault(key, now) >= patience

    # Roles

    def _role(self, status: Document, group: Document, is_told_by_others: bool, now: float) -> list[News]:
        name, is_active = group["name"], group["state"] == "active"
        was_active = self._active.get(name, False)
        key = "role " + name
        if is_active or not was_active:
            self._since.pop(key, None)
            self._active[name] = is_active
            return [] if is_active == was_active else [self._became_active(status, group)]
        if not self._is_due(key, True, now, NOBODY_S):
            return []
        self._active[name] = False
        successor = _other_active(status, name)
        if successor and is_told_by_others:
            return []
        return [_left(status, group, successor)]

    def _became_active(self, status: Document, group: Document) -> News:
        title = "%s: %s is Active now" % (group["name"], status["node"])
        return News(ROLE, title, _why(group))

    # Problems

    def _begun(self, status: Document, problem: Document) -> News:
        kept = {name: problem[name] for name in KEPT if problem.get(name)}
        self._told[_key(problem)] = kept
        text = "%s: %s" % (problem["about"], problem["message"])
        return _of_problem(status, problem, text, "What to do: %s" % problem["do"])

    def _ended(self, status: Document, problem: Document) -> News:
        return _of_problem(status, problem, "Over: %s: %s" % (problem["about"], problem["message"]), "")


def _of_problem(status: Document, problem: Document, title: str, text: str) -> News:
    code, severity = problem["code"], problem.get("severity") or WARNING
    # Another router's loss has nothing worse or better.
    kind = PEER if code in PEER_CODES else PROBLEM
    key = "%s %s" % (code, title) if code in COMMON_CODES else ""
    return News(kind, "%s: %s" % (status["node"], title), text, None if kind == PEER else severity, key)


def _key(problem: Document) -> str:
    return "%s %s" % (problem["code"], problem["about"])


def _left(status: Document, group: Document, successor: str) -> News:
    name, node = group["name"], status["node"]
    who = "%s is Active now" % successor if successor else "no router is Active"
    return News(ROLE, "%s: %s, %s no longer" % (name, who, node), _why(group), None)


def _other_active(status: Document, group: str) -> str:
    """Return the address of another router that is Active for a group, empty for none."""
    for router in status["virtual_routers"]:
        active = router["active"]
        if router["group"] == group and active.get("fresh") and not active["self"]:
            return str(active["address"])
    return ""


def _why(group: Document) -> str:
    change = group["last_transition"]
    return str(change["text"]) if change else ""
