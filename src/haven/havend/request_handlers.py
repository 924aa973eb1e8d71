# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked over the control socket, and the answers."""

import json
import os

from haven.contract.plan import PlanError, read_plan
from haven.core.events import Maintenance, Switchover
from haven.core.vrrp import states
from haven.havend import status_report
from haven.havend.messages import state_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.havend.control_server import ControlClient
    from haven.havend.daemon import Daemon

    Document = dict[str, Any]

# More than a reload that failed could have to say.
MOST_PROBLEMS = 100

# What would turn a stop that is under way into something else.
CHANGES = ("load", "switchover", "maintenance")


def _done(result: "Any") -> "Document":
    return {"ok": True, "result": result}


def _refused(error: str) -> "Document":
    return {"ok": False, "error": error}


class PendingHandover:
    """A request that is answered when every group of it has handed over, or has not."""

    def __init__(self, client: "ControlClient", groups: "list[str]", on: "bool | None") -> None:
        self.client = client
        self.left = groups
        self.on = on
        self.handed_over: list[str] = []
        self.stayed: list[str] = []

    def note(self, group: str, done: bool) -> bool:
        """Note how one group ended; tell whether that was the last."""
        if group in self.left:
            self.left.remove(group)
            (self.handed_over if done else self.stayed).append(group)
        return not self.left


