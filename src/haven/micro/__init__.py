# SPDX-License-Identifier: GPL-2.0-or-later
"""The small node: havend and its command on MicroPython."""
