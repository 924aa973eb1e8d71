# SPDX-License-Identifier: GPL-2.0-or-later
"""havend: the one loop that joins the engine, the kernel, the sockets and the control socket."""

import os

from haven.contract.plan import Plan
from haven.core.clock import SECOND
from haven.core.engine import Engine
from haven.core.events import AddressesChanged, AnnounceAgain, InSync, LinkChanged, Shutdown, Startup
from haven.core.value import Value
from haven.core.vrrp import states
from haven.havend.address_keeper import AddressKeeper
from haven.havend.agent_link import AgentLink
from haven.havend.control_server import ControlServer
from haven.havend.diagnosis import problem
from haven.havend.event_history import EventHistory
from haven.havend.executor import Executor
from haven.havend.host import system
from haven.havend.kernel_tables import AddressGone, FamilyBack, KernelTables, LinkReplaced
from haven.havend.last_transitions import LastTransitions
from haven.havend.moment import Moment
from haven.havend.plan_commands import PlanCommands
from haven.havend.request_handlers import RequestHandlers
from haven.havend.restart_note import RestartNote
from haven.havend.sysctl import Sysctls
from haven.havend.vrrp_sockets import VrrpSockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

# The longest sleep, so that a clock that lies cannot hold the loop for ever.
LONGEST_WAIT = 10 * SECOND
# Packets that arrive as fast as they are read must not keep the timers from their turn.
DRAIN_ROUNDS = 8


