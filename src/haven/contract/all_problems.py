# SPDX-License-Identifier: GPL-2.0-or-later
"""Every problem: (code, severity, what is the matter, what to do)."""

from haven.contract.other_problems import OTHER_TABLE
from haven.contract.problems import OWN_TABLE

TABLE = OWN_TABLE + OTHER_TABLE
