# SPDX-License-Identifier: GPL-2.0-or-later
"""High availability for OpenWrt: two routers share one gateway."""

VERSION = "0.1.0"
