# SPDX-License-Identifier: GPL-2.0-or-later
"""What this router remembers of its past, on its flash, and what can be told of it."""
