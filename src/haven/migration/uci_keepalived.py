# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenWrt's /etc/config/keepalived as the blocks that its init script writes into keepalived.conf."""

from haven.config.uci.document import UciEntry, UciSection
from haven.migration.draft import Draft
from haven.migration.keepalived_blocks import Block
from haven.migration.keepalived_words import names
from haven.migration.origin import Origin

# Options that the script writes with their value, and those of which it writes the name alone.
_PLAIN = names(
    "state interface mcast_src_ip unicast_src_ip virtual_router_id version priority advert_int "
    "preempt_delay debug lvs_sync_daemon_interface garp_master_delay garp_master_refresh "
    "garp_master_repeat garp_master_refresh_repeat"
)
_WORDS = names("vmac_xmit_base native_ipv6 accept dont_track_primary smtp_alert nopreempt use_vmac no_accept")
_SCRIPT = names("script interval weight fall rise timeout")
_BFD = names("neighbor_ip source_ip min_rx min_tx idle_tx hoplimit max_hops")
_GLOBALS = names(
    "notification_email notification_email_from smtp_server smtp_connect_timeout router_id "
    "vrrp_mcast_group4 vrrp_mcast_group6 vrrp_startup_delay"
)
_LVS = ("virtual_server", "real_server", "url")
# What other sections name.
_NAMED = ("ipaddress", "route", "track_interface", "peer", "vrrp_script", "bfd_instance")
_KNOWN = (
    "globals",
    "static_ipaddress",
    "static_routes",
    "interface_up_down_delays",
    "vrrp_sync_group",
    "vrrp_instance",
    *_NAMED,
    *_LVS,
)


def blocks_of(sections: list[UciSection], file: str, draft: Draft) -> Block:
    """Return the blocks as the init script would write them."""
    return _Blocks(sections, file, draft).root


def alternative(sections: list[UciSection]) -> tuple[str, int]:
    """Return the keepalived.conf that is used instead of the sections, and the line that says so."""
    for section in sections:
        for entry in section.entries:
            if section.type == "globals" and entry.name == "alt_config_file" and entry.value:
                return entry.value, entry.line
    return "", 0