class RequestHandlers:
    """Answers requests; `ask` returns None for one that is answered later."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._waiting: list[PendingHandover] = []
        self._waiting_for_stop: list[ControlClient] = []
        self._maintenance_file = os.path.join(daemon.run_dir, "maintenance")
        self._answers = {
            "status": self._status,
            "events": self._events,
            "plan": self._plan,
            "load": self._load,
            "refuse": self._refuse,
            "stop": self._stop,
            "switchover": self._switchover,
            "maintenance": self._maintenance,
            "agent": self._agent,
            "report": self._report,
            "prepared": self._prepared,
        }

    def ask(self, client: "ControlClient", request: "Document") -> "Document | None":
        """Return the answer to a request, or None when it comes later."""
        command = request["command"]
        answer = self._answers.get(command)
        if answer is None:
            return _refused("there is no command %r" % command)
        if self._daemon.stopping and command in CHANGES:
            return _refused("havend is stopping")
        return answer(client, request)

    def _status(self, client: "ControlClient", request: "Document") -> "Document | None":
        return _done(status_report.status(self._daemon, self._daemon.now))

    def _events(self, client: "ControlClient", request: "Document") -> "Document | None":
        client.follows = bool(request.get("follow"))
        return _done(self._daemon.journal.events)

    def _plan(self, client: "ControlClient", request: "Document") -> "Document | None":
        # The document is large and rarely asked for: it stays in its file.
        try:
            with open(self._daemon.plan_path) as file:
                return _done(json.load(file))
        except (OSError, ValueError, RecursionError) as error:
            return _refused("the plan cannot be read: %s" % error)

    def _load(self, client: "ControlClient", request: "Document") -> "Document | None":
        path = request.get("path")
        if not isinstance(path, str):
            return _refused("load needs the path of a plan")
        try:
            plan = read_plan(path)
        except PlanError as error:
            self.note_refusal([str(error)])
            return _refused(str(error))
        if not plan.enabled:
            self._daemon.journal.add("reload", "haven is disabled now (option enabled '0')")
            self._daemon.stop()
            return _done({"virtual_routers": 0})
        self._daemon.load(plan, self._take_in(path))
        return _done({"virtual_routers": len(plan.routers)})

    def _take_in(self, path: str) -> str:
        """Make a plan that was left in the run directory the one that the next havend looks for."""
        place = os.path.join(self._daemon.run_dir, "plan.json")
        if os.path.dirname(path) != self._daemon.run_dir or path == place:
            return path
        try:
            os.rename(path, place)
        except OSError:
            return path
        return place

    def _refuse(self, client: "ControlClient", request: "Document") -> "Document | None":
        texts = request.get("problems")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            return _refused("refuse needs a list of problems, each a text")
        self.note_refusal(texts)
        return _done({})

    def note_refusal(self, texts: "list[str]") -> None:
        """Show in status, and in the log, why a configuration was not taken."""
        self._daemon.refused = texts[:MOST_PROBLEMS]
        for text in self._daemon.refused:
            self._daemon.journal.add("refused", "refused: %s" % text)

    def _stop(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._waiting_for_stop.append(client)
        if not self._daemon.stopping:
            self._daemon.stop()
        return None

    def answer_stop(self) -> None:
        """Tell who asked for the stop that it is done."""
        for client in self._waiting_for_stop:
            client.reply_at_last(_done({"stopped": True}))

    def _switchover(self, client: "ControlClient", request: "Document") -> "Document | None":
        name = request.get("group")
        groups = self._daemon.engine.groups
        if name is not None and (not isinstance(name, str) or name not in groups):
            return _refused("there is no group %s" % name)
        active = self._active(name)
        if not active:
            what = " for %s" % name if name else ""
            return _refused("this node is not Active%s: there is nothing to hand over" % what)
        self._waiting.append(PendingHandover(client, active, None))
        self._daemon.when_prepared(lambda: self._daemon.handle(Switchover(name)))
        return None

    def _maintenance(self, client: "ControlClient", request: "Document") -> "Document | None":
        on = request.get("on")
        if not isinstance(on, bool):
            return _refused("maintenance needs on or off")
        try:
            self._remember_maintenance(on)
        except OSError as error:
            return _refused("maintenance cannot be noted in the run directory: %s" % error)
        active = self._active(None)
        self._daemon.journal.add("maintenance", "maintenance %s" % ("on" if on else "off"))
        if not on or not active or any(group.maintenance for group in self._daemon.engine.groups.values()):
            self._daemon.handle(Maintenance(on))
            return _done({"on": on, "handed_over": [], "still_active": active})
        self._waiting.append(PendingHandover(client, active, on))
        self._daemon.when_prepared(lambda: self._daemon.handle(Maintenance(on)))
        return None

    # The agent's

    def _agent(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._daemon.agent.attach(client)
        groups = self._daemon.engine.groups
        return _done({"groups": {name: state_name(each.state, each.faults) for name, each in groups.items()}})

    def _report(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._daemon.hear_agent(request)
        return _done({})

    def _prepared(self, client: "ControlClient", request: "Document") -> "Document | None":
        self._daemon.agent.prepared()
        return _done({})

    def _active(self, name: "str | None") -> "list[str]":
        groups = self._daemon.engine.groups
        return [
            each for each in sorted(groups) if name in (None, each) and groups[each].state == states.ACTIVE
        ]

    def handover_ended(self, group: str, done: bool) -> None:
        """Answer who waited for this."""
        for waiting in self._waiting[:]:
            if waiting.note(group, done):
                self._waiting.remove(waiting)
                waiting.client.reply_at_last(self._outcome(waiting))

    def _outcome(self, waiting: PendingHandover) -> "Document":
        if waiting.on is not None:
            return _done(
                {"on": waiting.on, "handed_over": waiting.handed_over, "still_active": waiting.stayed}
            )
        if waiting.stayed:
            return _refused("%s: no other router took over; staying Active" % ", ".join(waiting.stayed))
        return _done({"handed_over": waiting.handed_over})

    # A node under maintenance stays so when havend is restarted.

    def _remember_maintenance(self, on: bool) -> None:
        if on:
            with open(self._maintenance_file, "w") as file:
                file.write("on\n")
        elif os.path.exists(self._maintenance_file):
            os.unlink(self._maintenance_file)

    def restore_maintenance(self) -> None:
        """Take up the maintenance that was on before a restart."""
        if os.path.exists(self._maintenance_file):
            self._daemon.handle(Maintenance(True))
