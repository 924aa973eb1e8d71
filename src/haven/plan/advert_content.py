# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual router says of itself to hosts: its own options, odhcpd's for the interface, defaults."""

from dataclasses import replace
from typing import Any

from haven.config.addresses import Address
from haven.config.model import VirtualRouterSettings
from haven.contract.diagnostics import Diagnostic
from haven.contract.router_advert import MOST_DNS, are_domains
from haven.core.ra.advert_spec import ALWAYS
from haven.core.ra.prefixes import LONGEST, SLAAC_LENGTH, is_local, network_of
from haven.core.vrrp.constants import is_link_local
from haven.inet import text_of
from haven.plan.odhcpd import MOST_S, Odhcpd, read

# Where there is no odhcpd that would be asked for more.
ALONE = Odhcpd(other=False, default=ALWAYS, mtu=0, dns=())
MICROSECONDS = 1_000_000


def router_advert(
    router: VirtualRouterSettings, config: str, device_mtu: int
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Return a virtual router's part of the plan, and what of odhcpd's configuration could not be taken."""
    odhcpd, odd = read(config, router.interface)
    said = _with_own(router, odhcpd or ALONE)
    mtu = router.ra_mtu or (device_mtu if said.mtu is None else said.mtu)
    return {
        "source": text_of(_source(router)),
        "max_interval_us": said.max_interval_s * MICROSECONDS,
        "min_interval_us": said.min_interval_s * MICROSECONDS,
        "lifetime_s": said.lifetime_s,
        "default": said.default,
        "preference": said.preference,
        "managed": said.managed,
        "other": said.other,
        "hop_limit": said.hop_limit,
        "reachable_ms": said.reachable_ms,
        "retrans_ms": said.retrans_ms,
        "link_mtu": min(mtu, device_mtu or mtu),
        "prefixes": [each.text for each in router.ra_prefixes],
        "virtual_prefixes": _virtual_prefixes(router.addresses),
        "preferred_s": said.preferred_s,
        "valid_s": said.valid_s,
        "on_link": said.on_link,
        "autonomous": said.autonomous,
        "dns": _dns(router, said)[:MOST_DNS],
        "domains": _fitting(router.ra_domains or said.domains),
    }, odd


def _fitting(domains: tuple[str, ...]) -> list[str]:
    """Return those of the first domains that are some, as many as one option holds."""
    found: list[str] = []
    for each in domains:
        if are_domains([*found, each]):
            found.append(each)
    return found


def _source(router: VirtualRouterSettings) -> bytes:
    return next(each.octets for each in router.addresses if is_link_local(each.octets))


def _with_own(router: VirtualRouterSettings, said: Odhcpd) -> Odhcpd:
    """Return what is said with the virtual router's own options in place of odhcpd's."""
    own: dict[str, Any] = {}
    if router.ra_flagses:
        own["managed"] = "managed-config" in router.ra_flagses
        own["other"] = "other-config" in router.ra_flagses
    if router.ra_default is not None:
        own["default"] = router.ra_default
    if router.ra_preference is not None:
        own["preference"] = router.ra_preference
    if router.ra_maxinterval_us is not None:
        longest_s = own["max_interval_s"] = router.ra_maxinterval_us // MICROSECONDS
        # RFC 4861 6.2.1: a third of the longest, as far as that is no less than three seconds.
        own["min_interval_s"] = max(3, longest_s // 3)
        own["lifetime_s"] = min(MOST_S, max(said.lifetime_s, longest_s))
    if router.ra_lifetime_us is not None:
        own["lifetime_s"] = router.ra_lifetime_us // MICROSECONDS
    return replace(said, **own)


def _virtual_prefixes(addresses: tuple[Address, ...]) -> list[str]:
    found = {}
    for each in addresses:
        length = max(each.prefix, SLAAC_LENGTH)
        if each.prefix <= LONGEST and not is_link_local(each.octets):
            found["%s/%d" % (text_of(network_of(each.octets, length)), length)] = True
    return list(found)


def _dns(router: VirtualRouterSettings, said: Odhcpd) -> list[str]:
    if router.ra_dnses:
        return [text_of(each) for each in router.ra_dnses]
    if said.dns is not None:
        return list(said.dns)
    # odhcpd names an address of the router, a local one rather than a public one; ours outlives a router.
    ranked = sorted(
        router.addresses, key=lambda each: (is_link_local(each.octets), not is_local(each.octets))
    )
    return [text_of(ranked[0].octets)]
