# SPDX-License-Identifier: GPL-2.0-or-later
"""Every text of `haven import`: a row each, with the facts that belong in it."""

# Somebody has to do something; it is there, and otherwise; nothing has to be done.
TO_DO, DIFFERS, NEEDLESS = "to do", "differs", "not needed"

ERRORS = {
    "file-unreadable": "{file} cannot be read: {error}",
    "file-large": "{file} has more than {most} octets; no router's configuration has",
    "file-binary": "there is a NUL in it; this is no text",
    "files-many": "more than {most} files",
    "files-large": "the files have more than {most} octets together",
    "include-loop": "{file} includes itself, by way of this line",
    "include-deep": "files include each other more than {most} deep",
    "include-wide": "'{pattern}' has wildcards in more than {most} folders",
    "lines-many": "parameters and sequences make more than {most} lines of it",
    "sections-many": "more than {most} sections would come of it",
    "rows-many": "{name} would have more than {most} lines",
    "line-long": "the line has more than {most} characters",
    "parameter-endless": "a parameter stands for itself, and there is no end to it",
    "sequence-wrong": "'{text}' cannot be understood",
    "quote-open": "a quote is not closed",
    "block-open": "the block '{name}' is not closed: a '}}' is missing",
    "brace-extra": "a '}}' too many",
    "brace-nameless": "a '{{' without a word before it",
    "blocks-deep": "blocks in blocks, more than {most} deep",
    "template": "'{text}' is the placeholder of a template: fill it in first",
    "uci-wrong": "{problem}",
    "conntrackd-no-sync": "there is neither a Sync nor a Stats block in it",
    "ucarp-none": "no ucarp is started in it: a VHID and an address are missing",
    "ucarp-word": "'{word}' is no word of ucarp's",
    "format-unknown": "this is none of keepalived.conf, conntrackd.conf, a command line or the variables of "
    "ucarp, /etc/network/interfaces with ucarp, /etc/config/keepalived and /etc/config/ha-cluster",
    "nothing": "there is nothing in it that haven does",
}

_SCRIPTS = "a file in /etc/hotplug.d/haven"

