# SPDX-License-Identifier: GPL-2.0-or-later
"""The object `haven` on ubus."""
