# SPDX-License-Identifier: GPL-2.0-or-later
"""Every event: (code, kind, text)."""

from haven.contract.event_log import OWN_TABLE
from haven.contract.other_events import OTHER_TABLE

TABLE = OWN_TABLE + OTHER_TABLE
