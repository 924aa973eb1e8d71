# SPDX-License-Identifier: GPL-2.0-or-later
"""Slow flash leaves nothing of the kernel's behind, wherever its making ends."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.vm.slow_flash import slow_flash

DEVICE = "/dev/loop-of-a-test"


class Tools:
    """What makes devices, pretended; one of the programs fails."""

    def __init__(self, failing: str) -> None:
        self.failing = failing
        self.undone: list[tuple[str, ...]] = []

    def run(self, argv: tuple[str, ...], **options: Any) -> "subprocess.CompletedProcess[str]":
        if not options.get("check"):
            self.undone.append(tuple(argv))
        elif argv[0] == self.failing:
            raise subprocess.CalledProcessError(1, argv)
        return subprocess.CompletedProcess(argv, 0, stdout=DEVICE)


@pytest.mark.parametrize("failing", ["mkfs.ext4", "mount", "blockdev", "dmsetup"])
def test_the_loop_device_goes_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    tools = Tools(failing)
    monkeypatch.setattr(subprocess, "run", tools.run)
    monkeypatch.setattr("tests.vm.slow_flash.PARTS", ())
    with pytest.raises(subprocess.CalledProcessError), slow_flash(tmp_path, 1):
        raise AssertionError("there is none")
    assert ("losetup", "-d", DEVICE) in tools.undone
