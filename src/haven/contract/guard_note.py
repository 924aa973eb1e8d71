# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent's guard leaves when it is killed, for the next agent, or for havend where none is to run.

The note `paths.TCP_LOOSE_NOTE` in the run directory is there while the guard is armed. It holds what
nf_conntrack_tcp_loose was before.
"""

LOOSE_FILE = "/proc/sys/net/netfilter/nf_conntrack_tcp_loose"
TABLE = "inet haven_guard"
# For nft; to name the table first makes it succeed where there is none.
REMOVE = "table %s\ndelete table %s\n" % (TABLE, TABLE)
