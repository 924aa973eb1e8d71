# SPDX-License-Identifier: GPL-2.0-or-later
"""The state in numbers, answered over HTTP."""
