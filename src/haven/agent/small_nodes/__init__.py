# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans for nodes that have no compiler (contract/small_nodes.py)."""