class _Blocks:
    def __init__(self, sections: list[UciSection], file: str, draft: Draft) -> None:
        self._file = file
        self._draft = draft
        self._sections = sections
        self.root = Block([""], Origin(file))
        self.root.body = []
        for section in sections:
            self._take(section)

    def _take(self, section: UciSection) -> None:
        kinds = {
            "globals": self._globals,
            "vrrp_instance": self._instance,
            "vrrp_sync_group": self._group,
            "vrrp_script": self._script,
            "bfd_instance": self._bfd,
            "static_ipaddress": self._static,
            "static_routes": self._static,
        }
        if section.type in kinds:
            kinds[section.type](section)
        elif section.type == "virtual_server":
            self._add(
                self.root, section.line, "virtual_server", section.value("ipaddr"), section.value("port")
            )
        elif section.type == "interface_up_down_delays":
            self._add(self.root, section.line, "interface_up_down_delays")
        elif section.type not in _KNOWN:
            self._draft.remark("section-unknown", self._place(section.line), section=section.label[:60])

    def _place(self, line: int) -> Origin:
        return Origin(self._file, line)

    def _add(self, block: Block, line: int, *words: str) -> Block:
        made = Block([each for each in words if each], self._place(line))
        if block.body is None:
            block.body = []
        block.body.append(made)
        return made

    def _named(self, section: UciSection, keyword: str) -> Block | None:
        """Begin a block; sections without a name, which the script passes over, are remarked on."""
        name = section.value("name")
        if not name:
            self._draft.remark("section-nameless", self._place(section.line), section=section.label[:60])
            return None
        made = self._add(self.root, section.line, keyword, name)
        made.body = []
        return made

    def _globals(self, section: UciSection) -> None:
        made = self._add(self.root, section.line, "global_defs")
        made.body = []
        for entry in section.entries:
            if entry.name == "linkbeat_use_polling":
                self._add(self.root, entry.line, entry.name)
            elif entry.name in _GLOBALS:
                self._add(made, entry.line, entry.name, entry.value)

    def _instance(self, section: UciSection) -> None:
        made = self._named(section, "vrrp_instance")
        if made is None:
            return
        for entry in section.entries:
            self._take_instance(entry, made)
        self._add_authentication(section, made)
        for keyword, type in (
            ("virtual_ipaddress", "ipaddress"),
            ("virtual_ipaddress_excluded", "ipaddress"),
            ("virtual_routes", "route"),
            ("track_interface", "track_interface"),
            ("track_script", "vrrp_script"),
            ("track_bfd", "bfd_instance"),
            ("unicast_peer", "peer"),
        ):
            self._add_listed(section, keyword, type, made)

    def _take_instance(self, entry: UciEntry, made: Block) -> None:
        if entry.name in _PLAIN:
            self._add(made, entry.line, entry.name, entry.value)
        elif entry.name in _WORDS:
            # The script goes by whether there is a value, and 0 is one.
            self._add(made, entry.line, entry.name)
        elif entry.name in ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop"):
            self._add(made, entry.line, entry.name, entry.value)
        elif entry.name not in _OTHERS:
            word = f"{entry.name} {entry.value}"
            self._draft.remark("option-unknown", self._place(entry.line), option=word[:100])

    def _add_authentication(self, section: UciSection, made: Block) -> None:
        if not (section.value("auth_type") and section.value("auth_pass")):
            return
        line = next(entry.line for entry in section.entries if entry.name == "auth_pass")
        block = self._add(made, line, "authentication")
        for option in ("auth_type", "auth_pass"):
            self._add(block, line, option, section.value(option))

    def _add_listed(self, section: UciSection, keyword: str, type: str, made: Block) -> None:
        entries = [entry for entry in section.entries if entry.name == keyword]
        if not entries:
            return
        block = self._add(made, entries[0].line, keyword)
        block.body = []
        for entry in entries:
            for name in entry.value.split():
                self._add_named(name, type, block, entry)

    def _add_named(self, name: str, type: str, block: Block, entry: UciEntry) -> None:
        found = [each for each in self._sections if each.type == type and each.value("name") == name]
        # The init script adds what every section of the name says; one that names none is passed over.
        if not found:
            self._draft.remark("name-missing", self._place(entry.line), type=type, name=name[:60])
        for each in found:
            words = _words(each)
            if words:
                self._add(block, each.line, *words)

    def _group(self, section: UciSection) -> None:
        made = self._named(section, "vrrp_sync_group")
        if made is None:
            return
        for entry in section.entries:
            if entry.name == "group":
                self._add(self._add(made, entry.line, "group"), entry.line, *entry.value.split())
            elif entry.name == "smtp_alert":
                self._add(made, entry.line, entry.name)
        self._add_listed(section, "track_script", "vrrp_script", made)

    def _script(self, section: UciSection) -> None:
        made = self._named(section, "vrrp_script")
        for entry in section.entries if made else ():
            if made and entry.name in _SCRIPT:
                self._add(made, entry.line, entry.name, entry.value)

    def _bfd(self, section: UciSection) -> None:
        made = self._named(section, "bfd_instance")
        for entry in section.entries if made else ():
            if made and entry.name in _BFD:
                self._add(made, entry.line, entry.name, entry.value)

    def _static(self, section: UciSection) -> None:
        type = "ipaddress" if section.type == "static_ipaddress" else "route"
        made = self._add(self.root, section.line, section.type)
        for entry in section.entries:
            for name in entry.value.split():
                self._add_named(name, type, made, entry)


# Of an instance, beside what it lists and what is written as it is.
_OTHERS = names(
    "name auth_type auth_pass virtual_ipaddress virtual_ipaddress_excluded virtual_routes "
    "track_interface track_script track_bfd unicast_peer"
)


def _words(section: UciSection) -> list[str]:
    """Return the words that the init script writes for a section that another one names."""
    if section.type == "ipaddress":
        return _with(section, [section.value("address")], ("device", "dev"))
    if section.type == "route":
        return _route(section)
    if section.type == "track_interface":
        return _with(section, [section.value("value")], ("weight", "weight"))
    if section.type == "peer":
        words = [section.value("address")]
        return _with(section, words, ("min_ttl", "min_ttl"), ("max_ttl", "max_ttl"))
    words = _with(section, [section.value("name")], ("weight", "weight"))
    return [*words, "reverse"] if section.value("direction") == "reverse" else words


def _route(section: UciSection) -> list[str]:
    if section.value("blackhole") in ("1", "yes", "on", "true", "enabled"):
        return ["blackhole", section.value("address")]
    source = ["src", section.value("src_addr")] if section.value("src_addr") else []
    words = [*source, section.value("address")]
    return _with(
        section, words, ("gateway", "via"), ("device", "dev"), ("scope", "scope"), ("table", "table")
    )


def _with(section: UciSection, words: list[str], *options: tuple[str, str]) -> list[str]:
    if not words[-1]:
        return []
    for option, word in options:
        if section.value(option):
            words += [word, section.value(option)]
    return words
