# SPDX-License-Identifier: GPL-2.0-or-later
"""What may be wrong before it hurts: each router looks at itself, and what they saw is compared."""
