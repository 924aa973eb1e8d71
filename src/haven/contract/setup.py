# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven setup` says to programs: its proposal, the words of its questions, and why it refuses.

A proposal is {"version", "role", "questions", "answers", "changes", "warnings"}; a question {"name",
"text", "answer", "choices", "asked", "why"}, a change {"sign", "package", "section", "option", "value"} with
sign "+" or "-".
`answers` is what --answers takes back. Programs go by the names and codes; the English is for people.
"""

from haven.contract.fields import Field, any_text, flag, list_of, mapping, text, whole
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
# How long a trial waits for somebody to say that the router is still reached.
CONFIRM_S = 90
# The answer to a question that may be left open.
NONE = "none"
# How the WAN gets its address: one lease, one session, a fixed address, or each router has its own.
DHCP_WAN, PPPOE_WAN, STATIC_WAN, OWN_WAN = ("dhcp", "pppoe", "static", "own")

PROPOSAL = (
    Field("version", whole()),
    Field("role", text),
    Field("questions", list_of(mapping)),
    Field("answers", mapping),
    Field("changes", list_of(mapping)),
    Field("warnings", list_of(text)),
)
QUESTION = (
    Field("name", text),
    Field("text", text),
    Field("answer", any_text),
    Field("choices", list_of(text)),
    Field("asked", flag),
    Field("why", mapping),
)
CHANGE = (
    Field("sign", text),
    Field("package", text),
    Field("section", text),
    Field("option", any_text),
    Field("value", any_text),
)

QUESTIONS = {
    "lan": "Interface of your clients",
    "lan_address": "Virtual address on it, the gateway of your clients",
    "own_address": "Own address of this router on it",
    "lan_vrid": "Virtual router ID there",
    "lan6_address": "IPv6 link-local virtual address there",
    "lan6_prefix": "IPv6 virtual address there with the prefix of the hosts",
    "ra": "Be the IPv6 hosts' router by router advertisements (1 yes, 0 no)",
    "dhcp": "Tell the clients by DHCP (1 yes, 0 no)",
    "leases": "Have every DHCP lease on both routers (1 yes, 0 no)",
    "wan": "Interface to the Internet, to be watched",
    "wan_proto": "How it gets its address (dhcp or pppoe: one for both routers; static; own: each router "
    "has its own)",
    "wan_user": "User name at the provider",
    "wan_password": "Password at the provider",
    "wan_gateway": "Gateway of the provider",
    "wan_dns": "DNS server of the provider",
    "wan_address": "Virtual address on it, a further fixed one of your provider",
    "wan_own_address": "Own address of this router on it, with the length of its network "
    "(such as 203.0.113.2/29)",
    "wan_vrid": "Virtual router ID there",
    "nat": "Let what leaves have the virtual address (1 yes, 0 no)",
    "node": "Name of this router",
    "priority": "Priority of this router",
    "common": "Have one configuration with the routers that join (1 yes, 0 no)",
    "preempt": "Take over again after a repair (1 yes, 0 no)",
    "advert_interval": "Milliseconds between two advertisements",
    "sync": "Link between the routers: an interface, a port of its own, or none",
    "sync_address": "Own address of this router on that link",
    "sync_peer": "Own address of the other router on that link",
}

# Why an answer is proposed.
WHYS = {
    "only-usual": "as usual",
    "one-router": "what is changed on one is changed on the other, too",
    "lan-named": "the interface of this name, with a fixed address",
    "lan-first": "the first interface with a fixed address",
    "own-becomes-virtual": "it is this router's own now, and your clients have it as their gateway",
    "own-stays": "it is this router's own now",
    "free-address": "nobody has it, and DHCP does not give it away",
    "free-unasked": "DHCP does not give it away; nobody could be asked, as {device} has no link",
    "vrid-free": "no other router was heard with it",
    "link-local": "hosts can have it as their gateway; IPv6 runs on {device}",
    "no-link-local": "{device} has no IPv6 address now",
    "prefix-fixed": "in the fixed prefix of the LAN",
    "prefix-local": "in this router's local prefix {prefix}: hosts keep it whoever is Active",
    "prefix-none": "the LAN has no fixed prefix, and this router no local one",
    "ra-follows": "hosts then have one IPv6 router, whoever is Active; odhcpd sends none there any more",
    "ra-off": "you have switched odhcpd's off there",
    "ra-relayed": "odhcpd hands on another router's there",
    "dhcp-serves": "this router serves DHCP there",
    "dhcp-none": "this router serves no DHCP there",
    "dhcp-yours": "you have set DHCP option {option} yourself",
    "wan-watched": "when it fails here, the other router is to be the gateway",
    "wan-no-link": "{interface} has no link now, and a router whose watched interface is down is no gateway",
    "wan-none": "there is no other interface",
    "wan-asks": "only you can know it; without one connections begin anew after a takeover",
    "wan-one-lease": "it is DHCP now; the Active alone asks, and a takeover goes on with its lease",
    "wan-one-session": "it is PPPoE now; the Active alone dials, and ends the session of a dead router",
    "wan-fixed": "it is a fixed one now",
    "wan-contract": "your provider has told you",
    "as-gateway": "the gateway is one as a rule",
    "leases-common": "a device keeps its address when the other router takes over, and none is given twice",
    "leases-no-queue": "install kmod-nft-queue first: without it the kernel cannot hold back an answer of "
    "the DHCP server until the other router knows the lease",
    "leases-odhcpd": "odhcpd serves DHCP here; haven knows the leases of dnsmasq",
    "wan-dynamic": "{interface} has its address by {proto}: it is left as it is",
    "wan-private": "nobody there answers for it",
    "masquerade": "connections then live on when the other router takes over",
    "no-masquerade": "what leaves by {interface} is not translated",
    "host-name": "the host name",
    "name-free": "no other router of the pair has it",
    "first-priority": "the other router gets less",
    "second-priority": "less than the first router's",
    "stay": "each change is a short interruption",
    "quick": "a dead router is replaced after about 0.4 s",
    "port-free": "{device} is used for nothing else",
    "over-lan": "no port is free; a cable of its own is better: answer with a port, such as {example}",
    "as-first": "as on the first router",
    "network-free": "this network is used nowhere on this router",
    "beside": "the address beside",
    "as-there": "the first router expects it",
    "given": "your answer",
}

REFUSALS = {
    "not-root": "haven setup needs root",
    "package-missing": "{file} is not there: this is no router with OpenWrt's configuration",
    "package-unreadable": "{file}: cannot be read: {error}",
    "package-no-uci": "{file}: this is no UCI configuration: {problem}",
    "uncommitted": "there are changes of {packages} that are not committed: 'uci commit' or "
    "'uci revert' them",
    "already-set-up": "haven is set up on this router already; 'haven setup --undo' or an edit of "
    "/etc/config/haven changes it",
    "trial-waits": "a setup waits for 'haven setup --confirm', or for its end after {left_s}",
    "trial-busy": "a setup is at work at this moment",
    "no-lan": "there is no interface with a fixed IPv4 address in /etc/config/network for your clients",
    "lan-by-dhcp": "the interface {interface} has its address by {proto}; a gateway needs a fixed one: set "
    "network.{interface}.proto to static, with an address",
    "interface-missing": "there is no interface {interface} in /etc/config/network",
    "interface-no-address": "the interface {interface} has no fixed IPv4 address",
    "no-free-address": "no address of {network} is free for this router, beside the range of DHCP",
    "no-free-network": "no network is free for the link between the routers; answer sync_address",
    "no-free-vrid": "other routers on {device} use all virtual router IDs",
    "not-address": "{question}: '{value}' is no IPv4 address such as 192.168.1.1",
    "not-link-local": "{question}: '{value}' is no IPv6 link-local address such as fe80::1",
    "not-prefix": "{question}: '{value}' is no IPv6 address with a prefix of 64, such as fd00:1:2:3::1/64",
    "outside": "{question}: {value} is outside of {network}, the network of {interface}",
    "reserved": "{question}: {value} is the address of the network itself, or its broadcast address",
    "other-length": "{question}: the network {network} has another length than {value}",
    "address-used": "{question}: {value} is the answer to {other} already",
    "address-answers": "{question}: another device has {value}",
    "in-dhcp-range": "{question}: {value} is in the range of DHCP, {first} to {last}",
    "overlaps": "{question}: {value} is in the network of {interface} already",
    "wan-no-device": "{question}: {interface} has no network device of its own that could be dialled on",
    "not-word": "{question}: it must not be empty, or have characters that cannot be printed",
    "not-with-length": "{question}: '{value}' is no address with the length of its network, such as "
    "203.0.113.2/29",
    "wan-is-lan": "{question}: {value} is the interface of your clients",
    "wan-not-static": "wan_address: {interface} has its address by {proto}; a virtual one needs a fixed "
    "one there",
    "advertised": "{address} is advertised by {source} already: this would be the second router, which "
    "'haven join' sets up",
    "vrid-heard": "{question}: {source} advertises with {value}; take another",
    "vrid-twice": "{question}: {value} is lan_vrid already",
    "not-vrid": "{question}: '{value}' is no whole number from 1 to 255",
    "not-flag": "{question}: '{value}' is neither 1 nor 0",
    "bad-value": "{question}: {error}",
    "not-choice": "{question}: '{value}' is none of: {choices}",
    "device-missing": "{question}: there is no interface or device {value}",
    "device-used": "{question}: {value} is used by {interface}",
    "last-port": "{question}: {value} is the only port of {interface}",
    "answer-unknown": "'{name}' is no question of this setup",
    "answer-needed": "{question} has to be answered: it cannot be known",
    "answers-unreadable": "{file}: {error}",
    "answers-no-object": "{file}: it has to be one JSON object of answers",
    "config-refused": "haven would refuse this configuration: {problem}",
    "pair-no-gateway": "the first router has no virtual router on an interface with a fixed address",
    "changed-meanwhile": "{files} changed meanwhile: begin again",
    "no-room": "{file}: cannot be written: {error}; nothing was changed",
    "not-tried": "the new configuration was not tried: {error}; everything is as it was before",
    "nothing-tried": "there is nothing to confirm: no setup waits for it",
    "too-late": "it is too late to confirm: everything is being taken back",
    "nothing-to-undo": "there is nothing to undo: no setup was confirmed on this router",
    "not-restored": "{files}: cannot be put back: {error}; what was there before is in {folder}",
}

# How a trial ended, or where it stands.
OUTCOMES = {
    "preparing": "the new configuration is put in place",
    "waiting": "the new configuration is in force",
    "confirmed": "confirmed: the new configuration stays",
    "undoing": "what was there before is put back",
    "undone": "everything is as it was before",
    "no-answer": "nobody confirmed: everything is as it was before",
    "own-address-late": "{device} did not get {address}: everything is as it was before",
    "gateway-late": "haven did not take {address} ({word}): everything is as it was before",
    "standby-late": "haven did not get ready to take over ({word}): everything is as it was before",
    "not-written": "{error}: everything is as it was before",
    "not-restored": REFUSALS["not-restored"],
    "interrupted": "the router was started anew before anybody confirmed: everything is as it was before",
}

# What a person should know before saying yes.
WARNINGS = {
    "gateway-twice": "{address} becomes this router's own again, and {nodes} goes on with it as virtual "
    "address: two machines would have it. Take one of the two off the link first, or give this router "
    "another address at once",
    "session-ends": "this session goes to {address}, which the router gives up: it ends now; the router is "
    "reached at {own}",
    "still-paired": "this router and {nodes} still know each other: 'haven unpair NODE' ends that",
}


class SetupRefused(Exception):
    """Setup does not do it: a code of REFUSALS, and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(REFUSALS[code], facts, {}))
        self.code = code
        self.facts = facts

    def as_dict(self) -> "dict[str, Any]":
        """Return it as a document."""
        return {"error": str(self), "code": self.code, "facts": self.facts}


def why(code: str, **facts: "Any") -> "dict[str, Any]":
    """Return the reason of an answer as a document."""
    return {"code": code, "facts": facts, "message": render(WHYS[code], facts, {})}


def warning(code: str, **facts: "Any") -> str:
    """Return a warning in words."""
    return render(WARNINGS[code], facts, {})
