# SPDX-License-Identifier: GPL-2.0-or-later
"""havend: the one loop that joins the engine, the kernel, the sockets and the control socket."""

from haven import paths
from haven.contract.problems import problem
from haven.core.engine import NO_EFFECTS, Engine
from haven.core.events import Flooded, InSync, Maintenance, OtherPath, Shutdown, Startup
from haven.core.value import Value
from haven.core.vrrp import states
from haven.havend.address_keeper import AddressKeeper
from haven.havend.alarm import DRAIN_ROUNDS, Alarm
from haven.havend.askers import Askers
from haven.havend.control_server import ControlServer
from haven.havend.event_history import EventHistory
from haven.havend.executor import Executor
from haven.havend.handovers import Handovers
from haven.havend.host import system
from haven.havend.kernel_tables import KernelTables
from haven.havend.last_transitions import LastTransitions
from haven.havend.loan_holder import LoanHolder
from haven.havend.maintenance_note import MaintenanceNote
from haven.havend.newcomer import first_word_patience
from haven.havend.no_agent import link_to_agent
from haven.havend.plan_commands import PlanCommands
from haven.havend.plan_in_force import PlanInForce
from haven.havend.repair import Repair
from haven.havend.request_handlers import RequestHandlers
from haven.havend.restart_note import RestartNote
from haven.havend.router_adverts import RouterAdverts
from haven.havend.run_directory import is_in_memory
from haven.havend.status_report import StatusReport
from haven.havend.steady_turns import SteadyTurns
from haven.havend.sysctl import Sysctls
from haven.havend.vrrp_sockets import VrrpSockets
from haven.havend.wall_clock import WallClockWatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from haven.contract.plan import Plan


