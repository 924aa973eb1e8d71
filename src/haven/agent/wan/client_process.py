# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the client of an interface is still at work: netifd calls it down while that yet ends."""

from haven.plain_file import read_plain

# netifd's dhcp.sh.
PID_FILE = "/var/run/udhcpc-%s.pid"
COMMAND = "/proc/%d/comm"
CLIENT = "udhcpc"


def is_client_alive(root: str, interface: str) -> bool:
    """Tell whether the DHCP client of an interface runs."""
    try:
        number = int(read_plain(root.rstrip("/") + PID_FILE % interface, 32))
        with open(COMMAND % number, encoding="ascii") as file:
            return file.read().strip() in (CLIENT, "busybox")
    except (OSError, ValueError):
        return False
