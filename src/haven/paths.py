# SPDX-License-Identifier: GPL-2.0-or-later
"""The usual places, and the names of what the programs leave in the run directory."""

CONFIG = "/etc/config/haven"
RUN_DIR = "/var/run/haven"
# OpenWrt's, for the configuration and the run directory above.
SERVICE = "/etc/init.d/haven"
# What haven has added to files of others; a sysupgrade keeps it (/lib/upgrade/keep.d/haven).
OWNED_NOTE = "/etc/haven/owned.json"
SCRIPTS = "/etc/hotplug.d/haven"
# The key of this router, and whom it is paired with; root's alone.
PEERS = "/etc/haven/peers"
# What this router knows of the common configuration, and the name of the router that it has joined and
# whose configuration it is to take.
REPLICA = "/etc/haven/sync"
JOINING = "/etc/haven/joining"
# A setup on trial, or being taken back: the files are setup's.
SETUP_FOLDER = "/etc/haven"
SETUP_PENDING, SETUP_UNDOING = "pending-setup", "undoing-setup"

# The plan of a node on MicroPython, which another machine has made; behind it with this at its end, whom to
# ask for it.
SMALL_PLAN = "/etc/haven/plan.json"
PLAN_SOURCE = ".from"
# The keys of the nodes that ask this one.
SMALL_NODES = "/etc/haven/small"

# What this router remembers of its past (contract/history_words.py).
HISTORY = "/etc/haven/history"

# The leases that were given out, for a reboot of both routers.
LEASES = "/etc/haven/leases.json"

# In the run directory, which a reboot empties.
CONTROL_SOCKET = "havend.sock"
AGENT_SOCKET = "agent.sock"
PLAN = "plan.json"
# Left by the command for havend, which makes it the plan in force.
NEXT_PLAN = "plan.json.new"
# Which groups were Active, and until when, for a havend that is started again.
RESTART_NOTE = "alive"
# How far the counters of CARP have come.
CARP_COUNTERS = "carp"
# There while this router joins others, which it may not hear by its links yet.
NEWCOMER_NOTE = "newcomer"
# There while the node is in maintenance.
MAINTENANCE_NOTE = "maintenance"
# Locked by the havend whose run directory this is; stays, as whoever waits for it has it open.
LOCK = "lock"
# Written and removed to see whether there is room.
ROOM = "room"
# What scripts have been told.
SCRIPTS_NOTE = "hotplug.json"
# What services by role were told.
SERVICES_NOTE = "services.json"
# What kernel settings were before havend changed them.
SETTINGS_NOTE = "settings.json"
# What nf_conntrack_tcp_loose was before the guard was armed.
TCP_LOOSE_NOTE = "tcp_loose"
# The leases again, and where the DHCP server answers, for an agent that is started again.
LEASES_NOTE = "leases.json"
# What people were told, and what they are still to be told.
NOTIFY_NOTE = "notify.json"
# What the last run of doctor has come to, and who is at it.
DOCTOR_NOTE, DOCTOR_LOCK = "doctor.json", "doctor.lock"
# Of the history what is not on the flash yet.
PENDING_HISTORY = "history.json"
# Whose drill holds this router, and until when.
DRILL_NOTE = "drill.json"
CONNTRACKD_CONF = "conntrackd.conf"
CONNTRACKD_SOCKET = "conntrackd.ctl"
CONNTRACKD_LOCK = "conntrackd.lock"


def inside(run_dir: str, name: str) -> str:
    """Return the path of a name in the run directory."""
    # MicroPython has no os.path.
    return run_dir.rstrip("/") + "/" + name
