# SPDX-License-Identifier: GPL-2.0-or-later
"""The DHCP server of this router: where its leases are, how many it takes, and how it is started again."""

import os
from collections.abc import Callable

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.loop import Scope
from haven.config.load import read_sections

CONFIG = "/etc/config/dhcp"
INIT = "/etc/init.d/dnsmasq"
LEASE_FILE = "/tmp/dhcp.leases"
# dnsmasq(8), dhcp-lease-max: with more in its file it does not start.
MOST_LEASES = 1000
RESTART_S = 15.0

Done = Callable[[str], None]


class Dnsmasq:
    """dnsmasq as OpenWrt runs it, below another root in a test."""

    def __init__(self, scope: Scope, root: str, lease_file: str) -> None:
        self._scope, self._root, self._lease_file = scope, root.rstrip("/"), lease_file
        self.path, self.most = lease_file or self._root + LEASE_FILE, MOST_LEASES
        self.look()

    def look(self) -> None:
        """Read what its configuration says now."""
        for section in read_sections(self._root + CONFIG):
            if section.type != "dnsmasq":
                continue
            given = {entry.name: entry.value for entry in section.entries}
            if not self._lease_file and given.get("leasefile"):
                self.path = self._root + given["leasefile"]
            if given.get("dhcpleasemax", "").isdecimal():
                self.most = int(given["dhcpleasemax"])
            return

    def restart(self, done: Done) -> None:
        """Start it again, so that it reads its leases; `done` gets what went wrong, or nothing."""
        program = self._root + INIT
        if not os.access(program, os.X_OK):
            done(f"there is no {program}")
            return

        def ended(outcome: ChildEnd | CallFailure) -> None:
            done(_complaint(outcome))

        try:
            # It may leave a process behind that writes where it does.
            self._scope.run([program, "restart"], ended, RESTART_S, captures=False)
        except OSError as why:
            done(why.strerror or str(why))


def _complaint(outcome: ChildEnd | CallFailure) -> str:
    if isinstance(outcome, CallFailure):
        return str(outcome)
    return f"'{INIT} restart' ended with {outcome.status}" if outcome.status else ""
