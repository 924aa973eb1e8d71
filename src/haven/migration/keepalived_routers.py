# SPDX-License-Identifier: GPL-2.0-or-later
"""From a vrrp_instance to a virtual_router section: everything but its group and what it tracks."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_hmac import add_keys
from haven.migration.keepalived_instance import NO, VrrpInstance, address_of, following
from haven.migration.keepalived_routes import add_routes
from haven.migration.origin import Origin

# keepalived sends unicast of IPv6 with the hop limit of everything else, which is Linux's.
HOP_LIMIT, TTL = 64, 255
DEFAULT_GROUPS = ("224.0.0.18", "ff02::12", "")


class GlobalValues:
    """What global_defs says for all instances; a value is a text and where it stands."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, Origin]] = {}

    def take(self, item: Block) -> None:
        """Note one line."""
        self.values[item.keyword] = (item.name, item.place)

    def text(self, keyword: str, default: str = "") -> str:
        """Return a value, or a default."""
        return self.values.get(keyword, (default, None))[0]

    def is_on(self, keyword: str) -> bool:
        """Tell whether something is switched on."""
        return keyword in self.values and self.text(keyword) not in NO


def add_router(instance: VrrpInstance, common: GlobalValues, draft: Draft) -> DraftSection:
    """Begin the section of an instance."""
    made = draft.section("virtual_router", instance.name or "vrrp", instance.place)
    _add_device(instance, common, made, draft)
    for keyword, option in (("virtual_router_id", "vrid"), ("priority", "priority")):
        if keyword in instance.values:
            made.set(option, instance.value(keyword), instance.place_of(keyword))
    version = _version(instance, common)
    if version != "3":
        made.set("version", version, instance.place_of("version"))
    _add_interval(instance, version, made, draft)
    _add_flags(instance, common, version, made, draft)
    _add_authentication(instance, _is_strict(instance, common), made, draft)
    _add_peers(instance, made, draft)
    add_routes(instance, made, draft)
    return made


def _version(instance: VrrpInstance, common: GlobalValues) -> str:
    if instance.family() == 6:
        # keepalived has no other for it, whatever is said.
        return "3"
    return instance.value("version") or common.text("vrrp_version", "2")


def _is_strict(instance: VrrpInstance, common: GlobalValues) -> bool:
    own = instance.flags.get("strict_mode")
    return own.name not in NO if own else common.is_on("vrrp_strict")


def _add_device(instance: VrrpInstance, common: GlobalValues, made: DraftSection, draft: Draft) -> None:
    if "netifd" in instance.values:
        made.set("interface", instance.value("netifd"), instance.place_of("netifd"))
        return
    device = instance.value("interface")
    if not device:
        device = common.text("default_interface", "eth0")
        draft.remark("device-assumed", instance.place, name=instance.name, device=device)
    made.set("device", device, instance.place_of("interface"))


