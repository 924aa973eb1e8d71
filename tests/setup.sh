#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the Debian packages for what is named (demo, tests), unless they are there.
set -eu

demo='ip:iproute2 nft:nftables'
tests='tcpdump:tcpdump ping:iputils-ping keepalived:keepalived openvpn:openvpn dnsmasq:dnsmasq-base iptables:iptables conntrackd:conntrackd wg:wireguard-tools wireguard-go:wireguard-go conntrack:conntrack openssl:openssl
shellcheck:shellcheck busybox:busybox luac5.1:lua5.1 luacheck:lua-check chromium:chromium npm:npm xgettext:gettext promtool:prometheus zsh:zsh fish:fish mandoc:mandoc'
# Beside whom haven is tested, where they can be had.
neighbours='vtysh:frr bird:bird2'
programs=
others=
for name in "$@"; do
	case $name in
	demo) programs="$programs $demo" ;;
	tests) programs="$programs $tests" others=$neighbours ;;
	*) echo "haven: $0: what is '$name'? It is demo or tests" >&2 && exit 2 ;;
	esac
done
missing() {
	for row in "$@"; do
		PATH="$PATH:/usr/sbin:/sbin" command -v "${row%%:*}" >/dev/null || printf ' %s' "${row#*:}"
	done
}

# shellcheck disable=SC2086 # lists of names
wanted=$(missing $programs)
# shellcheck disable=SC2086
others=$(missing $others)
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
packages() {
	dpkg-query -W -f '${Package}\n'
}
install() {
	before=$(packages) || before=
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null || return
	added=$(packages | grep -vxF "$before") || return 0
	# shellcheck disable=SC2086 # one line
	echo "haven: installed:" $added
}

[ -n "$wanted$others" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	[ -n "$wanted" ] || exit 0
	echo "haven: these Debian packages are missing, and only root can install them:$wanted" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	[ -n "$wanted" ] || exit 0
	echo "haven: these programs are missing, and there is no apt-get here:$wanted" >&2
	exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086
[ -z "$wanted" ] || install $wanted
for package in $others; do
	install "$package" || echo "haven: without $package the tests beside it are left out" >&2
done
