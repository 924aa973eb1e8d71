# SPDX-License-Identifier: GPL-2.0-or-later
"""conntrackd.conf as a `conntrack` section: haven writes a conntrackd.conf of its own from it."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block, tree
from haven.migration.keepalived_lines import ConfLine
from haven.migration.keepalived_words import names
from haven.migration.origin import Origin, SourceError
from haven.migration.source_files import SourceFiles

CHANNELS = ("UDP", "Multicast", "TCP")
DEFAULT_PORT = "3780"
# What an example has of these is far too small for a table of today's size.
SIZES = {
    "HashSize": "hash_size",
    "HashLimit": "hash_limit",
    "NetlinkBufferSize": "netlink_buffer",
    "SndSocketBuffer": "socket_buffer",
    "RcvSocketBuffer": "socket_buffer",
}
# What haven decides by itself, anew each time that it makes a plan.
OWN = names(
    "LogFile LockFile UNIX Syslog Systemd Nice Scheduler NetlinkBufferSizeMaxGrowth "
    "NetlinkOverrunResync NetlinkEventsReliable PollSecs EventIterationLimit Filter Checksum UNIX"
)


def import_conntrackd(files: SourceFiles, path: str, peer: str, draft: Draft) -> None:
    """Import a conntrackd.conf; `peer` is the other router if the file does not say. Raises SourceError."""
    root = tree(_lines(files.lines(path), path), path)
    blocks = {block.keyword.lower(): block for block in root.items}
    if "stats" in blocks:
        draft.remark("conntrackd-stats", blocks["stats"].place)
    sync = blocks.get("sync")
    if sync is None or sync.body is None:
        if "stats" in blocks:
            return
        raise SourceError("conntrackd-no-sync", Origin(path))
    made = draft.only("conntrack", "conntrack", sync.place)
    made.set("enabled", 1)
    _take_sync(sync, made, peer, draft)
    if not made.value("peer_address"):
        draft.remark("conntrackd-peer", made.place)
        draft.sections.remove(made)
    for item in blocks["general"].items if "general" in blocks else ():
        _take_general(item, draft)


def _lines(lines: list[str], path: str) -> list[ConfLine]:
    found = []
    for number, text in enumerate(lines, 1):
        kept = text.partition("#")[0].strip()
        if kept:
            found.append(ConfLine(Origin(path, number), kept))
    return found


def _take_sync(sync: Block, made: DraftSection, peer: str, draft: Draft) -> None:
    channels = [item for item in sync.items if item.keyword in CHANNELS]
    # Of several the one that is marked so carries the words, and the others wait.
    channels.sort(key=lambda item: "default" not in item.written.lower())
    for other in channels[1:]:
        draft.remark("conntrackd-second", other.place)
    for item in sync.items:
        if item.keyword == "Mode":
            _take_mode(item, draft)
        elif item.keyword == "Options":
            draft.remark("conntrackd-options", item.place)
        elif item.keyword not in CHANNELS:
            draft.remark("conntrackd-word", item.place, keyword=item.keyword[:40])
    if channels:
        _take_channel(channels[0], made, peer, draft)


def _take_mode(item: Block, draft: Draft) -> None:
    if item.name.upper() != "FTFW":
        draft.remark("conntrackd-mode", item.place, mode=item.name[:20])
    for word in item.items:
        draft.remark("conntrackd-own", word.place, keyword=word.keyword[:40])


def _take_channel(channel: Block, made: DraftSection, peer: str, draft: Draft) -> None:
    if channel.keyword == "TCP":
        draft.remark("conntrackd-tcp", channel.place)
    multicast = channel.keyword == "Multicast"
    for item in channel.items:
        word = item.keyword
        if word == "Interface":
            made.set("device", item.name, item.place)
        elif word in ("IPv4_interface", "IPv6_interface") or (
            word in ("IPv4_address", "IPv6_address") and not multicast
        ):
            made.set("address", item.name, item.place)
        elif word.endswith("_Destination_Address"):
            made.add("peer_address", item.name, item.place)
        elif word in ("Port", "Group") and item.name != DEFAULT_PORT:
            made.set("port", item.name, item.place)
        elif word in SIZES:
            _take_general(item, draft)
    if multicast and peer:
        made.add("peer_address", peer, channel.place)


def _take_general(item: Block, draft: Draft) -> None:
    if item.keyword in SIZES:
        facts = {"keyword": item.keyword, "value": item.name[:20], "option": SIZES[item.keyword]}
        draft.remark("conntrackd-size", item.place, **facts)
    elif item.keyword in OWN:
        draft.remark("conntrackd-own", item.place, keyword=item.keyword)
    else:
        draft.remark("conntrackd-word", item.place, keyword=item.keyword[:40])
