# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's scripts follow the state."""
