# SPDX-License-Identifier: GPL-2.0-or-later
"""What the firewall has to let in for a plan, in the words of service data: KEY=VALUE, a rule a line."""

import sys

from haven.contract.plan import PlanError, read_plan
from haven.contract.vrrp_rules import vrrp_rules


def print_rules(path: str) -> None:
    """Print the rules of the plan in a file; none where it cannot be read, which havend tells."""
    try:
        plan = read_plan(path)
    except PlanError:
        return
    said = set()
    for name in sorted(plan.routers):
        router = plan.routers[name]
        says_itself = router.advertises is not None
        said.update(vrrp_rules(router.device, router.spec.family, router.spec.unicast_peers, says_itself))
    sys.stdout.write("".join([line + "\n" for line in sorted(said)]))
