# SPDX-License-Identifier: GPL-2.0-or-later
"""The status as numbers, for Prometheus and collectd: one table of metrics, and what fills it."""
