# SPDX-License-Identifier: GPL-2.0-or-later
"""A complete configuration with every section type, for the reference page."""

EXAMPLE = """\
config haven 'main'
	option enabled '1'
	option node 'r1'                    # the other router: r2

# LAN and WAN change hands together: whoever is the gateway has both.
config group 'gateway'
	option preempt '0'                  # stay with whoever works
	list track_host 'provider'          # and reaches the provider
	list track_script 'disk'

config virtual_router 'lan'
	option group 'gateway'
	option interface 'lan'              # the interface of /etc/config/network
	option vrid '51'                    # the same on both routers
	option priority '150'               # the other router: 100
	list address '192.168.1.1/24'       # what the clients have as their gateway
	list track_interface 'wan'          # no WAN, no gateway

# IPv6 has a virtual router of its own; it may use the same vrid.
config virtual_router 'lan6'
	option group 'gateway'
	option interface 'lan'
	option vrid '51'
	option priority '150'
	list address 'fe80::1/64'           # IPv6 needs a link-local address
	list address '2001:db8:1::1/64'

config virtual_router 'wan'
	option group 'gateway'
	option interface 'wan'
	option vrid '52'
	option priority '150'
	option advert_interval '500'        # ms: a dead router is noticed after 1.7 s
	list address '203.0.113.10/24'
	list route 'default via 203.0.113.1'

# Not part of the group: it changes hands alone. The network between the routers
# passes no multicast, and the other router speaks VRRP version 2 only.
config virtual_router 'office'
	option device 'eth3'
	option vrid '7'
	option version '2'
	option auth_pass 'secret'
	option source_address '10.0.0.2'
	list unicast_peer '10.0.0.3'
	list address '10.0.0.1/24'
	list track_interface 'eth4:20'      # eth4 down: priority 80 instead of 100
	list bfd 'neighbour'

# The other router of the office also speaks BFD: missed after 150 ms.
config bfd 'neighbour'
	option address '10.0.0.3'

# The provider's router has to answer: asked every 2 s, down after two silences.
config track_host 'provider'
	option address '203.0.113.1'

# A program of one's own: exit status 0 is well, anything else lowers the priority to 1.
config track_script 'disk'
	option command '/bin/test -w /mnt/disk'
	option user 'nobody'

# Clients have the virtual address as their gateway and DNS server: added to /etc/config/dhcp.
config dhcp 'clients'
	option interface 'lan'

# Connections live on after a takeover.
config conntrack 'conntrack'
	option enabled '1'
	option device 'sync0'
	option address '192.168.255.2'
	list peer_address '192.168.255.3'

# A second line, by PPPoE or DHCP: dialled by whoever is Active.
config wan 'line'
	option interface 'wan2'
	option group 'gateway'

# A tunnel with one key for both: up on the Active, which calls the peers after a takeover.
config wireguard 'tunnel'
	option interface 'wg0'
	option group 'gateway'

# The Active alone runs the VPN; a router on which it does not come up hands over.
config service 'vpn'
	option profile 'openvpn'
	option group 'gateway'
	option required '1'

# Routers that are paired have their configuration in common, but for what stands here.
config sync 'sync'
	option enabled '1'
	list file '/etc/openvpn/'
	list local 'network.guest.*'        # each router has its own

# The state in numbers, for Prometheus: http://192.168.1.2:9781/metrics.
config metrics 'metrics'
	option enabled '1'
	list address '192.168.1.2'
	list address '192.168.1.3'

# Who is told what happens.
config notify 'phone'
	option ntfy 'https://ntfy.sh/a-topic-that-nobody-guesses'
"""
