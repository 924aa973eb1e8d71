# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with a configuration, or odd about this machine: the templates of its diagnostics."""

CONFIGURATION = {
    # The file.
    "file-unreadable": "cannot be read: {error}",
    "file-empty": "is empty; was the flash full? To switch haven off there is option enabled '0' in section "
    "haven",
    "file-byte-order-mark": "begins with a byte order mark; save it as plain UTF-8",
    "file-not-utf8": "is not UTF-8 text",
    # The syntax of UCI.
    "line-start": "a line cannot start with '{word}'",
    "first-word-quoted": "the first word of a line must stand without quotes",
    "nul": "holds a NUL character",
    "semicolon": "uci reads what follows ';' here in another way, or not at all; begin a new line instead",
    "quote-open": "the quote {mark} is not closed",
    "before-config": "stands before the first 'config' line",
    "package-name": "'package' takes one name",
    "package-other": "this is the configuration of '{package}', not of '{word}'",
    "config-no-type": "'config' needs a section type",
    "config-type-letters": "the section type '{word}' holds a character that UCI does not allow",
    "config-name-letters": "the section name '{word}' may hold only letters, digits and _",
    "config-words": "too many words; a section has a type and a name",
    "option-no-name": "an option needs a name and a value",
    "option-name-letters": "the option name '{word}' may hold only letters, digits and _",
    "option-no-value": "has no value",
    "option-control": "holds a control character",
    "option-words": "has more than one value; put quotes around a value with spaces",
    # Sections.
    "section-unknown": "the section type '{type}' is not known",
    "section-unnamed": "needs a name: config {type} 'NAME'",
    "name-taken": "the name '{name}' is taken by {other} on line {other_line}",
    "section-single": "there is a '{type}' section already; keep one of them",
    # Options.
    "option-unknown": "is not known",
    "option-renamed": "is now called '{name}'; this first name is still read",
    "option-elsewhere": "is not known; here it is '{name}'",
    "option-other-section": "is not known here; it belongs in a '{type}' section",
    "option-other-section-near": "is not known; did you mean '{name}' of a '{type}' section?",
    "option-repeated": "takes one value but has {count}, on lines {lines}",
    "option-listed": "takes one value: write 'option', not 'list'",
    "value-repeated": "'{value}' stands here twice",
    "option-missing": "is missing",
    "option-needs-one": "needs one of these: {names}",
    "option-needs-one-only": "has more than one of these: {names}; keep one of them",
    "option-only-with": "works with {other} {wanted} only; here it is {other} {actual}",
    # Values.
    "value-whole": "'{value}' is not a whole number from {low} to {high}",
    "value-whole-step": "'{value}' is not a whole number from {low} to {high} in steps of {step}",
    "value-schedule": "'{value}' is no schedule: {error}; '0 3 * * 0' is Sundays at three",
    "value-flag": "'{value}' is neither 1 (yes) nor 0 (no)",
    "value-choice": "'{value}' is none of these: {choices}",
    "value-name": "'{value}' is not a name; use letters, digits and _",
    "value-host-name": "'{value}' is not a host name; use letters, digits, '-' and '.', 63 at most",
    "value-path": "'{value}' is not a path from / without spaces",
    "value-path-own": "'{value}' is not to be shared: each router has its own",
    "value-shell-command": "'{value}' is not a command on one line of {longest} characters at most",
    "value-url": "is not an address that begins with https:// or http://, of {longest} characters at most, "
    "without spaces and quotes",
    "value-mail": "'{value}' is not an e-mail address",
    "value-init": "'{value}' is not the name of a script in /etc/init.d; leave out the path",
    "value-init-haven": "haven does not start and stop itself",
    "value-option-path": "'{value}' is not PACKAGE, PACKAGE.SECTION or PACKAGE.SECTION.OPTION; a section may "
    "be @TYPE, and * stands for anything",
    "value-command": "'{value}' is not the whole path of a program, from /, and its arguments",
    "value-user": "'{value}' is not a user name; use letters, digits, '-', '_' and '.', 32 at most",
    "value-dns-name": "'{value}' is not a domain name",
    "value-long": "is {octets} octets long; {longest} at most are carried",
    "value-short": "is {octets} octets long; {shortest} at least are needed",
    "value-track": "'{value}' is not NAME or NAME:WEIGHT",
    "value-weight": "the weight in '{value}' is not a whole number from {low} to {high}",
    "device-long": "'{value}' is too long for a device name; {longest} characters are the limit",
    "device-letters": "'{value}' is not a device name; haven takes letters, digits and . _ - + @ ~ % ^",
    "address-wrong": "'{value}' is not an IPv4 or IPv6 address",
    "address-prefixed": "'{value}' is not an IPv4 or IPv6 address; leave out the prefix length",
    "address-name": "'{value}' is a name; write its address: when the line is dead, no name is to be had",
    "address-no-host": "'{value}' is not the address of a host",
    "address-loopback": "'{value}' is a loopback address",
    "address-link-local": "'{value}' is a link-local address, which means something on one link only",
    "address-multicast": "'{value}' is a multicast address",
    "address-broadcast": "'{value}' is the broadcast address",
    "address-mapped": "'{value}' is an IPv4 address in IPv6 dress; write it as IPv4",
    "prefix-mask": "'{value}': write the mask as a length, for example /{length}",
    "prefix-length": "'{value}': the prefix length of an {family} address is 1 to {most}",
    "address-of-network": "'{value}' is the address of the network itself, not of a host in it",
    "broadcast-of-network": "'{value}' is the broadcast address of its network",
    "route-empty": "an empty route; write for example 'default via 203.0.113.1'",
    "route-families": "'{value}' mixes IPv4 and IPv6",
    "route-destination": "a route begins with its destination ('default' or a network), not with '{word}'",
    "route-not-network": "the destination '{word}' is not a network; did you mean '{network}'?",
    "route-word": "'{word}' is not known in a route",
    "route-twice": "the route has '{word}' twice",
    "route-ends": "the route ends after '{word}'; its value is missing",
    "route-number": "the {word} '{value}' is not a whole number from {low} to {high}",
    "route-nowhere": "the route needs 'via ADDRESS' or 'dev DEVICE'",
    "route-link-local": "a link-local gateway needs 'dev DEVICE' beside it",
    # Within one virtual router.
    "version-2-ipv6": "version 2 knows IPv4 only; use version 3 for IPv6 addresses",
    "auth-key-id": "begins with an id that is not a whole number from {low} to {high}",
    "auth-key-hex": "has something behind hex: that is not an even number of the digits 0-9 and a-f",
    "auth-without-key": "says nothing without auth_key",
    "auth-key-and-pass": "goes with no auth_pass: a password in the clear adds nothing to a signature",
    "auth-key-id-twice": "has the id {id} of auth_key; give it another one",
    "auth-window-unused": "goes with auth_replay time only",
    "checksum-ipv6": "is a choice for IPv4 only; leave it out with IPv6 addresses",
    "interval-seconds": "version 2 counts whole seconds: {interval_ms} ms is not a multiple of 1000",
    "interval-long": "{interval_ms} ms is more than the {longest_ms} ms that version 3 can say",
    "carp-seconds": "CARP counts whole seconds: {interval_ms} ms is not a multiple of 1000",
    "carp-password-missing": "is missing: CARP signs its advertisements with it; set the same on all routers",
    "carp-password-long": "has more than {longest} octets: ucarp and FreeBSD's ifconfig take no more",
    "carp-advskew-high": "makes advskew {advskew}: FreeBSD says {most} at the most, also of a router that is "
    "demoted, which then ranks above this one; take {most} or less",
    "carp-owner": "255 is of the owner of the addresses, and CARP has none; take 254, or set advskew",
    "carp-broadcast": "is for IPv4 addresses and without unicast_peer",
    "carp-group-mixed": "'{group}' has {other}, of the other protocol; a group speaks either VRRP or CARP",
    "carp-mac-twice": "{other} has this VHID and so the same MAC address; set virtual_mac for one of the two",
    "announce-route-link": "is for hosts on the link; with announce 'route' the addresses are on no link",
    "standby-metric-low": "{metric} is not above the announce_metric {active}: others would keep to a Backup",
    "addresses-many": "{count} addresses; a virtual router has {most} at most",
    "link-local-missing": "IPv6 needs a link-local address too, for example 'fe80::1/64'",
    "ra-ipv4": "router advertisements are of IPv6; '192.168.1.1' and the like are told to hosts by DHCP",
    "ra-lifetime-short": "{lifetime_s} is shorter than ra_maxinterval, {interval_s}: hosts would lose the "
    "router between two advertisements",
    "ra-twice": "'{name}' sends router advertisements on {device} already: hosts would have two default "
    "routers",
    "ra-not-ethernet": "device '{device}' is not Ethernet: no router advertisements can be sent there",
    "ra-dhcp-unread": "cannot be read, so router advertisements are without what odhcpd would say: {error}",
    "ra-no-interface": "a virtual router with option ra names a device: what odhcpd says there by {file} is "
    "neither taken nor switched off; name the interface instead",
    "ra-dhcp-odd": "'{value}' cannot be understood; odhcpd's default goes for it",
    "address-not-ipv6": "'{value}' is no IPv6 address",
    "prefix-not-ipv6": "'{value}' is no IPv6 prefix, such as 2001:db8:1::/64",
    "prefix-host-bits": "'{value}' has something behind its first {length} bits",
    "value-domain": "'{value}' is no domain name",
    "families-mixed": "'{value}' is {family}, but '{first}' makes this virtual router {first_family}; use a "
    "second virtual_router for it",
    "peer-virtual": "'{value}' is a virtual address, not one of a router",
    "peer-is-source": "'{value}' is the source_address of this router",
    "hops-unauthenticated": "takes advertisements from other networks, and whoever is there can forge "
    "them unless auth_key is set and auth_mode is enforce",
    "hops-unsigned": "advertisements from other networks can be forged by anybody there: set auth_key, with "
    "auth_mode enforce; or, beside routers that cannot sign, unicast_hops_unsigned '1'",
    "source-virtual": "is a virtual address; only its owner (priority 255) can send from it",
    "source-not-link-local": "must be a link-local address (fe80::/10) unless unicast_peer is used",
    # Between sections.
    "group-missing": "there is no group '{name}'",
    "group-empty": "no virtual_router has option group '{name}'",
    "check-missing": "there is no {type} '{name}'",
    "check-unused": "no group and no virtual_router names it, so it is not made",
    "check-kind-family": "{kind} is for {family} addresses; take {other} here",
    "check-port-needed": "is needed with kind tcp",
    "check-port-unused": "means nothing with kind {kind}",
    "check-timeout-long": "{timeout_ms} ms is longer than the interval of {interval_ms} ms",
    "check-weight-idle": "leaves group '{group}' a priority above 1 and its preempt is 0, so no router takes "
    "over for it; leave weight out, or set preempt '1' on all routers",
    "bfd-missing": "there is no bfd '{name}'",
    "bfd-unused": "no virtual_router names it, so there is no such session",
    "bfd-family": "is {family}, and virtual_router '{router}' is not",
    "bfd-virtual": "is a virtual address of virtual_router '{router}', not one of a router",
    "bfd-not-link-local": "must be a link-local address (fe80::/10), as the routers of '{router}' have",
    "bfd-links": "a session is on one link, but is named by virtual routers on {names}",
    "bfd-twice": "{other} is with the same router already; let all virtual routers name that one",
    "bfd-twice-device": "another session is with the same router on {device} already; let all name that one",
    "bfd-witness": "a group with a witness or a majority waits for advertisements, whatever BFD says",
    "bfd-partly": "has no bfd, and others of group '{group}' have: the advertisements are waited for here",
    "witness-virtual": "'{value}' is a virtual address, so it is this router's own as often as not",
    "witness-own": "'{value}' is an address of this router itself",
    "witness-peer": "'{value}' is another router: when that one dies, nobody would serve",
    "witness-elsewhere": "'{value}' is in no network of this group's virtual routers; name the link if it is "
    "there all the same: {value}%INTERFACE",
    "witness-no-link": "no virtual router of this group has {family} addresses on '{place}'",
    "witness-unclear": "'{value}' could be on several links of this group: {names}; name one of them: "
    "{value}%INTERFACE",
    "witness-majority": "cannot stand beside a witness; keep one of them",
    "vrid-used": "{vrid} is already used by {other} for {family} on {place} '{name}'",
    "address-held": "'{value}' is also held by {other}",
    "peer-family": "'{value}' and option address are not of one family, IPv4 or IPv6",
    "peer-is-own": "'{value}' is the address of this router",
    "sync-shared": "'{name}' is that of {other} as well: whoever is there can forge the peer's address, and "
    "with it copied connections; take a link that only the routers are on, or set option protect",
    "conntrack-unplaced": "is missing, so this router copies no connections: set it to an address of this "
    "router's own on that link ('uci set haven.{place}.address=...'); the interface needs it as ipaddr, too",
    "protect-several": "protects a link to one peer_address; here are {count}",
    "dhcp-taken": "'{interface}' has {other} already",
    "dhcp-several": "is needed: several IPv4 virtual routers are on interface '{interface}'",
    "dhcp-none": "is needed: no IPv4 virtual router is on interface '{interface}'",
    "dhcp-not-ipv4": "'{name}' has no IPv4 address, and DHCP is about IPv4",
    "dhcp-serve-both": "does not go with leases '1': a dnsmasq that runs takes in no lease of the other "
    "router's, and would say no to its clients; leave out one of them",
    "dhcp-serve-active": "needs leases '1', or, without this option, a service with profile 'dnsmasq'",
    "wan-taken": "'{interface}' has {other} already",
    "wan-is-lan": "'{interface}' is that of {other}: it would go down with the role, and the election "
    "with it",
    "wan-many": "there are {count} sections '{type}'; haven looks after {most} at most",
    "virtual-router-missing": "there is no virtual_router '{name}'",
    "service-nothing": "has nothing to start: set option profile, list init, list interface or option start",
    "service-mixed": "goes without start: one section is one service, of one kind",
    "service-half": "is needed beside option {other}",
    "service-init-taken": "'{value}' stands in {other} already; it would be started and stopped by both",
    "service-groups": "is needed: there are several groups ({names})",
    "nothing-to-do": "haven is enabled, but there is no virtual_router section",
    # This machine.
    "interface-no-ubus": "interface {interface} cannot be resolved: ubus is not here; off OpenWrt name the "
    "device",
    "interface-unknown": "interface {interface} cannot be resolved: netifd does not know it",
    "interface-no-device": "interface {interface} cannot be resolved: it has no device now",
    "interface-unresolved": "interface {interface} cannot be resolved: {error}",
    "wan-unknown": "there is no interface '{interface}' in /etc/config/network",
    "wan-auto": "'{interface}' comes up by itself when this router boots, on a standby too until haven runs: "
    "uci set network.{interface}.auto='0'",
    "wan-mac": "the device of '{interface}' has the MAC address of this router's port; give it one macaddr "
    "on all routers, in its config device section, or the provider sees two customers",
    "wan-unpaired": "the routers are not paired, so a standby knows nothing of the lease or the session, and "
    "nobody waits until the other has let go: 'haven pair'",
    "wireguard-proto": "'{interface}' is of protocol '{actual}' in /etc/config/network, not 'wireguard'",
    "wireguard-device": "there is no device '{device}' here",
    "wireguard-key": "'{interface}' has no private_key of 32 octets in base64",
    "wireguard-peers": "'{interface}' has no section wireguard_{interface} with a peer",
    "wireguard-peer": "a peer of '{interface}' ({peer}) has no {missing}",
    "wireguard-unpaired": "the routers are not paired, so a standby does not know where the peers of "
    "WireGuard are: 'haven pair'",
    "wireguard-tool": "the program wg is not here: install wireguard-tools",
    "device-not-ethernet": "device '{device}' is not Ethernet, it has no MAC",
    "advertisement-large": "{count} addresses make an advertisement of {octets} octets; '{device}' carries "
    "{mtu}",
    "vrid-twice": "VRID {vrid} is used by '{name}' on {device} already",
    "check-device-needed": "{kind} asks on one link: name its interface or device, as {address} is in no "
    "network of a virtual router that goes by it",
    "check-any-route": "is asked by whatever route there is, so a Backup may ask through the Active; name "
    "the interface or device of the line",
    "check-program": "{path} cannot be run: {error}",
    "check-user": "there is no user '{user}'",
    # A plan for another machine.
    "facts-unreadable": "cannot be read: {error}; it is what 'havend-micro --facts' prints",
    "small-unicast": "{name} has unicast_peer, which is each router's own: give the small node a "
    "configuration of its own",
    "facts-wrong": "these are not the facts of a machine as 'havend-micro --facts' prints them: {error}",
    "needs-agent": "what the sections of type {type} say is left out: haven-agent does it, and a node on "
    "MicroPython has none",
    "needs-cpython": "what the sections of type {type} say is left out: havend on MicroPython cannot do it",
    "witness-of-machine": "'{value}' is an address of this router itself, on {device}; it is no witness",
    "tracked-missing": "tracked interface '{interface}' does not exist yet",
    "device-missing": "device '{device}' does not exist yet",
    "device-missing-macvlan": "device '{device}' does not exist yet; make the plan again when it does",
    "device-no-ipv6": "IPv6 is switched off on '{device}' (net.ipv6.conf.{device}.disable_ipv6): it has no "
    "address to advertise from",
    "device-no-multicast": "'{device}' carries no multicast, so no other router is heard on it: set "
    "unicast_peer",
    "device-wireless-client": "'{device}' is a client of an access point, which takes frames of its own MAC "
    "address alone: leave virtual_mac out",
    "kernel-no-ipv6": "this kernel has no IPv6: the virtual router is left out, the rest of its group works",
    "kernel-no-macvlan": "this kernel has no macvlan (kmod-macvlan): the virtual addresses have the device's "
    "own MAC address",
    "address-own": "{address} is also set on {device} itself, so this router answers for it as Backup too; "
    "give {device} an address of its own",
    "sync-address-missing": "'{device}' does not have the address {address} now",
    "service-script-missing": "'/etc/init.d/{init}' is not there, so this service cannot run",
    "service-package-missing": "'/etc/init.d/{init}' is not there: profile '{profile}' needs the package "
    "{package}",
    "service-interface-missing": "there is no interface '{interface}' in /etc/config/network",
    "service-interface-auto": "interface '{interface}' comes up at boot, before the role is known: set "
    "option auto '0' in its section of /etc/config/network",
    "service-openvpn-unreadable": "'{path}' cannot be read, so its clients are not called back: {error}",
    "service-openvpn-management": "the clients of OpenVPN's server {server} come back {seconds} s after a "
    "takeover, as nobody calls them: give it management '/var/run/openvpn-{server}.haven unix'",
    "service-openvpn-wrapped": "the clients of OpenVPN's server {server} come back {seconds} s after a "
    "takeover: with tls-crypt-v2 nobody can call them; push a shorter ping-restart",
    "service-openvpn-token": "OpenVPN's server {server} gives out tokens that another router does not know: "
    "set auth-gen-token-secret to a file below /etc/openvpn, or people are asked for their password",
    "service-openvpn-left-out": "OpenWrt's script does not tell OpenVPN's server {server} of {options}: "
    "write them, and the rest, into a file of OpenVPN's own, and name that with option config",
    "service-openvpn-address": "OpenVPN's server {server} may answer from another address than its clients "
    "asked, which they refuse: set multihome",
    # The configuration of DHCP.
    "dhcp-section-missing": "has no section with option interface '{interface}': nothing to add to",
    "dhcp-option-other": "'{value}' stands against '{wanted}'; remove one of them",
    "dhcp-ra-relay": "'{value}' hands on another router's advertisements, and option ra sends its own; set "
    "one of the two off",
    "dhcp-force-off": "'{value}' keeps dnsmasq from serving beside the other router",
    "dhcp-host-clash": "'{value}' is in the static lease of line {line} as well: each router may take "
    "another one of them",
    "leases-unpaired": "this router is not paired, so its leases have nowhere to go; see 'haven pair'",
}
