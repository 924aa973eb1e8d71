# SPDX-License-Identifier: GPL-2.0-or-later
"""The problems of the agent's parts and of BFD, as rows beside those of problems.py."""

from haven.contract.agent_problems import AGENT_TABLE
from haven.contract.bfd_problems import BFD_TABLE
from haven.contract.dhcp_problems import LEASES_TABLE
from haven.contract.drill_outcomes import MISSING, OUTCOMES
from haven.contract.services import FAILURES
from haven.contract.told_problems import TOLD_TABLE
from haven.contract.wan_problems import WAN_TABLE
from haven.contract.wireguard_problems import WIREGUARD_TABLE

OTHER_TABLE = BFD_TABLE + AGENT_TABLE + LEASES_TABLE + WAN_TABLE + WIREGUARD_TABLE + TOLD_TABLE
ROWS = {row[0]: row for row in OTHER_TABLE}
# The templates of what stands within another, by the name of its fact.
INNER = {"failure": FAILURES, "outcome": OUTCOMES, "missing": MISSING}
