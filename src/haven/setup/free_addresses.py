# SPDX-License-Identifier: GPL-2.0-or-later
"""IPv4 addresses of a network: which are free, and which an answer may be."""

from collections.abc import Collection, Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from haven.contract.setup import SetupRefused
from haven.setup.facts import DhcpPool, RouterFacts, as_address

# So many are asked for at once, and so many at the most: further away nobody looks for a router.
AT_ONCE, AT_MOST = 8, 64
LONGEST_WITH_HOSTS = 30
# From which the link between the routers is taken, the first that is used nowhere.
LINK_NETWORKS = [IPv4Network("192.168.%d.0/24" % number) for number in range(255, 239, -1)]


def free_address(
    facts: RouterFacts, interface: str, beside: IPv4Interface, avoid: Collection[IPv4Address]
) -> IPv4Address:
    """Return the nearest free address of a network beside one. Raises SetupRefused when there is none."""
    pool = facts.pool(interface) if facts.interfaces[interface].addresses else None
    avoided = {beside.ip, *avoid, *facts.reserved(beside.network)}
    device = facts.interfaces[interface].device
    candidates = [each for each in _near(beside) if each not in avoided and not (pool and each in pool)]
    for begin in range(0, min(len(candidates), AT_MOST), AT_ONCE):
        several = candidates[begin : begin + AT_ONCE]
        answering = facts.who_answers(device, [str(each) for each in several])
        for each in several:
            if str(each) not in answering:
                return each
    raise SetupRefused("no-free-address", network=str(beside.network))


def _near(beside: IPv4Interface) -> Iterator[IPv4Address]:
    """Yield the addresses of a network, those behind one first, then those before it."""
    network, own = beside.network, int(beside.ip)
    if network.prefixlen > LONGEST_WITH_HOSTS:
        return
    lowest, highest = int(network.network_address) + 1, int(network.broadcast_address) - 1
    for number in range(own + 1, min(highest, own + 2 * AT_MOST) + 1):
        yield IPv4Address(number)
    for number in range(own - 1, max(lowest, own - 2 * AT_MOST) - 1, -1):
        yield IPv4Address(number)
    # Behind a range of DHCP that begins beside it.
    for number in range(highest, max(lowest, highest - 2 * AT_MOST), -1):
        if abs(number - own) > 2 * AT_MOST:
            yield IPv4Address(number)


def free_network(facts: RouterFacts) -> IPv4Network:
    """Return a network for the link between the routers that is used nowhere here. Raises SetupRefused."""
    used = [address.network for each in facts.interfaces.values() for address in each.addresses]
    for network in LINK_NETWORKS:
        if not any(network.overlaps(other) for other in used):
            return network
    raise SetupRefused("no-free-network")


def check_address(question: str, text: str, network: IPv4Network, interface: str) -> IPv4Address:
    """Return the address of a network that an answer is. Raises SetupRefused."""
    bare, _slash, length = text.partition("/")
    address = as_address(bare)
    if address is None or (length and not length.isdigit()):
        raise SetupRefused("not-address", question=question, value=text)
    if address not in network:
        where = {"network": str(network), "interface": interface}
        raise SetupRefused("outside", question=question, value=bare, **where)
    if length and int(length) != network.prefixlen:
        raise SetupRefused("other-length", question=question, value=text, network=str(network))
    if network.prefixlen <= LONGEST_WITH_HOSTS and address in (
        network.network_address,
        network.broadcast_address,
    ):
        raise SetupRefused("reserved", question=question, value=bare)
    return address


def check_unused(facts: RouterFacts, question: str, address: IPv4Address, interface: str) -> None:
    """Make sure that nobody has an address on the link of an interface. Raises SetupRefused."""
    if facts.who_answers(facts.interfaces[interface].device, [str(address)]):
        raise SetupRefused("address-answers", question=question, value=str(address))


def check_outside_pool(question: str, address: IPv4Address, pool: DhcpPool | None) -> None:
    """Make sure that DHCP does not give an address away. Raises SetupRefused."""
    if pool is not None and address in pool:
        ends = {"first": str(pool.first), "last": str(pool.last)}
        raise SetupRefused("in-dhcp-range", question=question, value=str(address), **ends)
