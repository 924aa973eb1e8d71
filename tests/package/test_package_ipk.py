# SPDX-License-Identifier: GPL-2.0-or-later
"""The package, field by field, against what OpenWrt's ipkg-build and opkg agree on."""

import gzip
import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from haven import VERSION
from tests.package.conftest import ROOT, build, members
from tests.package.installed import ARCHIVE, run_uci_defaults, size, sources
from tests.package.pythons import PYTHONS

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402

EPOCH = 1700000000
# What the installation makes of it counts, too.
LARGEST = 1_620_000


def test_the_name_says_package_version_and_architecture(package: Path):
    assert package.name == f"haven_{VERSION}-r1_all.ipk"


def test_it_is_a_gzipped_tar_of_three_members_in_order(package: Path):
    outer = members(package.read_bytes())
    assert list(outer) == ["./debian-binary", "./data.tar.gz", "./control.tar.gz"]
    assert outer["./debian-binary"][1] == b"2.0\n"


def test_gzip_names_no_file_and_no_time(package: Path):
    outer = members(package.read_bytes())
    for octets in (package.read_bytes(), outer["./data.tar.gz"][1], outer["./control.tar.gz"][1]):
        # RFC 1952: deflate, no flags, no time, best compression, Unix.
        assert octets[:10] == bytes.fromhex("1f8b0800000000000203")


def test_every_tar_is_gnu_sorted_roots_and_of_one_time(package: Path):
    outer = members(package.read_bytes())
    for octets in (outer["./data.tar.gz"][1], outer["./control.tar.gz"][1]):
        tar = gzip.decompress(octets)
        assert tar[257:265] == b"ustar  \0"
        inner = members(octets)
        assert list(inner)[0] == "." and list(inner) == sorted(inner)
        for name, (member, _octets) in inner.items():
            assert name == "." or name.startswith("./")
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == EPOCH
            assert member.isdir() or member.isreg()


def test_folders_come_before_what_is_in_them(package: Path):
    data = members(package.read_bytes())["./data.tar.gz"][1]
    seen = set()
    for name in members(data):
        assert name == "." or str(Path(name).parent) in {"." if each == "." else each[2:] for each in seen}
        seen.add(name)


def test_the_modes_do_not_depend_on_the_work_tree(package: Path):
    data = members(members(package.read_bytes())["./data.tar.gz"][1])
    programs = {
        "etc/init.d/haven",
        "etc/uci-defaults/90_haven",
        "usr/bin/haven",
        "usr/libexec/haven-collectd",
        "usr/sbin/havend",
        "usr/sbin/haven-agent",
    }
    for name, (member, _octets) in data.items():
        executable = member.isdir() or name[2:] in programs
        ordinary = 0o600 if name == "./etc/config/haven" else 0o644
        assert member.mode == (0o755 if executable else ordinary), name
    assert programs <= {name[2:] for name in data}


def test_the_control_file_has_the_fields_in_their_order(package: Path, control: dict, fields: dict):
    assert list(fields) == [
        "Package",
        "Version",
        "Depends",
        "Source",
        "SourceName",
        "License",
        "LicenseFiles",
        "Section",
        "SourceDateEpoch",
        "URL",
        "Maintainer",
        "Architecture",
        "Installed-Size",
        "Description",
    ]
    data = gzip.decompress(members(package.read_bytes())["./data.tar.gz"][1])
    assert fields["Package"] == "haven" and fields["Version"] == f"{VERSION}-r1"
    assert fields["Maintainer"] == "The haven project"
    assert fields["Architecture"] == "all"
    assert fields["Installed-Size"] == str(len(data))
    assert fields["SourceDateEpoch"] == str(EPOCH)
    assert control["control"].endswith(b"\n") and b"@" not in control["control"]
    after = control["control"].decode().split("Description: ")[1].splitlines()[1:]
    assert after and all(line.startswith(" ") for line in after)


