# SPDX-License-Identifier: GPL-2.0-or-later
"""The fixtures of the lab, for the tests against other programs."""

from tests.lab.lab_fixtures import build, lab, network

__all__ = ["build", "lab", "network"]