REMARKS = {
    # Any format.
    "keyword-unknown": (TO_DO, "'{keyword}' is not known, to keepalived neither", "see what was meant"),
    "conditions": (
        TO_DO,
        "lines for {ids} are left out, and none was for '{config_id}'",
        "say with --config-id which of them this router is (keepalived -i)",
    ),
    "renamed": (DIFFERS, "'{name}' is no name for UCI, or is taken", "it is called '{made}' here"),
    "needless": (NEEDLESS, "{keyword}", "haven needs no such setting"),
    "own-timing": (
        NEEDLESS,
        "{keyword}",
        "haven announces the addresses several times by itself, and again after a split",
    ),
    "protocol-rule": (DIFFERS, "{keyword}", "haven keeps to RFC 9568's rule"),
    "multicast-group": (
        TO_DO,
        "{keyword}: haven sends to 224.0.0.18 and ff02::12 alone",
        "use the usual group on all routers, or list unicast_peer",
    ),
    # Scripts and messages.
    "mail": (
        TO_DO,
        "{keyword} is not taken over",
        "config notify with option mail sends e-mail (docs/notify.md)",
    ),
    "script": (
        TO_DO,
        "{keyword} '{command}' is not called",
        "call it from " + _SCRIPTS + " where ACTION is {action}, or make it a config service "
        "(docs/services.md)",
    ),
    "script-service": (
        TO_DO,
        "{keyword} starts or stops {service}",
        "config service with list init '{service}' runs it by role (docs/services.md)",
    ),
    "script-conntrack": (
        NEEDLESS,
        "{keyword} is conntrackd's primary-backup.sh",
        "config conntrack does all of it: import conntrackd.conf, too",
    ),
    "script-hotplug": (
        TO_DO,
        "{keyword} calls the files in /etc/hotplug.d/keepalived",
        "move those of your own to /etc/hotplug.d/haven: ACTION is active, backup or fault there",
    ),
    "start-script": (TO_DO, "{keyword} is not called", "make it a service of the system's"),
    "notify-fifo": (TO_DO, "{keyword}: there is no FIFO", "'haven events --follow --json' says the same"),
    "start-delay": (
        DIFFERS,
        "{keyword}: haven begins at once, and hears first",
        "option preempt_delay of the group keeps a router that comes back waiting",
    ),
    "snmp": (TO_DO, "{keyword}: no SNMP and no D-Bus", "'haven status --json' and ubus tell the state"),
    # What haven does not do.
    "lvs": (
        TO_DO,
        "{block}: haven does no load balancing (LVS)",
        "keep keepalived for it, without its vrrp_instances ('keepalived --check')",
    ),
    "lvs-sync": (TO_DO, "{keyword}: haven does no load balancing (LVS)", "ipvsadm --start-daemon does it"),
    "static-address": (TO_DO, "static address '{text}'", "write it into /etc/config/network"),
    "static-route": (TO_DO, "static route '{text}'", "write it into /etc/config/network: config route"),
    "static-rule": (TO_DO, "static rule '{text}'", "write it into /etc/config/network: config rule"),
    "rules": (
        TO_DO,
        "{keyword}: haven moves no rules",
        "have them on all routers (/etc/config/network: config rule), with the route alone moving",
    ),
    "namespace": (TO_DO, "{keyword}", "start havend in that namespace, with a --run-dir of its own"),
    "debounce": (DIFFERS, "{keyword}: haven goes by the link at once", "there is no delay to be set"),
    "vrf": (TO_DO, "{keyword}: haven knows no VRF", "name the device"),
    "ipvlan": (TO_DO, "{keyword}: haven makes no ipvlan", "option virtual_mac '1', or none"),
    "vmac-named": (
        DIFFERS,
        "use_vmac '{name}'",
        "the device has a name of haven's, hv4-VRID-DEVICE, and RFC 9568's MAC address",
    ),
    "vmac-elsewhere": (DIFFERS, "{keyword}", "see the further virtual routers: set virtual_mac there"),
    "primary-tracked": (DIFFERS, "{keyword}", "a device that is down is a fault for haven, always"),
    "source-tracked": (NEEDLESS, "{keyword}", "for haven that is always a fault"),
    "strict": (DIFFERS, "strict mode", "haven keeps the RFC's rules, and answers on the virtual addresses"),
    "no-address": (
        TO_DO,
        "{keyword} has no virtual address, and is left out",
        "a virtual router of haven's has one at least; where a cloud moves it, see docs/cloud.md",
    ),
    # Virtual routers.
    "device-assumed": (DIFFERS, "{name} names no interface", "{device} is taken, as keepalived does"),
    "interval-rounded": (DIFFERS, "advert_int {given}", "{interval_ms} ms, which this version can say"),
    "delay-rounded": (DIFFERS, "preempt_delay {given}", "haven takes whole seconds: {delay_s}"),
    "nopreempt-master": (
        DIFFERS,
        "nopreempt beside 'state MASTER' has no effect in keepalived",
        "preempt '1', as it was; write '0' if nobody is to preempt",
    ),
    "preempt-mixed": (
        DIFFERS,
        "some members of {name} preempt and others do not",
        "a group of haven's does as a whole: it does not, now",
    ),
    "auth-ah": (
        TO_DO,
        "auth_type AH: haven has none, and refuses packets with it",
        "PASS on all routers first, or no authentication",
    ),
    "auth-version": (NEEDLESS, "authentication beside version 3 or IPv6", "keepalived ignores it, too"),
    "auth-strict": (NEEDLESS, "authentication in strict mode", "keepalived ignores it, too"),
    "source-virtual": (
        DIFFERS,
        "{keyword} is a virtual address",
        "advertisements come from an address of the device; set source_address if it has several",
    ),
    "auth-cut": (DIFFERS, "auth_pass is longer than 8", "the first 8 octets are what keepalived sends"),
    "hmac-file": (
        TO_DO,
        "a key of auth_hmac is in {file}",
        "write it into {option}, ID:KEY; nothing is signed without it",
    ),
    "hmac-third": (TO_DO, "key {key} of auth_hmac is a third one", "haven has two at a time"),
    "unicast-hops": (
        DIFFERS,
        "keepalived sends with a lower hop limit than 255",
        "unicast_hops is {hops}; set it to 0, and unicast_hops_unsigned, when all routers run haven",
    ),
    "router-device": (
        DIFFERS,
        "{of} has addresses on {device}",
        "{name} has them, a virtual router of its own in the same group; the same on all routers",
    ),
    "router-family": (
        DIFFERS,
        "{of} has addresses of both families",
        "{name} has those of the second, a virtual router of its own in the same group",
    ),
    "router-vrid": (
        DIFFERS,
        "addresses of {of} that are not advertised",
        "{name} has them, with VRID {vrid}: see that it is free on {device}; the same on all routers",
    ),
    "address-twice": (NEEDLESS, "{address} stands there twice", "once is enough"),
    "address-held": (
        DIFFERS,
        "{address} of {name} is with {holder} already",
        "haven gives an address to one virtual router",
    ),
    "address-words": (NEEDLESS, "{words} of addresses", "haven's addresses have none"),
    "link-local": (
        DIFFERS,
        "{name} has no link-local address, which RFC 9568 wants",
        "{address} is added; the same on all routers",
    ),
    "route-kind": (TO_DO, "route '{route}'", "haven moves routes with a gateway or a device: have it on all"),
    "route-family": (TO_DO, "route '{route}' is of the other family", "add it to a virtual router of that"),
    "route-words": (DIFFERS, "'{words}' of a route", "the route is there without it"),
    # Groups.
    "member-missing": (DIFFERS, "{group} has '{name}', which is no vrrp_instance", "it is left out"),
    "weight-in-group": (
        DIFFERS,
        "the weight of {name} has no effect in a sync group of keepalived's",
        "haven goes by it: the whole group is less willing",
    ),
    "weight-raises": (
        DIFFERS,
        "weights of {name} raise the priority by {weight} while all is well",
        "haven's lower it: so it begins there, and is the same in every case",
    ),
    "priority-capped": (TO_DO, "the priority of {name} would be above {priority}", "lower it on all routers"),
    # Tracking.
    "track-reverse": (TO_DO, "{name} is tracked in reverse", "a track_script that says the opposite"),
    "track-weight": (TO_DO, "weight '{weight}' of {name}", "0 to 254 are haven's"),
    "check-missing": (TO_DO, "'{name}' is tracked, and is nowhere", "see what was meant"),
    "check-unused": (NEEDLESS, "'{name}' is tracked by nobody", "keepalived does not make it either"),
    "script-odd": (
        TO_DO,
        "{name} has no program to run",
        "a track_script with its whole path; a TCP port of another host is a track_host of kind tcp",
    ),
    "script-shell": (
        DIFFERS,
        "the command of {name} has no whole path",
        "a shell looks for it: better write the path",
    ),
    "process": (
        DIFFERS,
        "{name} watches a process",
        "a track_script looks for it with pidof each second; quorum and delays are not carried over",
    ),
    "track-file": (
        TO_DO,
        "{keyword}: haven reads no number from a file",
        "a track_script that reads it, and ends with 0 while all is well",
    ),
    "bfd": (
        DIFFERS,
        "{name}: a session that is down was a fault or a weight",
        "for haven it says that the router at the other end is dead, if that is the Active (docs/bfd.md)",
    ),
    "bfd-word": (TO_DO, "{keyword} of a BFD session", "haven has sessions on the link itself, no other"),
    # conntrackd.
    "conntrackd-stats": (TO_DO, "Stats", "haven's conntrackd copies connections and counts none"),
    "conntrackd-peer": (
        TO_DO,
        "who the other router is does not stand in it",
        "say it with --peer ADDRESS: its address on the link between the routers",
    ),
    "conntrackd-second": (DIFFERS, "a second link between the routers", "haven takes the first one alone"),
    "conntrackd-tcp": (DIFFERS, "TCP", "haven copies by UDP: both routers have to"),
    "conntrackd-mode": (
        DIFFERS,
        "Mode {mode}",
        "haven's is FTFW between two, which understands no other: copies begin when all run haven",
    ),
    "conntrackd-options": (DIFFERS, "Options", "haven copies connections, no expectations"),
    "conntrackd-own": (NEEDLESS, "{keyword}", "haven decides it for its own conntrackd"),
    "conntrackd-size": (
        NEEDLESS,
        "{keyword} {value}",
        "haven takes it from nf_conntrack_max; {option} sets it to another",
    ),
    "conntrackd-word": (TO_DO, "{keyword}", "haven's conntrackd has none"),
    # ucarp.
    "ucarp-word": (TO_DO, "'{word}'", "ifupdown's script does not know it either"),
    "ucarp-passfile": (TO_DO, "the password is in {file}", "write it into option password"),
    "ucarp-script": (
        TO_DO,
        "{keyword} '{command}' is not called; the address is haven's to add",
        "what else it does belongs in " + _SCRIPTS + " where ACTION is {action}",
    ),
    "ucarp-ratio": (DIFFERS, "deadratio {value}", "haven waits for three advertisements"),
    "ucarp-ignoreifstate": (DIFFERS, "ignoreifstate", "a device that is down is a fault for haven"),
    # OpenWrt's UCI.
    "section-unknown": (NEEDLESS, "{section}", "the init script does not know it either"),
    "section-nameless": (NEEDLESS, "{section} has no option name", "the init script passes it over, too"),
    "option-unknown": (TO_DO, "'{option}'", "the init script does not know it either: see what was meant"),
    "name-missing": (TO_DO, "no {type} is called '{name}'", "the init script passes it over, too"),
    # ha-cluster.
    "cluster-service": (
        TO_DO,
        "service '{name}' keeps {files} the same on all routers",
        "pair the routers ('haven pair'), then config sync does (docs/sync.md)",
    ),
    "cluster-leases": (
        TO_DO,
        "lease-sync copies DHCP leases",
        "config dhcp with option leases '1' does, by OpenWrt's own dnsmasq (docs/leases.md)",
    ),
    "cluster-exclude": (NEEDLESS, "exclude", "docs/sync.md says what is shared; list local adds to it"),
    "cluster-peer": (DIFFERS, "peer {name}", "pair the routers: 'haven pair' here, 'haven join' there"),
    "vip-disabled": (NEEDLESS, "{section} is disabled", "it is left out"),
    "vip-elsewhere": (
        TO_DO,
        "{section} is on {interface}, another interface than its vrrp_instance",
        "give it a virtual_router of its own in the same group",
    ),
}
