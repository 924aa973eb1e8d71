# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules by which WireGuard speaks from the virtual address, also to a peer that it has not heard yet.

Without them a new Active would call from where it is itself: a firewall before the peer drops that, and a
peer that takes it would look for the next Active there.
"""

import sys
from typing import Any

from haven.agent.calls import CallFailure, ChildEnd
from haven.agent.command_answer import complaint_of
from haven.agent.loop import Scope

LIMIT_S = 5.0
REMOVE = "table inet haven_wireguard\ndelete table inet haven_wireguard\n"
# The address is changed before connections are looked at; after that nothing else may change it again.
TABLE = """table inet haven_wireguard {
 chain output {
  type filter hook output priority raw - 10; policy accept;
%s }
 chain postrouting {
  type nat hook postrouting priority srcnat - 10; policy accept;
%s }
}
"""
SET = '  oifname "%s" udp sport %d %s saddr != { %s } %s saddr set %s\n'
KEEP = '  oifname "%s" udp sport %d %s saddr %s snat %s to %s\n'

# A device, a port, and the virtual addresses there, all of one family; the first is the one to speak from.
Voice = tuple[str, int, tuple[str, ...]]


def voices(document: dict[str, Any], ports: dict[str, set[int]]) -> list[Voice]:
    """Return from where the ports of each group speak; `document` is the plan."""
    found = []
    for router in document.get("virtual_routers", ()):
        addresses = tuple(each.partition("/")[0] for each in router["addresses"])
        usable = tuple(each for each in addresses if not each.lower().startswith("fe80:"))
        for port in sorted(ports.get(router["group"], ())):
            devices = dict.fromkeys((router["device"], router.get("address_device") or router["device"]))
            found += [(device, port, usable) for device in devices if usable]
    return found


def script(speakers: list[Voice]) -> str:
    """Return what nft has to do."""
    if not speakers:
        return REMOVE
    setting, keeping = "", ""
    for device, port, addresses in speakers:
        family = "ip6" if ":" in addresses[0] else "ip"
        listed = ", ".join(addresses)
        setting += SET % (device, port, family, listed, family, addresses[0])
        keeping += KEEP % (device, port, family, addresses[0], family, addresses[0])
    return REMOVE + TABLE % (setting, keeping)


class SourceRules:
    """The rules of one router; `failure` says why they are not in force."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._wanted = self._told = ""
        self._is_telling = False
        self.failure = ""

    def take(self, speakers: list[Voice]) -> None:
        """Let these speak from the virtual address."""
        self._wanted = script(speakers)
        # Where there was nothing there is nothing to take away.
        if self._wanted != self._told and (self._told or speakers):
            self._tell()

    def _tell(self) -> None:
        if self._is_telling:
            return
        self._told, self._is_telling = self._wanted, True
        try:
            self._scope.run(["nft", "-f", "-"], self._done, LIMIT_S, self._told)
        except OSError as why:
            self._take_failure(str(why))

    def _done(self, outcome: ChildEnd | CallFailure) -> None:
        if isinstance(outcome, CallFailure):
            self._take_failure(str(outcome))
        else:
            self._take_failure(complaint_of(outcome).splitlines()[0] if outcome.status else "")

    def _take_failure(self, why: str) -> None:
        self._is_telling = False
        if why and why != self.failure:
            print(f"haven-agent: WireGuard: {why}", file=sys.stderr, flush=True)
        self.failure = why
        if self._wanted != self._told:
            self._tell()
