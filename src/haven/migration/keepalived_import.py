# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived's blocks, wherever they were written, as sections of haven's."""

from typing import NamedTuple

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_addresses import Addresses
from haven.migration.keepalived_blocks import Block, tree
from haven.migration.keepalived_instance import SyncGroup, VrrpInstance, read_group, read_instance, remark_on
from haven.migration.keepalived_keywords import GLOBAL, TOP
from haven.migration.keepalived_lines import KeepalivedLines
from haven.migration.keepalived_routers import DEFAULT_GROUPS, GlobalValues, add_router, milliseconds
from haven.migration.keepalived_tracking import Checks
from haven.migration.origin import Origin
from haven.migration.source_files import SourceFiles

# global_defs that instances or checks go by.
COMMON = (
    "vrrp_version",
    "default_interface",
    "script_user",
    "vrrp_rt_priority",
    "vrrp_garp_master_refresh",
    "v3_checksum_as_v2",
    "vrrp_strict",
    "vrrp_mcast_group4",
    "vrrp_mcast_group6",
)
OWNER, HIGHEST = 255, 254
MOST_DELAY_S = 1000


class _Member(NamedTuple):
    instance: VrrpInstance
    router: DraftSection


class _Bundle:
    """What becomes one group of haven's: a sync group, or an instance without one."""

    def __init__(self, name: str, place: Origin, group: SyncGroup | None) -> None:
        self.name = name
        self.place = place
        self.group = group
        self.members: list[_Member] = []
        self.further: list[DraftSection] = []


def import_conf(files: SourceFiles, path: str, config_id: str, draft: Draft) -> None:
    """Import a keepalived.conf with all that it includes. Raises SourceError."""
    lines = KeepalivedLines(files, path, config_id)
    root = tree(lines, path)
    if lines.conditions and not lines.is_meant:
        ids = ", ".join(sorted(lines.conditions))
        draft.remark("conditions", Origin(path), ids=ids[:100], config_id=config_id)
    take_blocks(root, draft)


def take_blocks(root: Block, draft: Draft) -> None:
    """Import blocks as keepalived.conf has them at its top."""
    common = GlobalValues()
    for block in root.each("global_defs"):
        for item in block.items:
            _take_global(item, common, draft)
    checks = Checks(draft, common.text("script_user"))
    instances, groups = [], []
    for block in root.items:
        if block.keyword == "vrrp_instance":
            instances.append(read_instance(block, draft))
        elif block.keyword == "vrrp_sync_group":
            groups.append(read_group(block, draft))
        elif block.keyword != "global_defs" and not checks.take(block):
            _remark_on_top(block, draft)
    _take_realtime(common, draft)
    for bundle in _bundles(instances, groups, common, draft):
        _finish(bundle, checks, draft)
    checks.remark_on_unused()


def _take_global(item: Block, common: GlobalValues, draft: Draft) -> None:
    if item.keyword not in COMMON:
        remark_on(item, GLOBAL, draft)
        return
    common.take(item)
    if item.keyword == "vrrp_strict" and common.is_on("vrrp_strict"):
        draft.remark("strict", item.place)
    elif item.keyword.startswith("vrrp_mcast_group") and item.name not in DEFAULT_GROUPS:
        draft.remark("multicast-group", item.place, keyword=item.keyword)


def _take_realtime(common: GlobalValues, draft: Draft) -> None:
    if "vrrp_rt_priority" in common.values:
        text, place = common.values["vrrp_rt_priority"]
        draft.only("haven", "main", place).set("realtime", text, place)


def _remark_on_top(block: Block, draft: Draft) -> None:
    if TOP.get(block.keyword) == "lvs":
        draft.remark("lvs", block.place, block=" ".join(block.words[:3])[:100])
    elif TOP.get(block.keyword) in ("static-address", "static-route", "static-rule"):
        for item in block.items:
            draft.remark(TOP[block.keyword], item.place, text=item.written[:200])
    else:
        remark_on(block, TOP, draft)


def _bundles(
    instances: list[VrrpInstance], groups: list[SyncGroup], common: GlobalValues, draft: Draft
) -> list[_Bundle]:
    """Make the routers, in the groups that they change state with."""
    bundles = {id(group): _Bundle(group.name, group.place, group) for group in groups}
    in_group = {name: group for group in reversed(groups) for name in group.members}
    alone, addresses = [], Addresses(draft)
    for instance in instances:
        group = in_group.get(instance.name)
        bundle = bundles[id(group)] if group else _Bundle(instance.name, instance.place, None)
        alone += [] if group else [bundle]
        if not instance.addresses and not instance.excluded:
            draft.remark("no-address", instance.place, keyword=instance.name[:60])
            continue
        router = add_router(instance, common, draft)
        addresses.claim(router, instance.family())
        bundle.members.append(_Member(instance, router))
    made = [*bundles.values(), *alone]
    for bundle in made:
        for instance, router in bundle.members:
            bundle.further += addresses.give(instance, router)
        _drop_empty(bundle, draft)
    _remark_on_members(instances, groups, draft)
    return [bundle for bundle in made if bundle.members]


