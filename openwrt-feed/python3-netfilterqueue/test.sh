#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The packages feed's CI calls this on a router that has the package: test.sh PACKAGE VERSION.
set -e

[ "$1" = python3-netfilterqueue ] || exit 0
python3 -I -c 'import netfilterqueue; print(netfilterqueue.NetfilterQueue)'
