# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces need root."""

import os

import pytest


def need_root() -> None:
    """Fail where a test cannot be run; a skip would read as if it had been."""
    if os.geteuid() != 0:
        pytest.fail("this test builds network namespaces and needs root; run it with sudo", pytrace=False)
