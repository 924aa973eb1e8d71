# SPDX-License-Identifier: GPL-2.0-or-later
"""What keepalived tracks, as haven tracks it: interfaces, scripts, processes, BFD."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_instance import Tracked, remark_on
from haven.migration.keepalived_routers import milliseconds
from haven.migration.origin import Origin

SCRIPT = ("script", "interval", "timeout", "weight", "rise", "fall", "user", "init_fail")
SHORTEST_MS = 100
BFD_SHORTEST_MS = 10
# What keepalived.conf(5) has as defaults; haven's are others.
BFD_MULTIPLIER = "5"


class Checks:
    """The blocks that are tracked by name, and the sections that were made of them."""

    def __init__(self, draft: Draft, user: str) -> None:
        self._draft = draft
        self._user = user
        self._scripts: dict[str, Block] = {}
        self._processes: dict[str, Block] = {}
        self._sessions: dict[str, Block] = {}
        self._made: dict[tuple[str, str, int], str] = {}
        self._named: set[tuple[str, str]] = set()

    def take(self, block: Block) -> bool:
        """Note a block that may be tracked; tell whether it is one."""
        kinds = {
            "vrrp_script": self._scripts,
            "vrrp_track_process": self._processes,
            "track_process": self._processes,
            "bfd_instance": self._sessions,
        }
        if block.keyword not in kinds:
            return False
        kinds[block.keyword][block.name] = block
        return True

    def add(self, tracked: Tracked, router: DraftSection) -> int:
        """Let a router track something; return what its weight adds to the priority while all is well."""
        self._named.add((tracked.kind, tracked.name))
        if tracked.kind == "track_interface":
            return self._interface(tracked, router)
        if tracked.kind == "track_bfd":
            return self._session(tracked, router)
        if tracked.kind == "track_file":
            # Said where the file is named.
            return 0
        return self._script(tracked, router)

    def remark_on_unused(self) -> None:
        """Say which checks nobody goes by; keepalived does not make them either."""
        for kind, blocks in (
            ("track_script", self._scripts),
            ("track_process", self._processes),
            ("track_bfd", self._sessions),
        ):
            for name, block in blocks.items():
                if (kind, name) not in self._named:
                    self._draft.remark("check-unused", block.place, name=name[:60])

    def _interface(self, tracked: Tracked, router: DraftSection) -> int:
        weight = self._weight(tracked, tracked.weight)
        if weight is None:
            return 0
        router.add(
            "track_interface", f"{tracked.name}:{abs(weight)}" if weight else tracked.name, tracked.place
        )
        return max(weight, 0)

    def _weight(self, tracked: Tracked, text: str | None) -> int | None:
        """Return a weight, or None where there is no counterpart."""
        if tracked.reverse:
            self._draft.remark("track-reverse", tracked.place, name=tracked.name[:60])
            return None
        number = (text or "0").lstrip("+-")
        if not number.isdecimal() or int(number) > 254:
            self._draft.remark(
                "track-weight", tracked.place, name=tracked.name[:60], weight=(text or "")[:20]
            )
            return None
        return -int(number) if text and text.startswith("-") else int(number)

    def _script(self, tracked: Tracked, router: DraftSection) -> int:
        blocks = self._scripts if tracked.kind == "track_script" else self._processes
        block = blocks.get(tracked.name)
        if block is None:
            self._draft.remark("check-missing", tracked.place, name=tracked.name[:60])
            return 0
        own = next((item for item in block.each("weight")), None)
        tracked.reverse = tracked.reverse or (
            tracked.weight is None and own is not None and "reverse" in own.words
        )
        default = own.name if own else None
        weight = self._weight(tracked, tracked.weight if tracked.weight is not None else default)
        if weight is None:
            return 0
        key = (tracked.kind, tracked.name, abs(weight))
        if key not in self._made:
            self._made[key] = self._section(tracked, block, abs(weight))
        if not self._made[key]:
            return 0
        router.add("track_script", self._made[key], tracked.place)
        return max(weight, 0)

    def _section(self, tracked: Tracked, block: Block, weight: int) -> str:
        process = tracked.kind == "track_process"
        command = _process_command(block) if process else _command(block)
        if not command or command.startswith("<"):
            self._draft.remark("script-odd", block.place, name=block.name[:60])
            return ""
        if not command.startswith("/"):
            command = "/bin/sh -c '%s'" % command.replace("'", "'\\''")
            self._draft.remark("script-shell", block.place, name=block.name[:60])
        made = self._draft.section("track_script", block.name, block.place)
        made.set("command", command, _place_of(block, "script"))
        made.set("weight", weight, _place_of(block, "weight"))
        if process:
            made.set("interval", 1000)
            made.set("timeout", 1000)
            self._draft.remark("process", block.place, name=block.name[:60])
        else:
            self._add_times(block, made)
        return made.name

    def _add_times(self, block: Block, made: DraftSection) -> None:
        values = {item.keyword: item for item in block.items}
        interval = self._time(values.get("interval"), "1")
        made.set("interval", interval, _place_of(block, "interval"))
        timeout = self._time(values.get("timeout"), "") if "timeout" in values else interval
        made.set("timeout", _least(timeout, interval), _place_of(block, "timeout"))
        for word in ("rise", "fall"):
            made.set(word, values[word].name if word in values else "1", _place_of(block, word))
        user = values["user"].name if "user" in values else self._user
        if user and user != "root":
            made.set("user", user, _place_of(block, "user"))
        for item in block.items:
            if item.keyword not in SCRIPT:
                remark_on(item, {}, self._draft)

    def _time(self, item: Block | None, default: str) -> str:
        text = item.name if item else default
        value = milliseconds(text)
        return text if value is None else str(max(value, SHORTEST_MS))

    def _session(self, tracked: Tracked, router: DraftSection) -> int:
        block = self._sessions.get(tracked.name)
        if block is None:
            self._draft.remark("check-missing", tracked.place, name=tracked.name[:60])
            return 0
        key = (tracked.kind, tracked.name, 0)
        if key not in self._made:
            self._made[key] = self._bfd(block)
        router.add("bfd", self._made[key], tracked.place)
        return 0

    def _bfd(self, block: Block) -> str:
        made = self._draft.section("bfd", block.name, block.place)
        self._draft.remark("bfd", block.place, name=block.name[:60])
        made.set("multiplier", BFD_MULTIPLIER)
        for option in ("min_tx", "min_rx"):
            made.set(option, BFD_SHORTEST_MS)
        for item in block.items:
            self._take_bfd(item, made)
        return made.name

    def _take_bfd(self, item: Block, made: DraftSection) -> None:
        if item.keyword in ("neighbor_ip", "neighbour_ip"):
            made.set("address", item.name, item.place)
        elif item.keyword in ("min_tx", "min_rx"):
            whole = item.name.partition(".")[0]
            value = max(int(whole), BFD_SHORTEST_MS) if whole.isdecimal() else item.name
            made.set(item.keyword, value, item.place)
        elif item.keyword == "multiplier":
            made.set("multiplier", item.name, item.place)
        elif item.keyword not in ("source_ip", "vrrp", "weight"):
            self._draft.remark("bfd-word", item.place, keyword=item.keyword[:40])


def _place_of(block: Block, keyword: str) -> Origin:
    return next((item.place for item in block.each(keyword)), block.place)


def _least(timeout: str, interval: str) -> str:
    numbers = [int(each) for each in (timeout, interval) if each.isdecimal()]
    return str(min(numbers)) if len(numbers) == 2 else timeout


def _command(block: Block) -> str:
    item = next((each for each in block.each("script")), None)
    if item is None or len(item.words) < 2:
        return ""
    return " ".join(item.words[1:]).strip()


def _process_command(block: Block) -> str:
    item = next((each for each in block.each("process")), None)
    name = item.name.rsplit("/", 1)[-1] if item else ""
    return f"/bin/pidof {name}" if name and "'" not in name and " " not in name else ""
