#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages feed's CI calls this on a router that has the package: test.sh PACKAGE VERSION.
set -e

case "$1" in
luci-app-haven)
	/usr/libexec/rpcd/luci.haven list | grep '"validate"'
	grep '"haven/overview"' /usr/share/luci/menu.d/luci-app-haven.json
	ls /www/luci-static/resources/view/haven/overview.js
	;;
luci-i18n-haven-*)
	ls -l /usr/lib/lua/luci/i18n/haven.*.lmo
	;;
*)
	echo "$1 is none of these packages" >&2
	exit 1
	;;
esac
