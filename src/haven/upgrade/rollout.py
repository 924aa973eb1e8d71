# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade of all routers of a pair: one after the other, those first that are Active for nothing.

Each goes into maintenance, which hands over what it is Active for; gets the packages and installs them; has
to be Backup, in sync and without a new problem; and is out of maintenance before the next one is touched. At
the first trouble it stops: then at most one router is not in service.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from haven.contract.upgrade import HAVEN, UpgradeStopped, named
from haven.upgrade import readiness
from haven.upgrade.package_file import PackageFile
from haven.upgrade.package_version import release_of
from haven.upgrade.rollout_note import NoteFile, RolloutNote
from haven.upgrade.routers import Router, RouterRefusal, RouterSilent

# What was asked for besides.
STAY, DOWNGRADE, LOSE_CONNECTIONS = "stay", "downgrade", "lose-connections"

# Before anything is done: a pair that is well is so in a moment.
READY_S = 40.0
HANDOVER_S = 60.0
# The package manager's time, and what it takes to be found out.
INSTALL_S = 660.0
# A slow router compiles, then waits for all connections.
BACK_S = 180.0
ROLES_S = 60.0

Say = Callable[..., None]


class Rollout:
    """Packages on their way to all routers; `say` is told each step. Raises UpgradeStopped."""

    def __init__(
        self,
        routers: list[Router],
        packages: list[PackageFile],
        options: list[str],
        notes: NoteFile,
        token: str,
        say: Say,
    ) -> None:
        self._routers, self._packages, self._options = routers, packages, options
        self._notes, self._say = notes, say
        self._wanted = {package.name: package.version for package in packages}
        found = notes.read()
        self._is_resumed = found is not None
        self._note = found or RolloutNote(token=token)
        self._copies = True
        self.roles = ""

    # The whole

    def run(self) -> None:
        """Do all of it, from where an earlier one has stopped."""
        if self._is_resumed:
            self._say("goes-on", where=self._note.words())
        lacking = self._survey()
        if self._is_resumed or lacking:
            self._begin(lacking)
        for router in self._routers:
            if router in lacking:
                self._upgrade(router)
            else:
                self._say("has-it", node=router.node)
                self._make_ready(router)
        self._give_back()
        self._notes.forget()
        self._say("finished", packages=named(self._wanted), roles=self.roles)

    def _step(self, code: str, **facts: Any) -> None:
        self._note.step, self._note.facts = code, facts
        self._notes.write(self._note)
        self._say(code, **facts)

    def _begin(self, lacking: list[Router]) -> None:
        note = self._note
        note.packages, note.options = self._wanted, self._options
        note.files = [package.path for package in self._packages]
        note.digests = [package.sha256 for package in self._packages]
        nodes = ", then ".join(router.node for router in lacking) or "no router"
        self._step("begins", packages=named(self._wanted), nodes=nodes)

    # Before anything is done

    def _survey(self) -> list[Router]:
        """See that all routers are as they have to be; return those that lack something, in their order."""
        self._wait_for_installers()
        statuses = {router: self._status(router) for router in self._routers}
        self._copies = all(readiness.copies_connections(status) for status in statuses.values())
        for router, status in statuses.items():
            self._judge(router, status)
        self._note_before(statuses)
        self._routers.sort(key=lambda router: bool(readiness.active_groups(statuses[router])))
        self._leave_out()
        lacking = [router for router in self._routers if self._lacks(router)]
        for router in lacking:
            self._offer(router, only_judge=True)
        if not self._is_resumed:
            for router in self._routers:
                self._wait_ready(router, READY_S, "not-ready")
        return lacking

    def _status(self, router: Router) -> dict[str, Any]:
        try:
            return router.status()
        except (RouterSilent, RouterRefusal) as why:
            raise UpgradeStopped("peer-away", node=router.node, error=str(why)) from None

    def _wait_for_installers(self) -> None:
        for router in self._routers:
            if self._state(router)["stage"] == "installing":
                self._say("waits-installing", node=router.node)
                router.wait(lambda router=router: _still_installs(router), INSTALL_S)  # type: ignore[misc]

    def _judge(self, router: Router, status: dict[str, Any]) -> None:
        if not (readiness.copies_connections(status) or LOSE_CONNECTIONS in self._options):
            raise UpgradeStopped("not-copied", node=router.node)
        is_ours = router.node in self._note.maintenance
        if readiness.is_in_maintenance(status) and not is_ours:
            raise UpgradeStopped("in-maintenance", node=router.node)
        # What was left in trouble by an upgrade may be mended by the next.
        found = readiness.faults(status)
        if found and not self._is_resumed:
            raise UpgradeStopped("in-fault", node=router.node, faults="; ".join(found))

    def _note_before(self, statuses: dict[Router, dict[str, Any]]) -> None:
        """Note who is Active for what, and what is the matter already; of an earlier one that is known."""
        active = {
            group: router.node
            for router, status in statuses.items()
            for group in readiness.active_groups(status)
        }
        for status in statuses.values():
            for group in status["groups"]:
                if group["name"] not in active:
                    raise UpgradeStopped("nobody-active", group=group["name"])
        if not self._is_resumed:
            self._note.active = active
            self._note.problems = {
                router.node: readiness.problem_keys(status) for router, status in statuses.items()
            }

    def _lacks(self, router: Router) -> bool:
        installed = self._state(router)["installed"]
        return any(installed.get(name, version) != version for name, version in self._wanted.items())

    def _leave_out(self) -> None:
        """Say who does not get what, because it was never installed there."""
        has: set[str] = set()
        for router in self._routers:
            installed = self._state(router)["installed"]
            has.update(installed)
            for name in sorted(set(self._wanted) - set(installed)):
                self._say("left-out", node=router.node, name=name)
        if not has & set(self._wanted):
            raise UpgradeStopped("nowhere")

    def _state(self, router: Router) -> dict[str, Any]:
        try:
            return router.state()
        except RouterSilent as why:
            raise UpgradeStopped("peer-away", node=router.node, error=str(why)) from None

    def _offer(self, router: Router, only_judge: bool) -> list[PackageFile]:
        how = {"may_be_older": DOWNGRADE in self._options, "only_judge": only_judge}
        names = router.offer(self._note.token, self._packages, **how)
        return [package for package in self._packages if package.name in names]

    # One router

    def _upgrade(self, router: Router) -> None:
        self._stand_back(router)
        try:
            self._send(router)
            self._install(router)
        except UpgradeStopped:
            with contextlib.suppress(RouterRefusal, RouterSilent):
                router.ask("upgrade-drop", token=self._note.token)
            self._let_be(router)
            raise
        self._step("settles", node=router.node)
        self._make_ready(router)

    def _install(self, router: Router) -> None:
        self._step("installs", node=router.node)
        try:
            router.ask("upgrade-install", token=self._note.token)
        except RouterRefusal as why:
            raise UpgradeStopped("refused", node=router.node, error=str(why)) from None
        except RouterSilent:
            # The answer may be lost, and the installation begun.
            pass
        self._wait_installed(router)

    def _let_be(self, router: Router) -> None:
        """Let a router that is what it was before be a candidate again."""
        with contextlib.suppress(UpgradeStopped):
            if router.node in self._note.maintenance:
                self._wait_ready(router, READY_S, "not-ready")
                self._end_maintenance(router)

    def _stand_back(self, router: Router) -> None:
        if HAVEN not in self._wanted:
            # Pages restart nothing.
            return
        if readiness.active_groups(self._status(router)):
            self._check_successors(router)
        if router.node not in self._note.maintenance:
            self._note.maintenance.append(router.node)
        self._step("hands-over", node=router.node)
        try:
            kept = router.ask("maintenance", on=True).get("still_active", [])
        except (RouterRefusal, RouterSilent) as why:
            raise UpgradeStopped("not-handed-over", node=router.node, error=str(why)) from None
        if kept:
            self._end_maintenance(router)
            raise UpgradeStopped("not-handed-over", node=router.node, error=", ".join(kept))
        left = router.wait(lambda: readiness.active_groups(router.status()), HANDOVER_S)
        if left:
            raise UpgradeStopped("not-handed-over", node=router.node, error=", ".join(left))

    def _check_successors(self, router: Router) -> None:
        for other in self._routers:
            if other is not router:
                self._wait_ready(other, READY_S, "not-ready")

    def _send(self, router: Router) -> None:
        wanted = self._offer(router, only_judge=False)
        self._step("sends", node=router.node, size=sum(package.size for package in wanted) >> 10)
        for number, package in enumerate(wanted):
            router.send(self._note.token, number, package)

    def _wait_installed(self, router: Router) -> None:
        missing = router.wait(lambda: _still_installs(router), INSTALL_S)
        if missing:
            raise UpgradeStopped("not-installed", node=router.node, words="; ".join(missing))
        state = self._state(router)
        if state["stage"] != "installed" and self._lacks(router):
            words = state["words"] or "it was cut short"
            raise UpgradeStopped("not-installed", node=router.node, words=words)

    def _make_ready(self, router: Router) -> None:
        """Wait until a router could serve, and end the maintenance in which we have put it."""
        self._wait_ready(router, BACK_S, "not-back", seconds=int(BACK_S))
        if router.node in self._note.maintenance:
            self._end_maintenance(router)
        installed = self._state(router)["installed"]
        self._say("ready", node=router.node, packages=named(installed))

    def _wait_ready(self, router: Router, limit_s: float, code: str, **facts: Any) -> None:
        missing = router.wait(lambda: self._missing(router), limit_s)
        if missing:
            raise UpgradeStopped(code, node=router.node, missing="; ".join(missing), **facts)

    def _missing(self, router: Router) -> list[str]:
        known = self._note.problems.get(router.node, [])
        found = readiness.missing(router.status(), known, self._copies)
        state = router.state()
        release = release_of(state["installed"].get(HAVEN, "")) or state["running"]
        if state["running"] != release:
            found.append(f"it runs haven {state['running']}, and {release} is installed")
        return found

    def _end_maintenance(self, router: Router) -> None:
        try:
            router.ask("maintenance", on=False)
        except (RouterRefusal, RouterSilent) as why:
            raise UpgradeStopped("not-ready", node=router.node, missing=str(why)) from None
        self._note.maintenance.remove(router.node)
        self._notes.write(self._note)

    # The end

    def _give_back(self) -> None:
        """Let those be Active again who were so at the beginning."""
        if STAY not in self._options:
            for group, node in sorted(self._note.active.items()):
                router = self._find(node)
                if router is not None:
                    self._take_back(group, router)
        now = {group: router.node for router in self._routers for group in self._active_groups(router)}
        changed = sorted(group for group, node in self._note.active.items() if now.get(group) != node)
        words = [f"{now.get(group, 'nobody')} is Active for {group} now" for group in changed]
        self.roles = ", ".join(words) or "everybody is what it was"

    def _find(self, node: str) -> Router | None:
        return next((router for router in self._routers if router.node == node), None)

    def _active_groups(self, router: Router) -> list[str]:
        status = router.status_or_none()
        return [] if status is None else readiness.active_groups(status)

    def _take_back(self, group: str, router: Router) -> None:
        holder = next((each for each in self._routers if group in self._active_groups(each)), None)
        if holder is None or holder is router:
            return
        self._step("gives-back", node=router.node, group=group)
        aside = self._stand_aside(group, router, holder)
        # It may have taken over by itself meanwhile (preempt); what came of it is said at the end.
        with contextlib.suppress(RouterRefusal, RouterSilent):
            holder.ask("switchover", group=group)
        router.wait(lambda: [] if group in self._active_groups(router) else [group], ROLES_S)
        for each in aside:
            self._end_maintenance(each)

    def _stand_aside(self, group: str, router: Router, holder: Router) -> list[Router]:
        """Keep routers that rank higher than the one that is to take over from doing so in its place."""
        status = router.status_or_none()
        own = 0 if status is None else readiness.priority_in(status, group)
        aside: list[Router] = []
        for each in self._routers:
            found = each.status_or_none() if each not in (router, holder) else None
            if found is None or readiness.active_groups(found) or readiness.is_in_maintenance(found):
                continue
            if readiness.priority_in(found, group) >= own:
                self._note.maintenance.append(each.node)
                self._notes.write(self._note)
                aside.append(each)
                # Who does not hear it is in nobody's way for long.
                with contextlib.suppress(RouterRefusal, RouterSilent):
                    each.ask("maintenance", on=True)
        return aside

    def standing(self) -> str:
        """Return where all routers stand, for somebody who has to go on by hand."""
        return "; ".join(_standing(router) for router in self._routers)


def _still_installs(router: Router) -> list[str]:
    return ["it is still installing"] if router.state()["stage"] in ("receiving", "installing") else []


def _standing(router: Router) -> str:
    try:
        release = str(router.state()["running"])
    except (RouterSilent, UpgradeStopped):
        release = "(of unknown version)"
    return readiness.standing(router.node, router.status_or_none(), release)
