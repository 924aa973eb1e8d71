# SPDX-License-Identifier: GPL-2.0-or-later
"""The checks: what routers have seen goes in, findings come out; a file for each kind of knowledge."""