def _add_interval(instance: VrrpInstance, version: str, made: DraftSection, draft: Draft) -> None:
    text, place = instance.value("advert_int", "1"), instance.place_of("advert_int")
    interval_ms = milliseconds(text)
    if interval_ms is None:
        made.set("advert_interval", text, place)
        return
    step = 1000 if version == "2" else 10
    rounded = max(step, (interval_ms + step // 2) // step * step)
    if rounded != interval_ms:
        draft.remark("interval-rounded", place, given=text, interval_ms=rounded)
    if rounded != 1000:
        made.set("advert_interval", rounded, place)


def milliseconds(text: str) -> int | None:
    """Return a number of seconds in whole milliseconds, or None for what is no number."""
    whole, _, rest = text.partition(".")
    if not (whole + rest).isdecimal() or len(text) > 12:
        return None
    return (int(whole or "0") * 1_000_000 + int((rest + "000000")[:6]) + 500) // 1000


def _add_flags(
    instance: VrrpInstance, common: GlobalValues, version: str, made: DraftSection, draft: Draft
) -> None:
    vmac = instance.flags.get("use_vmac")
    if vmac is not None:
        made.set("virtual_mac", 1, vmac.place)
        if len(vmac.words) > 1:
            draft.remark("vmac-named", vmac.place, name=vmac.words[1])
    if "no_accept" in instance.flags:
        made.set("accept", 0, instance.flags["no_accept"].place)
    strict = instance.flags.get("strict_mode")
    if strict is not None and strict.name not in NO:
        draft.remark("strict", strict.place)
    checksum = instance.flags.get("v3_checksum_as_v2")
    on = checksum.name not in NO if checksum else common.is_on("v3_checksum_as_v2")
    if on and version == "3" and instance.family() == 4:
        made.set("checksum", "message", checksum.place if checksum else instance.place)
    _add_refresh(instance, common, made)
    group = instance.value("mcast_dst_ip")
    if group not in DEFAULT_GROUPS:
        draft.remark("multicast-group", instance.place_of("mcast_dst_ip"), keyword="mcast_dst_ip")


def _add_refresh(instance: VrrpInstance, common: GlobalValues, made: DraftSection) -> None:
    refresh = instance.value("garp_master_refresh") or common.text("vrrp_garp_master_refresh")
    # keepalived repeats nothing unless it is told to; haven's default is the better one.
    if refresh and refresh != "0":
        made.set("announce_refresh", refresh, instance.place_of("garp_master_refresh"))


def _add_authentication(instance: VrrpInstance, strict: bool, made: DraftSection, draft: Draft) -> None:
    block = instance.authentication
    if block is None:
        return
    if block.keyword == "auth_hmac":
        add_keys(block, made, draft)
        return
    kind = next((item.name for item in block.each("auth_type")), "")
    password = next(iter(block.each("auth_pass")), None)
    if strict or made.value("version") in ("", "3"):
        draft.remark("auth-strict" if strict else "auth-version", block.place)
    elif kind.upper() == "AH":
        draft.remark("auth-ah", block.place)
    elif password is not None:
        # keepalived takes the first eight, and so does what is on the wire.
        made.set("auth_pass", password.name.encode()[:8].decode("utf-8", "ignore"), password.place)
        if len(password.name) > 8:
            draft.remark("auth-cut", password.place)


def _add_peers(instance: VrrpInstance, made: DraftSection, draft: Draft) -> None:
    source = "unicast_src_ip" if instance.peers else "mcast_src_ip"
    if source not in instance.values:
        source = "mcast_src_ip" if instance.peers else "unicast_src_ip"
    virtual = [address_of(item).partition("/")[0] for item in (*instance.addresses, *instance.excluded)]
    if instance.value(source) in virtual and instance.value("priority") != "255":
        draft.remark("source-virtual", instance.place_of(source), keyword=source)
    elif source in instance.values:
        made.set("source_address", instance.value(source), instance.place_of(source))
    for peer in instance.peers:
        made.add("unicast_peer", address_of(peer), peer.place)
    if instance.peers:
        _add_hops(instance, made, draft)


def _add_hops(instance: VrrpInstance, made: DraftSection, draft: Draft) -> None:
    default = HOP_LIMIT if ":" in address_of(instance.peers[0]) else TTL
    sent = instance.value("unicast_ttl") or str(default)
    least = [following(peer.words, "min_ttl") for peer in instance.peers]
    known = [int(each) for each in (sent, *least) if each.isdecimal()]
    hops = TTL - min(known, default=TTL)
    if 0 < hops < TTL:
        made.set("unicast_hops", hops, instance.place_of("unicast_ttl"))
        if not made.value("auth_key") or made.value("auth_mode") not in ("", "enforce"):
            made.set("unicast_hops_unsigned", "1", instance.place_of("unicast_ttl"))
        draft.remark("unicast-hops", instance.place_of("unicast_ttl"), hops=hops)
