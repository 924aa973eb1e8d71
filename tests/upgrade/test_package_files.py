# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package is, read from what is in it; and what is none."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.contract.upgrade import LARGEST_PACKAGE, FileFault, is_ours
from haven.upgrade import unpacking
from haven.upgrade.manager import Manager
from haven.upgrade.package_file import read_package
from haven.upgrade.package_version import is_older, release_of
from tests.upgrade.packages import ipk, new_apk, old_apk, router_root, tar

Make = Callable[[Path], Path]
KINDS = pytest.mark.parametrize("make", [ipk, old_apk, new_apk])


@KINDS
def test_what_a_package_is_stands_in_it(make: Make, tmp_path: Path) -> None:
    path = make(tmp_path)
    renamed = path.rename(tmp_path / "something-else_9_all.txt")
    found = read_package(str(renamed))
    assert (found.name, found.version, found.installed_size) == ("haven", "2.0-r1", 1000)
    assert found.kind == ("ipk" if make is ipk else "apk")
    assert found.architecture in ("all", "noarch") and found.size == renamed.stat().st_size


@KINDS
def test_a_package_that_is_cut_anywhere_is_not_taken(make: Make, tmp_path: Path) -> None:
    whole = make(tmp_path).read_bytes()
    cut = tmp_path / "cut"
    for size in {1, 5, 20, len(whole) // 3, len(whole) // 2, len(whole) - 9, len(whole) - 1}:
        cut.write_bytes(whole[:size])
        with pytest.raises(FileFault) as found:
            read_package(str(cut))
        assert found.value.code in ("file-cut", "file-no-package"), size


def test_a_package_with_a_changed_octet_is_not_taken(tmp_path: Path) -> None:
    whole = bytearray(ipk(tmp_path).read_bytes())
    whole[len(whole) // 2] ^= 1
    (tmp_path / "changed").write_bytes(whole)
    with pytest.raises(FileFault, match="damaged"):
        read_package(str(tmp_path / "changed"))


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", "file-no-package"),
        (b"#!/bin/sh\n", "file-no-package"),
        (gzip.compress(b"no archive" * 100, mtime=0), "file-no-package"),
        (gzip.compress(tar(readme="of another kind"), mtime=0), "file-no-package"),
        (gzip.compress(tar(control__tar__gz="no gzip"), mtime=0), "file-cut"),
        (b"ADBd" + b"rubbish" * 20, "file-cut"),
        (bytes(LARGEST_PACKAGE + 1), "file-large"),
    ],
)
def test_what_is_no_package_is_named(octets: bytes, code: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(octets)
    with pytest.raises(FileFault) as found:
        read_package(str(path))
    assert found.value.code == code


def test_folders_and_what_is_not_there_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileFault) as found:
            read_package(str(path))
        assert found.value.code == "file-unreadable"


def test_a_small_file_that_unpacks_to_much_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MOST", 1 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(tar(data__tar__gz=bytes(2 << 20))))
    with pytest.raises(FileFault) as found:
        read_package(str(path))
    assert found.value.code == "file-cut"


def test_ours_are_known_by_their_names() -> None:
    ours = "haven luci-app-haven luci-app-haven-classic luci-i18n-haven-de luci-i18n-haven-zh-cn"
    assert all(map(is_ours, ours.split()))
    others = (
        "havens",
        "haven ",
        "haven\n",
        "dropbear",
        "luci-app-haven-x",
        "../haven",
        "luci-i18n-haven-/",
        "",
    )
    assert not any(map(is_ours, others))


def test_which_version_is_older() -> None:
    rising = ["0.1.0~rc1", "0.1.0", "0.1.0-r1", "0.1.0-r2", "0.1.9", "0.1.10", "0.2", "26.3~64db1", "99.0"]
    for one, other in zip(rising, rising[1:], strict=False):
        assert is_older(one, other) and not is_older(other, one), (one, other)
    assert not is_older("1.0", "1.0")
    assert [release_of(each) for each in ("0.1.0", "0.1.0-r1", "0.1.0-1")] == ["0.1.0"] * 3


def test_what_is_installed_is_what_the_package_manager_has_noted(tmp_path: Path) -> None:
    root = router_root(tmp_path, haven="1.0-r1", luci__app__haven="1.0-r1", dropbear="2024")
    status = root / "usr/lib/opkg/status"
    begun = "luci-app-haven\nVersion: 1.0-r1\nStatus: install user %s"
    status.write_text(status.read_text().replace(begun % "installed", begun % "unpacked"))
    assert "unpacked" in status.read_text()
    assert Manager(str(root)).installed() == {"haven": "1.0-r1"}
    (root / "bin/opkg").rename(root / "bin/apk")
    database = root / "lib/apk/db/installed"
    database.parent.mkdir(parents=True)
    database.write_text("C:Q1x\nP:haven\nV:3.0-r1\nA:noarch\nF:usr\n\nP:busybox\nV:1\n\n")
    manager = Manager(str(root))
    assert (manager.kind, manager.installed()) == ("apk", {"haven": "3.0-r1"})
    assert manager.command(["/x"], True) == [f"{root}/bin/apk", "add", "--allow-untrusted", "/x"]