def test_the_scripts_are_openwrts_stubs_and_ours_behind_them(package: Path, control: dict):
    assert set(control) == {
        "control",
        "conffiles",
        "preinst",
        "postinst",
        "postinst-pkg",
        "prerm",
        "prerm-pkg",
        "postrm",
    }
    inner = members(members(package.read_bytes())["./control.tar.gz"][1])
    for name, (member, _octets) in inner.items():
        plain = name[2:] in ("control", "conffiles")
        assert member.isdir() or member.mode == (0o644 if plain else 0o755), name
    assert control["postinst"].splitlines()[-2:] == [
        b". ${IPKG_INSTROOT}/lib/functions.sh",
        b"default_postinst $0 $@",
    ]
    assert control["prerm"].splitlines()[-1] == b"default_prerm $0 $@"


def test_conffiles_are_files_of_the_package(router: Path, control: dict):
    names = control["conffiles"].decode().splitlines()
    assert names == ["/etc/config/haven"]
    assert all((router / name[1:]).is_file() for name in names)


def test_what_a_sysupgrade_keeps_beside_the_configuration(router: Path):
    kept = (router / "lib/upgrade/keep.d/haven").read_text().splitlines()
    assert kept == ["/etc/haven/", "/etc/hotplug.d/haven/"]


def test_only_programs_and_their_data_are_in_it(router: Path):
    files = [str(path.relative_to(router)) for path in router.rglob("*") if path.is_file()]
    assert not [name for name in files if re.search(r"(^|/)(\.|__pycache__|test)", name)]
    inside = sources(router)
    assert not [name for name in inside if re.search(r"(^|/)(\.|__pycache__|test)", name)]
    assert {"haven/plan/conntrackd.conf.j2", "haven/havend/main.py"} <= set(inside)
    assert ARCHIVE in files and not [name for name in files if name.endswith(".py")]


def test_the_same_input_gives_the_same_octets(package: Path, tmp_path: Path):
    assert build(tmp_path).read_bytes() == package.read_bytes()
    assert build(tmp_path, epoch="1700000001").read_bytes() != package.read_bytes()


@pytest.mark.parametrize("version", sorted(PYTHONS))
def test_it_takes_little_flash(version: str, router: Path):
    before = size(router)
    run_uci_defaults(router, PYTHONS[version])
    print(f"{size(router)} octets installed")
    assert size(router) <= LARGEST < before, "it is compiled, and packed"


def test_the_files_for_the_sdk_are_those_of_the_package(router: Path, tmp_path: Path):
    folder = tmp_path / "sdk"
    subprocess.run(
        [sys.executable, str(ROOT / "openwrt-feed/ipk.py"), "--into", str(folder), "haven"], check=True
    )
    for path in (path for path in router.rglob("*") if path.is_file()):
        copy = folder / path.relative_to(router)
        assert (copy.read_bytes(), copy.stat().st_mode) == (path.read_bytes(), path.stat().st_mode)
    assert len(list(folder.rglob("*"))) == len(list(router.rglob("*")))


def test_the_init_script_is_a_page():
    assert len((ROOT / "files/etc/init.d/haven").read_text().splitlines()) <= 80


def test_an_unpacked_package_is_what_tar_sees(package: Path):
    with tarfile.open(fileobj=io.BytesIO(package.read_bytes()), mode="r|gz") as stream:
        assert [member.size for member in stream][0] == 4


def test_what_a_module_prints_can_be_a_file_of_a_package(tmp_path: Path):
    contents = tmp_path / "contents"
    contents.write_text(
        "files/usr/share/rpcd /usr/share/rpcd\n= haven.config.schema /usr/share/haven/schema.json\n"
    )
    octets, mode = ipk.payload(contents)["usr/share/haven/schema.json"]
    assert (json.loads(octets)["package"], mode) == ("haven", 0o644)


def test_pages_of_luci_are_packages_of_their_own(router: Path):
    assert not (router / "www").exists()
    assert not (router / "usr/share/luci").exists()
    assert [path.name for path in (router / "usr/share/rpcd").rglob("*.json")] == ["haven.json"]


def test_a_package_whose_files_are_not_there_is_refused(tmp_path: Path):
    contents = tmp_path / "contents"
    contents.write_text("no/such/folder /www\n")
    with pytest.raises(SystemExit, match="nothing of it"):
        ipk.payload(contents)


def test_the_configuration_is_installed_for_root_alone(package: Path):
    data = members(members(package.read_bytes())["./data.tar.gz"][1])
    assert data["./etc/config/haven"][0].mode & 0o777 == 0o600
