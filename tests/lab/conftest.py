# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the lab."""

from tests.lab.lab_fixtures import build, lab, network

__all__ = ["build", "lab", "network"]
