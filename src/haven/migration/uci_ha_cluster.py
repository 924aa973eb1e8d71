# SPDX-License-Identifier: GPL-2.0-or-later
"""ha-cluster's /etc/config/ha-cluster as the blocks that it writes into keepalived.conf."""

from haven.config.uci.document import UciEntry, UciSection
from haven.inet import octets_of
from haven.migration.draft import Draft
from haven.migration.keepalived_blocks import Block
from haven.migration.origin import Origin

# Its IPv6 instance has the VRID of the IPv4 one and this much.
VRID6 = 128
_PLAIN = ("vrid", "interface", "priority", "advert_int", "preempt_delay", "garp_master_delay")
_KEYWORDS = {"vrid": "virtual_router_id", "interface": "netifd"}
_SCRIPT = ("script", "interval", "timeout", "weight", "rise", "fall", "user")
_TRUE = ("1", "yes", "on", "true", "enabled")


def ha_cluster_blocks(sections: list[UciSection], file: str, draft: Draft) -> Block:
    """Return the blocks as ha-cluster would write them, with netifd's names for the interfaces."""
    return _Cluster(sections, file, draft).root


class _Cluster:
    def __init__(self, sections: list[UciSection], file: str, draft: Draft) -> None:
        self._file = file
        self._draft = draft
        self._sections = sections
        self._config = next((each for each in sections if each.name == "config"), UciSection("global"))
        self.root = Block([""], Origin(file))
        self.root.body = []
        for section in sections:
            self._take(section)

    def _take(self, section: UciSection) -> None:
        place = Origin(self._file, section.line)
        if section.type == "vrrp_instance":
            self._instance(section)
        elif section.type == "script":
            self._script(section)
        elif section.type == "service" and section.value("enabled") in _TRUE:
            files = [entry.value for entry in section.entries if entry.name == "config_files"]
            self._draft.remark("cluster-service", place, name=section.name, files=", ".join(files)[:100])
            if section.value("sync_leases") in _TRUE:
                self._draft.remark("cluster-leases", place)
        elif section.type == "exclude":
            self._draft.remark("cluster-exclude", place)
        elif section.type == "peer":
            self._draft.remark("cluster-peer", place, name=section.value("name")[:60])
        elif section.type == "advanced" and section.value("enable_notifications") in _TRUE:
            self._draft.remark("mail", place, keyword="enable_notifications")

    def _add(self, block: Block, line: int, *words: str) -> Block:
        made = Block([each for each in words if each], Origin(self._file, line))
        if block.body is None:
            block.body = []
        block.body.append(made)
        return made

    def _instance(self, section: UciSection) -> None:
        addresses: dict[int, list[Block]] = {4: [], 6: []}
        for vip in self._sections:
            if vip.type == "vip" and vip.value("vrrp_instance") == section.name:
                self._take_vip(vip, section, addresses)
        names = [f"{section.name}_v6" if family == 6 else section.name for family in (4, 6)]
        for family, name in zip((4, 6), names, strict=True):
            if addresses[family]:
                made = self._add(self.root, section.line, "vrrp_instance", name)
                self._add(made, section.line, "virtual_ipaddress").body = addresses[family]
                self._fill(section, made, family)
        if not any(addresses.values()):
            place = Origin(self._file, section.line)
            self._draft.remark("no-address", place, keyword=section.label[:60])

    def _take_vip(self, vip: UciSection, section: UciSection, addresses: dict[int, list[Block]]) -> None:
        if vip.value("enabled") not in _TRUE:
            self._draft.remark("vip-disabled", Origin(self._file, vip.line), section=vip.label[:60])
            return
        interface = vip.value("interface")
        if interface != section.value("interface"):
            place = Origin(self._file, vip.line)
            self._draft.remark("vip-elsewhere", place, section=vip.label[:60], interface=interface[:40])
            return
        for option, length in (
            ("address", _length(vip.value("netmask") or "255.255.255.0")),
            ("address6", vip.value("prefix6") or "64"),
        ):
            if vip.value(option):
                line = next(entry.line for entry in vip.entries if entry.name == option)
                block = Block([f"{vip.value(option)}/{length}"], Origin(self._file, line))
                addresses[6 if option == "address6" else 4].append(block)

    def _fill(self, section: UciSection, made: Block, family: int) -> None:
        given = {entry.name: entry for entry in section.entries}
        for option in _PLAIN:
            if option in given:
                self._add(
                    made, given[option].line, _KEYWORDS.get(option, option), _value(given[option], family)
                )
        if "priority" not in given and self._config.value("node_priority"):
            self._add(made, section.line, "priority", self._config.value("node_priority"))
        if section.value("nopreempt") in ("", *_TRUE):
            self._add(made, section.line, "nopreempt")
        if section.value("auth_type").lower() in ("pass", "ah") and section.value("auth_pass"):
            block = self._add(made, given["auth_pass"].line, "authentication")
            self._add(block, given["auth_pass"].line, "auth_type", section.value("auth_type"))
            self._add(block, given["auth_pass"].line, "auth_pass", section.value("auth_pass"))
        for option in ("track_interface", "track_script"):
            self._add_list(section, option, made)
        self._add_unicast(section, made, family)

    def _add_list(self, section: UciSection, option: str, made: Block) -> None:
        entries = [entry for entry in section.entries if entry.name == option]
        if entries:
            block = self._add(made, entries[0].line, option)
            for entry in entries:
                self._add(block, entry.line, entry.value)

    def _add_unicast(self, section: UciSection, made: Block, family: int) -> None:
        peers = [entry.value for entry in section.entries if entry.name == "unicast_peer"]
        source = section.value("unicast_src_ip")
        if not peers and self._config.value("vrrp_transport") == "unicast":
            others = [each for each in self._sections if each.type == "peer"]
            peers = [each.value("address") for each in others]
            source = source or next((each.value("source_address") for each in others), "")
        peers = [each for each in peers if each and (":" in each) == (family == 6)]
        if not peers:
            return
        block = self._add(made, section.line, "unicast_peer")
        for peer in peers:
            self._add(block, section.line, peer)
        if source and (":" in source) == (family == 6):
            self._add(made, section.line, "unicast_src_ip", source)

    def _script(self, section: UciSection) -> None:
        made = self._add(self.root, section.line, "vrrp_script", section.name)
        made.body = []
        if not section.value("interval"):
            self._add(made, section.line, "interval", "5")
        for entry in section.entries:
            if entry.name in _SCRIPT:
                self._add(made, entry.line, entry.name, entry.value)


def _value(entry: UciEntry, family: int) -> str:
    if entry.name == "vrid" and family == 6 and entry.value.isdecimal():
        return str(int(entry.value) + VRID6)
    return entry.value


def _length(netmask: str) -> str:
    """Return a netmask as the length of the prefix; what is none as it is."""
    try:
        octets = octets_of(netmask)
    except (OSError, ValueError):
        return netmask
    ones = bin(int.from_bytes(octets, "big"))[2:].rstrip("0")
    return str(len(ones)) if len(octets) == 4 and "0" not in ones else netmask