def _drop_empty(bundle: _Bundle, draft: Draft) -> None:
    """Leave out routers whose addresses are all another one's."""
    for router in [*(member.router for member in bundle.members), *bundle.further]:
        if not router.values("address"):
            draft.remark("no-address", router.place, keyword=router.name)
            draft.sections.remove(router)
    bundle.members = [member for member in bundle.members if member.router.values("address")]
    bundle.further = [router for router in bundle.further if router.values("address")]


def _remark_on_members(instances: list[VrrpInstance], groups: list[SyncGroup], draft: Draft) -> None:
    known = {instance.name for instance in instances}
    for group in groups:
        for name in group.members:
            if name not in known:
                draft.remark("member-missing", group.place, group=group.name[:60], name=name[:60])


def _finish(bundle: _Bundle, checks: Checks, draft: Draft) -> None:
    """Write the group of a bundle, what it tracks, and what its priorities are with that."""
    tracks = [(each, router) for instance, router in bundle.members for each in instance.tracks]
    if bundle.group:
        tracks += [(each, bundle.members[0].router) for each in bundle.group.tracks]
        _remark_on_weights(bundle, draft)
    # What several members track counts once in haven's group, with its greatest weight.
    raised: dict[tuple[str, str], int] = {}
    for tracked, router in tracks:
        key = (tracked.kind, tracked.name)
        raised[key] = max(checks.add(tracked, router), raised.get(key, 0))
    routers = [member.router for member in bundle.members] + bundle.further
    if any(raised.values()):
        _raise(routers, sum(raised.values()), bundle, draft)
    _add_group(bundle, routers, draft)


def _remark_on_weights(bundle: _Bundle, draft: Draft) -> None:
    for instance, _router in bundle.members:
        for tracked in instance.tracks:
            if tracked.weight not in (None, "0"):
                draft.remark("weight-in-group", tracked.place, name=tracked.name[:60])


def _raise(routers: list[DraftSection], raised: int, bundle: _Bundle, draft: Draft) -> None:
    """Begin where keepalived is while all is well: haven's weights only lower."""
    # Neither program's owner of an address goes by weights.
    texts = [router.value("priority") or "100" for router in routers]
    raising = [each for each in zip(routers, texts, strict=True) if each[1].isdecimal()]
    raising = [each for each in raising if int(each[1]) != OWNER]
    for router, text in raising:
        router.set("priority", min(int(text) + raised, HIGHEST))
        if int(text) + raised > HIGHEST:
            draft.remark("priority-capped", router.place, name=router.name, priority=HIGHEST)
    if raising:
        draft.remark("weight-raises", bundle.place, name=bundle.name[:60], weight=raised)


def _add_group(bundle: _Bundle, routers: list[DraftSection], draft: Draft) -> None:
    preempting = [_preempts(instance, draft) for instance, _router in bundle.members]
    if bundle.group is None and not preempting[0] and len(routers) == 1:
        return
    if bundle.group:
        made = draft.section("group", bundle.name, bundle.place)
    else:
        made = draft.invented("group", f"{routers[0].name}_group", bundle.place)
    for router in routers:
        router.rows.insert(0, ("group", made.name, False, router.place))
    if any(preempting) and not all(preempting):
        draft.remark("preempt-mixed", bundle.place, name=made.name)
    if all(preempting):
        made.set("preempt", 1)
        _add_delay(bundle, made, draft)


def _preempts(instance: VrrpInstance, draft: Draft) -> bool:
    flag = instance.flags.get("nopreempt")
    if flag is None:
        return True
    if instance.value("state").upper() == "MASTER":
        draft.remark("nopreempt-master", flag.place)
        return True
    return False


def _add_delay(bundle: _Bundle, made: DraftSection, draft: Draft) -> None:
    for instance, _router in bundle.members:
        text, place = instance.value("preempt_delay"), instance.place_of("preempt_delay")
        delay_ms = milliseconds(text) if text else 0
        if delay_ms is None:
            made.set("preempt_delay", text, place)
        elif delay_ms:
            delay_s = min(-(-delay_ms // 1000), MOST_DELAY_S)
            made.set("preempt_delay", max(delay_s, int(made.value("preempt_delay") or "0")), place)
            if delay_ms % 1000:
                draft.remark("delay-rounded", place, given=text, delay_s=delay_s)
