# SPDX-License-Identifier: GPL-2.0-or-later
"""What /etc/init.d/haven has to know, a line each: the program service-facts.

It also brings /etc/config/dhcp, /etc/sysupgrade.conf and netifd's entries for our devices up to date.

    interface NAME       an interface of netifd's that haven uses
    rule KEY=VALUE ...   what the firewall has to let in
    run NAME             a program of the service
    package NAME         a configuration of another that the plan is made from, too

Every other line is a problem, for the log.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence

from haven.config.load import load
from haven.config.model import ConntrackSettings, Model, advertising
from haven.contract.channel import OFFER_PORT, PORT
from haven.contract.vrrp_rules import NEIGHBOURS, QUERIES, vrrp_rules
from haven.core.bfd.control_packet import PORT as BFD_PORT
from haven.inet import text_of
from haven.openwrt.applied_files import RouterFiles, apply
from haven.openwrt.netifd import claims, hold
from haven.paths import CONFIG, PEERS
from haven.peers.store import PeerStore, StoreError
from haven.plan.conntrack import GROUP as SYNC_GROUP
from haven.plan.conntrack_protection import DEVICE as PROTECTED
from haven.plan.conntrack_protection import inside
from haven.plan.conntrack_rules import LINK_LOCAL
from haven.plan.machine import InterfaceError, resolve_interface

Resolve = Callable[[str], str]

# While a machine comes up netifd may not answer in time; what it has answered is not asked again.
ATTEMPTS = 3

# The rights of the group and of all.
OTHERS = 0o077


def resolve_patiently(name: str, resolve: Resolve = resolve_interface) -> str:
    """Return the device of an interface, as netifd says in one of a few attempts. Raises InterfaceError."""
    for _ in range(ATTEMPTS - 1):
        try:
            return resolve(name)
        except InterfaceError as why:
            if why.code != "interface-unresolved":
                raise
    return resolve(name)


def lines(
    model: Model, config: str, resolve: Resolve = resolve_patiently, paired: Sequence[str] = ()
) -> list[str]:
    """Return the lines for a configuration; nothing for one that is disabled.

    `paired` are the addresses of the routers that this one is paired with.
    """
    if not model.main.enabled:
        return []
    # First, so that an interface that is missing now is waited for.
    found = ["interface %s" % name for name in _interfaces(model)]
    try:
        rules = [*_rules(model, resolve), *_channel(model, resolve, paired), *_joining(model, resolve)]
        found += dict.fromkeys("rule %s" % rule for rule in rules)
    except InterfaceError as why:
        return [*found, "%s: not started: %s" % (config, why)]
    if advertising(model):
        # What the hosts are told is what odhcpd is told.
        found.append("package dhcp")
    return [*found, "run havend", "run haven-agent"]


def _interfaces(model: Model) -> list[str]:
    names = [router.interface for router in model.virtual_routers]
    names += [track.name for router in model.virtual_routers for track in router.track_interfaces]
    names += [host.interface for host in model.track_hosts]
    if model.conntrack is not None:
        names.append(model.conntrack.interface)
    return sorted({name for name in names if name})


def _rules(model: Model, resolve: Resolve) -> Iterator[str]:
    for router in model.virtual_routers:
        device = router.device or resolve(router.interface or "")
        yield from vrrp_rules(device, router.family, router.unicast_peers, bool(router.ra))
        for session in model.bfds:
            if session.name in router.bfds:
                yield _bfd(device, session.address)
    conntrack = model.conntrack
    if conntrack is not None:
        device = conntrack.device or resolve(conntrack.interface or "")
        yield from _sync(conntrack, device) if conntrack.protect is None else _protected(conntrack, device)


def _bfd(device: str, peer: bytes) -> str:
    family = 4 if len(peer) == 4 else 6
    facts = (device, family, text_of(peer), BFD_PORT)
    return "device=%s family=ipv%d proto=udp src_ip=%s dest_port=%d" % facts


def _sync(conntrack: ConntrackSettings, device: str) -> Iterator[str]:
    for peer in conntrack.peer_addresses:
        family = 4 if len(peer) == 4 else 6
        if family == 6:
            yield from (neighbours % device for neighbours in NEIGHBOURS)
        rule = "device=%s family=ipv%d proto=udp" % (device, family)
        # Several conntrackd send to a group, one sends to us.
        several = len(conntrack.peer_addresses) > 1
        source = LINK_LOCAL if several and family == 6 else text_of(peer)
        to = "dest_ip=%s " % SYNC_GROUP[family] if several else ""
        yield "%s src_ip=%s %sdest_port=%d" % (rule, source, to, conntrack.copy_port)
        yield "%s src_ip=%s dest_port=%d" % (rule, text_of(peer), conntrack.agent_port)
        if several:
            yield QUERIES[family] % device


def _protected(conntrack: ConntrackSettings, device: str) -> Iterator[str]:
    peer = conntrack.peer_addresses[0]
    if len(peer) == 16:
        yield from (neighbours % device for neighbours in NEIGHBOURS)
    facts = (device, 4 if len(peer) == 4 else 6, text_of(peer), conntrack.protected_port)
    yield "device=%s family=ipv%d proto=udp src_ip=%s dest_port=%d" % facts
    _own, there = inside(conntrack)
    for port in (conntrack.copy_port, conntrack.agent_port):
        yield "device=%s family=ipv6 proto=udp src_ip=%s dest_port=%d" % (PROTECTED, there, port)


def _channel(model: Model, resolve: Resolve, paired: Sequence[str]) -> Iterator[str]:
    """A paired router may come by any link: when one is cut, it calls over another."""
    places = [(router.device, router.interface) for router in model.virtual_routers]
    if model.conntrack is not None:
        places.append((model.conntrack.device, model.conntrack.interface))
    if not paired:
        return
    for device in dict.fromkeys(device or resolve(interface or "") for device, interface in places):
        for address in paired:
            family = 6 if ":" in address else 4
            yield "device=%s family=ipv%d proto=tcp src_ip=%s dest_port=%d" % (device, family, address, PORT)


def _joining(model: Model, resolve: Resolve) -> Iterator[str]:
    """Who joins comes by the cable between the routers, on which nobody else is, and has no address yet."""
    conntrack = model.conntrack
    if conntrack is None or conntrack.protect is not None:
        return
    device = conntrack.device or resolve(conntrack.interface or "")
    if device in {router.device or resolve(router.interface or "") for router in model.virtual_routers}:
        return
    yield from (rule % device for rule in NEIGHBOURS)
    for proto, port in (("udp", OFFER_PORT), ("tcp", PORT)):
        yield f"device={device} family=ipv6 proto={proto} src_ip={LINK_LOCAL} dest_port={port}"


def _paired_addresses() -> list[str]:
    store = PeerStore(PEERS)
    try:
        store.read()
    except StoreError as why:
        print(why)
    return store.addresses()


def _hold(model: Model) -> list[str]:
    try:
        return hold(claims(model, resolve_interface))
    except InterfaceError:
        # Said already; the entries wait for it, too.
        return []


def _close_to_others(config: str) -> None:
    """Take away what others may do with the configuration: there are passwords in it."""
    try:
        mode = os.stat(config).st_mode & 0o777
        if mode & OTHERS:
            os.chmod(config, mode & ~OTHERS)
    except OSError as why:
        print("%s: may be read by others: %s" % (config, why.strerror))


def main() -> int:
    """Print the lines, and let the files of other services follow the configuration."""
    config = sys.argv[1] if len(sys.argv) > 1 else CONFIG
    if os.path.exists(config):
        _close_to_others(config)
    model, problems = load(config)
    for problem in problems:
        print(problem)
    if model is not None:
        # At once: what the service needs does not depend on other services.
        print("\n".join(lines(model, config, paired=_paired_addresses())), flush=True)
        for text in [*apply(model, RouterFiles()), *_hold(model)]:
            print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
