# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of this router for its upgrade, by the command on it or by a paired router."""

import sys
from typing import Any

from haven.agent.part import Surroundings
from haven.contract.control import check_request, done, refused
from haven.contract.upgrade import REQUESTS, UpgradeRefused
from haven.upgrade.inbox import Inbox


def answer(request: dict[str, Any], around: Surroundings, may_change: bool) -> dict[str, Any]:
    """Return the answer to a request of contract/upgrade.py. Raises Refusal."""
    checked = check_request(request, REQUESTS)
    command = checked["command"]
    # A newer haven may say more.
    asked = {field.key: checked[field.key] for field in REQUESTS[command] if field.key in checked}
    inbox = Inbox(around.root, around.run_dir)
    try:
        if command == "upgrade-state":
            return done(inbox.state())
        if not may_change:
            raise UpgradeRefused("upgrade-off")
        acts = {
            "upgrade-offer": inbox.offer,
            "upgrade-piece": inbox.piece,
            "upgrade-install": inbox.install,
            "upgrade-drop": inbox.drop,
        }
        result = acts[command](**asked)  # type: ignore[operator]
    except UpgradeRefused as why:
        print(f"haven-agent: {command}: {why}", file=sys.stderr, flush=True)
        return refused(why)
    if command == "upgrade-install":
        print("haven-agent: installs packages of haven's that were brought", flush=True)
    return done(result)
