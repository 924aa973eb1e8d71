#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Install the Debian packages for what is named (demo, tests), unless they are there.
set -eu

demo='ip:iproute2 nft:nftables'
tests='tcpdump:tcpdump ping:iputils-ping keepalived:keepalived openvpn:openvpn dnsmasq:dnsmasq-base iptables:iptables conntrackd:conntrackd conntrack:conntrack openssl:openssl
shellcheck:shellcheck busybox:busybox luac5.1:lua5.1 luacheck:lua-check chromium:chromium npm:npm xgettext:gettext'
programs=
for name in "$@"; do
	case $name in
	demo) programs="$programs $demo" ;;
	tests) programs="$programs $tests" ;;
	*) echo "haven: $0: what is '$name'? It is demo or tests" >&2 && exit 2 ;;
	esac
done
wanted=
for row in $programs; do
	PATH="$PATH:/usr/sbin:/sbin" command -v "${row%%:*}" >/dev/null || wanted="$wanted ${row#*:}"
done
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
[ -n "$wanted" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "haven: these Debian packages are missing, and only root can install them:$wanted" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "haven: these programs are missing, and there is no apt-get here:$wanted" >&2
	exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted
