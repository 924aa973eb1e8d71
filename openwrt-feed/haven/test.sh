#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages feed's CI calls this on a router that has the package: test.sh PACKAGE VERSION.
set -e

case "$1" in
haven)
	for program in haven havend haven-agent; do
		"$program" --version | grep -F "$2"
	done
	haven --config /etc/config/haven validate | grep 'no problem'
	mistaken=$(mktemp)
	printf "config virtual_router 'lan'\n\toption vird '51'\n" >"$mistaken"
	if haven --config "$mistaken" validate >"$mistaken.said" 2>&1; then exit 1; fi
	grep "'vird'" "$mistaken.said"
	rm "$mistaken" "$mistaken.said"
	;;
haven-src)
	grep -F "$2" /usr/lib/haven/haven/__init__.py
	;;
*)
	echo "$1 is none of these packages" >&2
	exit 1
	;;
esac
