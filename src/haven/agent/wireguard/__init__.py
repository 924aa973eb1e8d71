# SPDX-License-Identifier: GPL-2.0-or-later
"""WireGuard by role: up on the Active alone, which knows where the peers were last."""
