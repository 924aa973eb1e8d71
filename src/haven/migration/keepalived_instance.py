# SPDX-License-Identifier: GPL-2.0-or-later
"""A vrrp_instance or vrrp_sync_group block as typed values; what has no counterpart is remarked on here."""

from haven.migration.draft import Draft
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_keywords import GROUP, INSTANCE, NOTIFY
from haven.migration.origin import Origin

# Lines of which the first value counts, and where it stands.
VALUES = (
    "interface",
    "netifd",
    "virtual_router_id",
    "priority",
    "advert_int",
    "version",
    "preempt_delay",
    "unicast_src_ip",
    "mcast_src_ip",
    "mcast_dst_ip",
    "unicast_ttl",
    "garp_master_refresh",
    "state",
)
FLAGS = ("nopreempt", "accept", "no_accept", "use_vmac", "v3_checksum_as_v2", "strict_mode")
TRACKS = ("track_interface", "track_script", "track_process", "track_file", "track_bfd")
NO = ("off", "false", "no", "0")


class Tracked:
    """What an instance or a group tracks: a name, and a weight unless that of its own block counts."""

    def __init__(self, kind: str, words: list[str], place: Origin) -> None:
        self.kind = kind
        self.name = words[0]
        self.place = place
        self.weight = words[words.index("weight") + 1] if "weight" in words[:-1] else None
        self.reverse = "reverse" in words


class VrrpInstance:
    """A vrrp_instance: what it says, not what becomes of it."""

    def __init__(self, block: Block) -> None:
        self.name = block.name
        self.place = block.place
        self.values: dict[str, tuple[str, Origin]] = {}
        self.flags: dict[str, Block] = {}
        self.addresses: list[Block] = []
        self.excluded: list[Block] = []
        self.routes: list[Block] = []
        self.peers: list[Block] = []
        self.tracks: list[Tracked] = []
        self.authentication: Block | None = None

    def value(self, keyword: str, default: str = "") -> str:
        """Return the value of a line, or a default."""
        return self.values.get(keyword, (default, self.place))[0]

    def place_of(self, keyword: str) -> Origin:
        """Return where a line stands, or the instance."""
        return self.values.get(keyword, ("", self.place))[1]

    def family(self) -> int:
        """Give the family of its first address, 4 where there is none."""
        return 6 if self.addresses and ":" in address_of(self.addresses[0]) else 4


class SyncGroup:
    """A vrrp_sync_group: its members' names and what it tracks itself."""

    def __init__(self, block: Block) -> None:
        self.name = block.name
        self.place = block.place
        self.members: list[str] = []
        self.tracks: list[Tracked] = []


def read_instance(block: Block, draft: Draft) -> VrrpInstance:
    """Read a vrrp_instance block."""
    instance = VrrpInstance(block)
    for item in block.items:
        _take(instance, item, draft)
    return instance


def read_group(block: Block, draft: Draft) -> SyncGroup:
    """Read a vrrp_sync_group block."""
    group = SyncGroup(block)
    for item in block.items:
        if item.keyword == "group":
            group.members += [word for word, _place in item.listed()]
        elif item.keyword in TRACKS:
            group.tracks += _tracked(item)
        else:
            remark_on(item, GROUP, draft)
    return group


def address_of(item: Block) -> str:
    """Return the address of a line of virtual_ipaddress, with its length."""
    return item.words[0]


def following(words: list[str], word: str) -> str:
    """Return what comes after a word of a line, empty where that is not in it."""
    return words[words.index(word) + 1] if word in words[:-1] else ""


def _take(instance: VrrpInstance, item: Block, draft: Draft) -> None:
    keyword = item.keyword
    blocks = {
        "virtual_ipaddress": instance.addresses,
        "virtual_ipaddress_excluded": instance.excluded,
        "virtual_routes": instance.routes,
        "unicast_peer": instance.peers,
    }
    if keyword in VALUES:
        instance.values[keyword] = (item.name, item.place)
    elif keyword in FLAGS:
        instance.flags[keyword] = item
    elif keyword in blocks:
        blocks[keyword] += item.items
    elif keyword in TRACKS:
        instance.tracks += _tracked(item)
    elif keyword in ("authentication", "auth_hmac"):
        instance.authentication = item
    else:
        remark_on(item, INSTANCE, draft)


def _tracked(item: Block) -> list[Tracked]:
    return [Tracked(item.keyword, each.words, each.place) for each in item.items]


def remark_on(item: Block, known: dict[str, str], draft: Draft) -> None:
    """Say what becomes of a line that has no counterpart."""
    keyword = item.keyword
    if keyword in NOTIFY:
        _remark_on_script(item, draft)
    elif keyword in known:
        # What is switched off is as haven is.
        if not (len(item.words) == 2 and item.name in NO):
            draft.remark(known[keyword], item.place, keyword=keyword)
    else:
        draft.remark("keyword-unknown", item.place, keyword=keyword[:40])


def _remark_on_script(item: Block, draft: Draft) -> None:
    command = item.name.split(" ")
    program = command[0]
    state = NOTIFY[item.keyword]
    if "primary-backup" in program:
        draft.remark("script-conntrack", item.place, keyword=item.keyword)
    elif program.startswith("/etc/init.d/"):
        service = program.rsplit("/", 1)[1]
        draft.remark("script-service", item.place, keyword=item.keyword, service=service)
    elif "hotplug-call" in item.name:
        draft.remark("script-hotplug", item.place, keyword=item.keyword)
    else:
        draft.remark("script", item.place, keyword=item.keyword, command=item.name[:200], action=state)