class Daemon:
    """One node's fast path; `now` is the time of what is being handled."""

    def __init__(self, plan: Plan, plan_path: str, run_dir: str) -> None:
        self.plan = plan
        self.plan_path = plan_path
        self.run_dir = run_dir
        self.started = self.loaded = Moment()
        self.now = system.now()
        self.spoke = False
        self.stopping = False
        self.refused: list[str] = []
        self.own_problems: list[dict[str, str]] = []
        self.drops: dict[tuple[str, str], tuple[bytes, int]] = {}
        self._done = False
        self._poller = system.Poller()
        self.engine = Engine()
        self.kernel = KernelTables()
        self.holder = AddressKeeper(self.kernel)
        self.history = LastTransitions()
        self.ports = VrrpSockets(self.kernel, self._poller, self._hear)
        self.requests = RequestHandlers(self)
        self._control = ControlServer(os.path.join(run_dir, "havend.sock"), self._poller, self.requests.ask)
        self.journal = EventHistory(self._control.tell_followers)
        self.agent = AgentLink()
        self.alive = RestartNote(os.path.join(run_dir, "alive"))
        self._executor = Executor(self)
        self._sysctls = Sysctls()
        self._commands = PlanCommands(self._poller, self._command_failed)
        # The devices that the engine is told about; others come and go without it.
        self._watched: set[str] = set()
        self._in_sync = False
        self._signals = system.open_signals()
        self._poller.add(self._signals)
        self._poller.add(self.kernel.socket.fileno())

    # Start, change and end

    def start(self) -> None:
        """Learn the machine, take the plan, and enter the election."""
        self.journal.add("start", "%s: started, %s" % (self.plan.node, _how_many(self.plan)))
        list(self.kernel.everything())
        self._watch(self.plan)
        self._prepare()
        self.now = system.now()
        self._executor.perform(self.engine.load(self.plan.groups, self.now))
        adopt = self._still_active()
        for group in self.plan.groups:
            if group.name not in adopt:
                self.holder.clean(tuple(router.name for router in group.routers))
        self.requests.restore_maintenance()
        self._schedule(0)
        self.handle(Startup(adopt))

    def _prepare(self) -> None:
        """Make what the plan needs of devices, settings and sockets."""
        self.holder.load(self.plan)
        self._sysctls.apply(self.plan.sysctls)
        self.ports.set_routers(self.plan.routers)

    def _watch(self, plan: Plan) -> None:
        """Tell the engine of the devices of a plan, before it has to judge by them."""
        watched = set()
        for router in plan.routers.values():
            watched.add(router.device)
            watched.update(device for device, _weight in router.spec.tracks)
        unknown, self._watched = sorted(watched - self._watched), watched
        for device in unknown:
            link = self.kernel.link(device)
            self.handle(LinkChanged(device, link is not None and link.up))
            for family in (4, 6):
                self.handle(AddressesChanged(device, family, self.kernel.addresses(device, family)))

    def _still_active(self) -> "tuple[str, ...]":
        # Nobody takes over from an Active before three of its intervals are over.
        spoke_at, active = self.alive.read()
        away = system.now() - spoke_at
        return tuple(
            group.name
            for group in self.plan.groups
            if group.name in active
            and 0 <= away < 3 * min(router.advert_interval_us for router in group.routers)
        )

    def load(self, plan: Plan, path: str) -> None:
        """Run another plan from now on; what stays the same does not notice."""
        before = self.plan
        self._watch(plan)
        self.now = system.now()
        self._executor.perform(self.engine.retire(plan.groups, self.now))
        self.plan, self.plan_path = plan, path
        self.loaded, self.refused = Moment(), []
        self._prepare()
        self._executor.perform(self.engine.load(plan.groups, self.now))
        for name in sorted(before.routers):
            self.holder.tear_down(before.routers[name])
        self.drops = {key: drop for key, drop in self.drops.items() if key[0] in plan.routers}
        self._run_commands(before)
        self._schedule(before.realtime)
        # The groups that are Active may be others.
        self._executor.note_active()
        self.journal.add("reload", "%s: reloaded, %s" % (plan.node, _how_many(plan)))

    def _run_commands(self, before: Plan) -> None:
        if before.setup_commands != self.plan.setup_commands:
            self.own_problems = [each for each in self.own_problems if each["code"] != "setup-failed"]
            gone = [each for each in before.teardown_commands if each not in self.plan.teardown_commands]
            self._commands.begin([*gone, *self.plan.setup_commands])

    def _schedule(self, before: int) -> None:
        """Ask for the plan's real-time priority, where it is not the one that there was."""
        if self.plan.realtime != before:
            self.own_problems = [each for each in self.own_problems if each["code"] != "not-realtime"]
            refusal = system.be_realtime(self.plan.realtime)
            if refusal is not None:
                self.note_problem(problem("not-realtime", "havend", refusal))

    def _command_failed(self, text: str) -> None:
        self.note_problem(problem("setup-failed", "set-up", text))

    def note_problem(self, found: "dict[str, str]") -> None:
        """Show a problem in status until the end, and in the log."""
        self.own_problems.append(found)
        self.journal.add("problem", found["message"])

    def stop(self) -> None:
        """Hand over and end; asked a second time, end at once."""
        if self.stopping:
            self._done = True
            return
        self.stopping = True
        self.journal.add("stop", "%s: stopping" % self.plan.node)
        self.when_prepared(lambda: self.handle(Shutdown()))

    def when_prepared(self, then: "Callable[[], None]") -> None:
        """Do something that moves the addresses, after the agent has sent what is pending."""
        if any(group.state == states.ACTIVE for group in self.engine.groups.values()):
            self.agent.prepare(then, system.now())
        else:
            then()

    def hear_agent(self, report: "dict[str, Any]") -> None:
        """Take the agent's report, and let preemption follow what it says."""
        self.agent.take(report, system.now())
        self._follow_agent()

    def _follow_agent(self) -> None:
        in_sync = self.agent.is_in_sync(system.now())
        if in_sync != self._in_sync:
            self._in_sync = in_sync
            self.handle(InSync(in_sync))

    def run(self) -> None:
        """Run until stopped."""
        while not self._done:
            self._turn()
            if self.stopping and self.engine.is_stopped():
                self._done = True
        self._finish()

    def _finish(self) -> None:
        if self.holder.held():
            self.holder.release(self.holder.held())
        for name in sorted(self.plan.routers):
            self.holder.tear_down(self.plan.routers[name])
        self._sysctls.restore()
        self._commands.finish()
        self.journal.add("stop", "%s: stopped" % self.plan.node)
        self.requests.answer_stop()
        self._control.close()
        self.ports.close()
        self.alive.remove()

    def handle(self, event: Value) -> None:
        """Tell the engine of an event and carry out what it wants."""
        self.now = system.now()
        self._executor.perform(self.engine.handle(event, self.now))

    # One turn of the loop

    def _turn(self) -> None:
        self._read(self._poller.wait(self._wait()))
        if system.now() >= self.engine.next_deadline():
            self._drain()
            self.now = system.now()
            self._executor.perform(self.engine.tick(self.now))
        if system.now() >= self.agent.deadline:
            self.agent.prepared()
        if system.now() >= self.holder.renew_at:
            self.holder.renew(system.now())
        if self._in_sync:
            # An agent that has died can vouch for nothing.
            self._follow_agent()
        if self.spoke:
            self.spoke = False
            self.alive.touch(self.now)
        if self._control.is_asked():
            self.now = system.now()
            self._control.answer_one()

    def _drain(self) -> None:
        # A process that was late must not take for silence what is waiting in its sockets.
        for _ in range(DRAIN_ROUNDS):
            ready = self._poller.wait(0)
            if not ready:
                return
            self._read(ready)

    def _wait(self) -> int:
        if self._control.is_asked():
            return 0
        until = min(self.engine.next_deadline(), self.holder.renew_at, self.agent.deadline)
        return max(0, min(until - system.now(), LONGEST_WAIT))

    def _read(self, ready: "list[tuple[int, int]]") -> None:
        self.now = system.now()
        others = []
        for descriptor, _mask in ready:
            if self.ports.serves(descriptor):
                self.ports.read(descriptor)
            else:
                others.append(descriptor)
        # What other routers say comes first: it may end our claim on the addresses.
        for descriptor in others:
            if descriptor == self.kernel.socket.fileno():
                self._follow(self.kernel.changes())
            elif descriptor == self._signals:
                if system.read_signals(descriptor):
                    self.stop()
            elif self._commands.serves(descriptor):
                self._commands.read()
            elif self._control.serves(descriptor):
                self._control.read(descriptor)

    def _hear(
        self, device: str, family: int, source: bytes, destination: bytes, ttl: int, message: bytes
    ) -> None:
        wanted = self.engine.hear(device, family, source, destination, ttl, message, self.now)
        if wanted:
            self._executor.perform(wanted)

    def _follow(self, changes: "Iterable[Value]") -> None:
        gone: list[AddressGone] = []
        # A takeover of many addresses is as many messages; the last one tells it all.
        present: dict[tuple[str, int], AddressesChanged] = {}
        for change in changes:
            if type(change) is LinkReplaced:
                self._replace(change.device)
            elif type(change) is FamilyBack:
                self.ports.join_again(change.device, change.family)
            elif type(change) is LinkChanged:
                self._link_changed(change)
            elif type(change) is AddressesChanged:
                present[(change.device, change.family)] = change
            elif type(change) is AddressGone:
                gone.append(change)
        for device, family in sorted(present):
            if device in self._watched:
                self.handle(present[(device, family)])
        # Only now, since it may have come back in the meantime, by another's hand or ours.
        for name in sorted({self._missed_by(each) for each in gone} - {""}):
            self._mend(name)

    def _link_changed(self, change: LinkChanged) -> None:
        if self.kernel.link(change.device) is None:
            self._rebuild(change.device)
        if change.device in self._watched:
            self.handle(change)

    def _replace(self, device: str) -> None:
        self.ports.replace(device)
        self._sysctls.apply(self.plan.sysctls)
        for name in sorted(self.plan.routers):
            if self.plan.routers[name].device == device:
                self.holder.set_up(name)
                if name in self.holder.held():
                    # The hosts know another MAC address.
                    self.holder.take((name,), self.now)
                    self.handle(AnnounceAgain(name))

    def _rebuild(self, device: str) -> None:
        """Make a device of ours anew that somebody has removed; addresses follow where they are held."""
        for name in sorted(self.plan.routers):
            router = self.plan.routers[name]
            if device == router.address_device != router.device:
                self.holder.set_up(name)
                if name in self.holder.held():
                    self._mend(name)

    def _missed_by(self, gone: AddressGone) -> str:
        if self.kernel.holds(gone.device, gone.address) or self.kernel.link(gone.device) is None:
            return ""
        return self.holder.owner_of(gone.device, gone.address) or ""

    def _mend(self, name: str) -> None:
        if self.holder.mend(name, system.now()):
            device = self.plan.routers[name].address_device
            self.handle(AnnounceAgain(name))
            text = "%s: addresses were gone from %s; put back" % (name, device)
            self.journal.add("address", text, virtual_router=name)


def _how_many(plan: Plan) -> str:
    number = len(plan.routers)
    return "1 virtual router" if number == 1 else "%d virtual routers" % number
