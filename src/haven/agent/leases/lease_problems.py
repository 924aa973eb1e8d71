# SPDX-License-Identifier: GPL-2.0-or-later
"""What is the matter with leases, as the status says it."""

from collections.abc import Iterable, Iterator
from typing import Any

from haven.agent.leases.dhcp_service import DhcpService
from haven.agent.leases.file_watch import FileWatch
from haven.agent.leases.lease_table import Clash, Table
from haven.contract.problems import problem

Problem = dict[str, Any]


def unpaired() -> Problem:
    """Return that there is nobody to tell."""
    return problem("leases-unpaired", "leases")


def of_clashes(clashes: Iterable[Clash]) -> Iterator[Problem]:
    """Give which two devices have which address."""
    for clash in clashes:
        address = clash.winner.address
        facts = {"address": address, "winner": clash.winner.who, "loser": clash.loser.who}
        yield problem("lease-clash", address, **facts)


def of_restless(found: dict[str, list[str]]) -> Iterator[Problem]:
    """Give which devices have several leases at a time."""
    for mac, addresses in found.items():
        yield problem("lease-identifier", mac, mac=mac, addresses=", ".join(sorted(addresses)))


def of_failures(unclosed: str, unheld: str, note: str) -> Iterator[Problem]:
    """Give why a standby answers, why answers are not held, or leases not kept."""
    if unclosed:
        yield problem("leases-unclosed", "leases", error=unclosed)
    if unheld:
        yield problem("leases-unheld", "leases", error=unheld)
    if note:
        yield problem("leases-unkept", "leases", error=note)


def of_server(service: DhcpService, watch: FileWatch, table: Table, now: float) -> Iterator[Problem]:
    """Give what is the matter with the DHCP server and its file."""
    if service.failure:
        yield problem("leases-unserved", "dnsmasq", error=service.failure)
    if watch.odd:
        yield problem("lease-file-odd", "dnsmasq", error=watch.odd)
    count = len(table.good(now))
    if count >= service.server.most:
        yield problem("leases-full", "dnsmasq", count=count, limit=service.server.most)
