# SPDX-License-Identifier: GPL-2.0-or-later
"""The leases of the DHCP server: at the other routers before the client has them."""