class Daemon:
    """One node's fast path; `now` is the time of what is being handled."""

    def __init__(self, plan: "Plan", run_dir: str) -> None:
        self.now = system.now()
        self._run_dir = run_dir
        self.stopping = self._done = self._in_sync = self._has_other_path = False
        self._problems: list[dict[str, Any]] = []
        self._poller = system.Poller()
        self._in_force = PlanInForce(plan)
        self._engine = Engine()
        self._wall = WallClockWatch(self._engine)
        self._kernel = KernelTables()
        self._sysctls = Sysctls(paths.inside(run_dir, paths.SETTINGS_NOTE))
        self._addresses = AddressKeeper(
            self._kernel, lambda found: self._events.add_problem(found), lambda: self._executor.advertise()
        )
        self._sockets = VrrpSockets(
            self._kernel, self._poller, self._hear, lambda *link: self.handle(Flooded(*link))
        )
        self._adverts = RouterAdverts(self._kernel, self._poller, self._sockets)
        self._sockets.replaced = self._adverts.replace
        self._agent = link_to_agent()
        self._maintenance = MaintenanceNote(run_dir)
        self._restart_note = RestartNote(paths.inside(run_dir, paths.RESTART_NOTE))
        self._commands = PlanCommands(self._poller, self.note_problem)
        self._wire_up(run_dir)
        self._alarm, self._is_rough = Alarm(self._list_timers(), self._engine), False
        self._steady = SteadyTurns(self._engine, self._poller, self._sockets, self._restart_note, self._alarm)
        self._signals = system.open_signals()
        self._poller.add(self._signals)
        self._poller.add(self._kernel.socket.fileno())

    def _wire_up(self, run_dir: str) -> None:
        """Make those that need several others."""
        socket_path = paths.inside(run_dir, paths.CONTROL_SOCKET)
        self._control = ControlServer(socket_path, self._poller)
        self._events = EventHistory(self._control.tell_followers)
        self._askers = Askers(
            self._engine, self._kernel, self._poller, self._events, self.handle, self._sockets, run_dir
        )
        transitions, handovers = LastTransitions(), Handovers(self._engine)
        self.loans = LoanHolder(self._kernel, self._engine, self._events)
        self._executor = Executor(
            self._engine,
            self._sockets,
            self._addresses,
            self._restart_note,
            self._events,
            transitions,
            handovers,
            self._agent,
            self._adverts,
            self.loans,
        )
        self._repair = Repair(
            self._engine,
            self._kernel,
            self._in_force,
            self._sockets,
            self._addresses,
            self._sysctls,
            self._events,
            self.handle,
        )
        self._repair.address_changed = self._adverts.look_soon
        self._repair.link_lost = self._askers.hurry
        report = StatusReport(
            self._engine,
            self._in_force,
            self._sockets,
            self._addresses,
            transitions,
            self._agent,
            self._adverts,
            lambda: self._problems + self._sysctls.problems(),
            self._askers,
        )
        self._handlers = RequestHandlers(
            self,
            run_dir,
            self._engine,
            self._in_force,
            report,
            self._events,
            handovers,
            self._agent,
            self._maintenance,
        )
        self._control.answer_with(self._handlers.ask)

    def _list_timers(self) -> "list[tuple[Callable[[], int], Callable[[], None]]]":
        """Return when each of those beside the engine has something to do next, and what it is."""
        return [
            (lambda: self._kernel.retry_at, lambda: self._repair.follow(self._kernel.everything())),
            (lambda: self._agent.deadline, self._agent.prepared),
            (lambda: self._sockets.resume_at, lambda: self._sockets.resume(system.now())),
            (lambda: self._commands.deadline, self._commands.expire),
            (lambda: self._addresses.renew_at, lambda: self._addresses.renew(system.now())),
            (lambda: self._events.deadline, self._events.come_up),
            (lambda: self.loans.renew_at, lambda: self.loans.renew(system.now())),
            (lambda: self._adverts.deadline, self._adverts.act),
            (lambda: self._wall.deadline, self._wall.look),
        ]

    # Start, change and end

    @property
    def plan(self) -> "Plan":
        """The plan in force."""
        return self._in_force.plan

    def start(self) -> None:
        """Learn the machine, take the plan, and enter the election."""
        plan = self.plan
        self._executor.is_finding = True
        self._events.add("started", node=plan.node, count=len(plan.routers))
        list(self._kernel.everything())
        self._repair.watch(plan)
        self._prepare()
        self.now = system.now()
        self._executor.perform(self._engine.load(plan.groups, self.now), self.now)
        adopt = self._restart_note.still_active(plan.groups, system.now())
        self._clean([group.name for group in plan.groups if group.name not in adopt])
        if self._maintenance.is_there():
            self.handle(Maintenance(True))
        self._schedule(0)
        if not is_in_memory(self._run_dir):
            self.note_problem(problem("run-dir-on-disk", "havend", path=self._run_dir))
        self.handle(Startup(adopt, first_word_patience(self._run_dir)))
        # A fault may have come up meanwhile: nobody goes on with these.
        self._clean([name for name in adopt if self._engine.groups[name].state != states.ACTIVE])
        self._executor.is_finding = False

    def _clean(self, groups: "Sequence[str]") -> None:
        """Remove what an earlier process may have left of these."""
        for group in self.plan.groups:
            if group.name in groups:
                self._addresses.clean(tuple([router.name for router in group.routers]))

    def _prepare(self) -> None:
        """Make what the plan needs of devices, settings and sockets."""
        self._wall.set_plan(self.plan)
        self._addresses.load(self.plan)
        self._sysctls.apply(self.plan.sysctls)
        self._sockets.set_routers(self.plan.routers)
        self._adverts.set_routers(self.plan.routers, self._addresses.held(), self.now)
        self._agent.want(self.plan.parts)
        self._askers.set_plan(self.plan)

    def load(self, plan: "Plan") -> None:
        """Run another plan from now on; what stays the same does not notice."""
        before = self.plan
        self._executor.is_finding = True
        self._repair.watch(plan)
        self.now = system.now()
        self._executor.perform(self._engine.retire(plan.groups, self.now), self.now)
        self._in_force.replace(plan)
        self._prepare()
        self._executor.perform(self._engine.load(plan.groups, self.now), self.now)
        for name in sorted(before.routers):
            self._addresses.tear_down(before.routers[name])
        self._run_commands(before)
        self._schedule(before.realtime)
        self._executor.is_finding = False
        # The groups that are Active may be others.
        self._executor.note_active()
        self._events.add("reloaded", node=plan.node, count=len(plan.routers))

    def _run_commands(self, before: "Plan") -> None:
        if before.setup_commands != self.plan.setup_commands:
            self._forget_problems("setup-failed")
            gone = [each for each in before.teardown_commands if each not in self.plan.teardown_commands]
            self._commands.begin(gone + self.plan.setup_commands)

    def _schedule(self, before: int) -> None:
        """Ask for the plan's real-time priority, where it is not the one that there was."""
        if self.plan.realtime != before:
            self._forget_problems("not-realtime")
            refusal = system.be_realtime(self.plan.realtime)
            if refusal is not None:
                self.note_problem(problem("not-realtime", "havend", error=refusal))

    def _forget_problems(self, code: str) -> None:
        self._problems = [each for each in self._problems if each["code"] != code]

    def note_problem(self, found: "dict[str, Any]") -> None:
        """Show a problem in status until the end, and in the log."""
        self._problems.append(found)
        self._events.add_problem(found)

    def note_refusal(self, diagnostics: "Sequence[dict[str, Any]]") -> None:
        """Show why a configuration was not taken."""
        self._handlers.note_refusal(list(diagnostics))

    def stop(self) -> None:
        """Hand over and end; asked a second time, end at once."""
        if self.stopping:
            self._done = True
            return
        self.stopping = self._adverts.is_ending = True
        self._events.add("stopping", node=self.plan.node)
        self.when_prepared(lambda: self.handle(Shutdown()), ending=True)

    def when_prepared(self, then: "Callable[[], None]", ending: bool = False) -> None:
        """Do something that moves the addresses, after the agent has finished what is pending."""
        if any(group.state == states.ACTIVE for group in self._engine.groups.values()):
            self._agent.prepare(then, system.now(), ending)
        else:
            then()

    def hear_agent(self, report: "dict[str, Any]") -> None:
        """Take the agent's report, and let preemption follow what it says."""
        from haven.havend.check_verdicts import changes

        self._agent.take(report, system.now())
        for event in changes(self._engine, self._events, self.plan.groups, report.get("tracking") or {}):
            self.handle(event)
        self._follow_agent()

    def _follow_agent(self) -> None:
        in_sync = self._agent.is_in_sync(system.now())
        if in_sync != self._in_sync:
            self._in_sync = in_sync
            self.handle(InSync(in_sync))
        has_other_path = self._agent.has_other_path(system.now())
        if has_other_path != self._has_other_path:
            self._has_other_path = has_other_path
            self.handle(OtherPath(has_other_path))

    def run(self) -> None:
        """Run until stopped."""
        while not self._done:
            self._turn()
            if self.stopping and self._engine.is_stopped():
                self._done = True
        self._finish()

    def _finish(self) -> None:
        self.loans.end()
        if self._addresses.held():
            self._addresses.release(self._addresses.held())
        for name in sorted(self.plan.routers):
            self._addresses.tear_down(self.plan.routers[name])
        self._sysctls.restore()
        self._commands.finish()
        self._events.add("stopped", node=self.plan.node)
        self._handlers.answer_stop()
        self._control.close()
        self._sockets.close()
        self._askers.close()
        self._adverts.close()
        self._restart_note.remove()

    def handle(self, event: Value) -> None:
        """Tell the engine of an event and carry out what it wants."""
        self._alarm.is_stale = True
        self.now = system.now()
        self._executor.perform(self._engine.handle(event, self.now), self.now)

    # One turn of the loop

    def _turn(self) -> None:
        ready = self._steady.wait(self._wait(), self._is_rough)
        began = self.now = system.now()
        self._alarm.note_lateness(began)
        if not ready and self._is_rough:
            # That is most turns of a Backup: nothing else was due.
            self._askers.act(began)
        elif not ready and self._alarm.is_for_engine(began):
            # And that most of an Active: it advertises. What came before this would have been ready.
            self._askers.doubt(began)
            self._executor.perform(self._engine.tick(began), began)
            self._restart_note.write(began)
        elif self._alarm.has_time(began) and self._sockets.read_alone(ready):
            self._restart_note.write(began)
        else:
            self._do_all(ready, began)

    def _do_all(self, ready: "list[tuple[int, int]]", began: int) -> None:
        self._read(ready)
        if system.now() >= self._engine.next_deadline():
            self._drain()
            self._askers.doubt(system.now())
            self.now = system.now()
            self._alarm.note_lateness(self.now)
            self._executor.perform(self._engine.tick(self.now), self.now)
        self._alarm.ring(system.now)
        if system.now() >= self._askers.deadline():
            self._askers.act(system.now())
        if self._in_sync or self._has_other_path:
            # An agent that has died can vouch for nothing.
            self._follow_agent()
        # Who spoke in this turn has spoken since then; a time too late would let a restart go on too long.
        self._restart_note.write(began)
        if self._control.is_asked():
            self._alarm.is_stale = True
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
            self._is_rough = False
            return self._alarm.set_now()
        self._alarm.is_stale |= self._executor.take_acted()
        asks_at = self._askers.deadline()
        wait = self._alarm.set(self._engine.next_deadline(), asks_at, system.now())
        self._is_rough = self._alarm.is_for(asks_at) and self._askers.are_patient()
        return wait

    def _read(self, ready: "list[tuple[int, int]]") -> None:
        self.now = system.now()
        others = []
        for descriptor, _mask in ready:
            if self._sockets.serves(descriptor):
                self._sockets.read(descriptor)
            else:
                others.append(descriptor)
        # What other routers say comes first: it may end our claim on the addresses.
        for descriptor in others:
            self._read_other(descriptor)

    def _read_other(self, descriptor: int) -> None:
        self._alarm.is_stale = True
        if descriptor == self._kernel.socket.fileno():
            self._repair.follow(self._kernel.changes())
        elif descriptor == self._signals:
            if system.read_signals(descriptor):
                self.stop()
        elif self._adverts.serves(descriptor):
            self._adverts.read(descriptor)
        elif self._commands.serves(descriptor):
            self._commands.read(descriptor)
        elif self._control.serves(descriptor):
            self._control.read(descriptor)
        elif self._askers.serves(descriptor):
            self._askers.read(descriptor)

    def _hear(
        self, device: str, family: int, source: bytes, destination: bytes, ttl: int, message: bytes
    ) -> None:
        wanted = self._engine.hear(device, family, source, destination, ttl, message, self.now)
        if wanted is not NO_EFFECTS:
            self._executor.perform(wanted, self.now)
            # That may have taken long: the next packet is not to be judged by a time gone by.
            self.now = system.now()
