#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages feed's CI calls this on a router that has the package: test.sh PACKAGE VERSION.
set -e

[ "$1" = luci-app-haven-classic ]
for file in controller/haven.lua haven/catalogue.lua view/haven/status.htm; do
	ls "/usr/lib/lua/luci/$file"
done
