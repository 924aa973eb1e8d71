# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent's part for the history: it watches, and notes."""
