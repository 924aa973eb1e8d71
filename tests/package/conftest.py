# SPDX-License-Identifier: GPL-2.0-or-later
"""The package, built once, and unpacked as opkg would."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path, python: str = sys.executable, epoch: str = "1700000000") -> Path:
    """Build the package with some Python."""
    argv = [python, str(ROOT / "openwrt-feed/ipk.py"), "haven", str(folder)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=True, env={"SOURCE_DATE_EPOCH": epoch, "PATH": "/usr/bin"}
    )
    return Path(done.stdout.strip())


def members(archive: bytes) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    """Return what a gzip'd tar holds, in its order."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {
            member.name: (member, file.read() if (file := tar.extractfile(member)) else b"")
            for member in tar.getmembers()
        }


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package."""
    return build(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def control(package: Path) -> dict[str, bytes]:
    """The control files by their names."""
    inner = members(members(package.read_bytes())["./control.tar.gz"][1])
    return {name.removeprefix("./"): octets for name, (_member, octets) in inner.items() if octets}


@pytest.fixture(scope="session")
def fields(control: dict[str, bytes]) -> dict[str, str]:
    """The fields of the control file."""
    lines = control["control"].decode().splitlines()
    return dict(line.split(": ", 1) for line in lines if not line.startswith(" "))


@pytest.fixture
def router(package: Path, tmp_path: Path) -> Path:
    """A root directory with the package in it."""
    data = members(package.read_bytes())["./data.tar.gz"][1]
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        tar.extractall(tmp_path / "router", filter="fully_trusted")
    return tmp_path / "router"
