# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts that have to answer, and scripts that have to say that all is well."""
