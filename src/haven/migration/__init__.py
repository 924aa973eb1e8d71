# SPDX-License-Identifier: GPL-2.0-or-later
"""From other programs' configurations to haven's: a file for each format, and one for what becomes of it."""
