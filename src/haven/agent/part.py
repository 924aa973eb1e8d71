# SPDX-License-Identifier: GPL-2.0-or-later
"""What a part of the agent is: one concern, in a folder of its own."""

from collections.abc import Callable, Collection
from typing import Any

from haven.agent.carrier import Carrier
from haven.agent.lender import Lender
from haven.agent.loop import Scope
from haven.agent.roles import Change, Roles


class Places:
    """The run directory, the configuration, and the root of all other files."""

    def __init__(self, run_dir: str, config: str, root: str) -> None:
        self.run_dir, self.config, self.root = run_dir, config, root


class Surroundings:
    """What a part is given; what it does with it is its own.

    `scope` registers descriptors, deadlines and calls. `roles` has the state of each group. `report` sends
    the account of all parts at once instead of when it is due; `is_in_sync` tells what it said last.
    `interface_up` lets all parts know that netifd has set an interface up. `carrier` is the way to the other
    routers, `lender` the one by which steps are lent to havend.
    """

    def __init__(self, scope: Scope, places: "Places", roles: Roles, report: Callable[[], None]) -> None:
        self.scope = scope
        self.run_dir, self.config, self.root = places.run_dir, places.config, places.root
        self.roles = roles
        self.report = report
        self.is_in_sync: Callable[[], bool] = lambda: False
        self.interface_up: Callable[[str], None] = lambda name: None
        self.carrier = Carrier()
        self.lender = Lender(scope)
        # The plan in force; empty before the first. Of it the name of this node, and what each part has.
        self.document: dict[str, Any] = {}
        self.node = ""
        self.plan: dict[str, Any] = {}

    def take_plan(self, document: dict[str, Any]) -> None:
        """Take the plan in force."""
        self.document = document
        self.node, self.plan = document.get("node", ""), document.get("parts", {})


class Part:
    """One concern of the agent; a part overrides what concerns it."""

    name = ""
    # Whether a takeover could lose something of it: then nothing is in sync while it is being started again.
    vouches = False

    def __init__(self, around: Surroundings) -> None:
        self.around = around

    def take_plan(self) -> None:
        """Take the plan, which may be another one (`around.plan`); called before anything else."""

    def take_roles(self) -> None:
        """Take the state of every group (`around.roles`): something of it may have changed."""

    def take_change(self, change: Change) -> None:
        """Take the change of state of one group."""

    def take_event(self, event: dict[str, Any]) -> None:
        """Take an event of havend's, of any kind (contract/event_log.py)."""

    def take_loss(self) -> None:
        """Take that the connection to havend is lost; `take_roles` follows when there is one again."""

    def take_again(self, groups: Collection[str]) -> None:
        """Take the state of these groups as if it were news: who was told of it may have forgotten."""

    def take_doubt(self, members: list[dict[str, Any]]) -> None:
        """Take that havend would like to know whether another router is Active for these virtual routers."""

    def prepare(self, done: Callable[[], None]) -> None:
        """Finish what has to be before the addresses leave this node, then call `done`."""
        done()

    def end(self, done: Callable[[], None]) -> None:
        """Finish what has to be before the agent ends, then call `done`."""
        done()

    def close(self) -> None:
        """Let go of what does not go with the scope."""

    # What havend is told

    def is_in_sync(self) -> bool:
        """Tell whether this node could take over without losing anything of this part's."""
        return True

    def account(self) -> dict[str, Any]:
        """Return what the status shows of this part, by its keys there.

        While the plan has work for the part its own name is one of them: havend takes a part that is not
        accounted for as one that nobody looks after.
        """
        return {}

    def problems(self) -> list[dict[str, Any]]:
        """Return what is the matter with this part."""
        return []
