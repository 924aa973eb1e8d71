# SPDX-License-Identifier: GPL-2.0-or-later
"""The control plane: what follows the addresses, and may be slow."""
