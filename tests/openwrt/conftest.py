# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers that were set up by docs/openwrt.md alone, once for all tests."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.openwrt.box import Box
from tests.openwrt.walk import walk


@pytest.fixture(scope="session", params=["stand-in", "uci"])
def uci(request: pytest.FixtureRequest) -> list[str]:
    """The stand-in, and the real one where it is installed."""
    if request.param == "stand-in":
        return [sys.executable, "-S", str(Path(__file__).parent / "fake_uci.py")]
    if shutil.which("uci") is None:
        pytest.skip("uci is not here: its stand-in alone was tried")
    return [str(shutil.which("uci"))]


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, uci: list[str]) -> tuple[Box, Box]:
    """Both routers, by the page alone."""
    folder = tmp_path_factory.mktemp("pair")
    boxes = Box(folder / "r1", uci), Box(folder / "r2", uci)
    for name, box in zip(("r1", "r2"), boxes, strict=True):
        walk(box, name, times=1)
    return boxes
