# SPDX-License-Identifier: GPL-2.0-or-later
"""Files whose reading ends, for whoever reads one that a user has named."""

import os
from pathlib import Path

import pytest

from haven.plain_file import read_plain


def test_a_file_of_the_kernel_that_tells_no_size_is_read():
    assert read_plain("/proc/self/comm", 1000) == Path("/proc/self/comm").read_bytes() != b""


@pytest.mark.parametrize(("size", "most"), [(0, 0), (0, 10), (10, 10), (9000, 9000)])
def test_a_file_is_read_whole(tmp_path: Path, size: int, most: int):
    (tmp_path / "file").write_bytes(b"x" * size)
    assert read_plain(str(tmp_path / "file"), most) == b"x" * size


@pytest.mark.parametrize("size", [11, 9000])
def test_one_that_is_too_large_is_refused(tmp_path: Path, size: int):
    (tmp_path / "file").write_bytes(b"x" * size)
    with pytest.raises(OSError, match="more than 10 octets"):
        read_plain(str(tmp_path / "file"), 10)


def test_a_fifo_holds_nobody(tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="not a regular file"):
        read_plain(str(tmp_path / "fifo"), 10)
