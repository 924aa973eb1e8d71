# SPDX-License-Identifier: GPL-2.0-or-later
"""The package for apk, part by part, against what apk-tools 3 reads of version 2 (extract_v2.c, tar.c)."""

import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
import zlib
from pathlib import Path

import pytest

from haven import VERSION
from tests.package.conftest import ROOT, members

FEED = ROOT / "openwrt-feed"
EPOCH = "1700000000"


def build_apk(folder: Path, name: str = "haven", python: str = sys.executable) -> Path:
    """Build a package with some Python."""
    done = subprocess.run(
        [python, str(FEED / "apk.py"), name, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={"SOURCE_DATE_EPOCH": EPOCH, "PATH": "/usr/bin"},
    )
    return Path(done.stdout.strip())


def parts(octets: bytes) -> tuple[bytes, bytes]:
    """Return the two parts of a package that nobody has signed, still packed."""
    unpack = zlib.decompressobj(wbits=31)
    unpack.decompress(octets)
    return octets[: len(octets) - len(unpack.unused_data)], unpack.unused_data


def about(octets: bytes) -> list[tuple[str, str]]:
    """Return the lines of .PKGINFO."""
    text = members(parts(octets)[0])[".PKGINFO"][1].decode()
    return [(name, value) for name, _equals, value in (line.partition(" = ") for line in text.splitlines())]


@pytest.fixture(scope="session")
def apk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The package."""
    path = build_apk(tmp_path_factory.mktemp("apk"))
    assert path.name == f"haven-{VERSION}-r1.apk"
    return path.read_bytes()


@pytest.fixture(scope="session")
def scripts(apk: bytes) -> dict[str, str]:
    """The scripts by their names."""
    return {name: octets.decode() for name, (_member, octets) in members(parts(apk)[0]).items()}


def test_what_it_says_of_itself_is_what_the_other_package_says(apk: bytes, fields: dict):
    said = dict(about(apk))
    assert said["pkgname"] == fields["Package"] and said["pkgver"] == fields["Version"]
    assert said["arch"] == "noarch" and said["license"] == fields["License"]
    assert said["maintainer"] == fields["Maintainer"] and said["url"] == fields["URL"]
    depends = [value for name, value in about(apk) if name == "depend"]
    assert depends == fields["Depends"].split(", ")


def test_the_first_part_vouches_for_the_second(apk: bytes):
    assert dict(about(apk))["datahash"] == hashlib.sha256(parts(apk)[1]).hexdigest()
    # They are one tar in two pieces: only the second one ends it.
    first, second = (gzip.decompress(part) for part in parts(apk))
    assert first[-512:] != bytes(512) and second[-1024:] == bytes(1024)
    with tarfile.open(fileobj=io.BytesIO(first + second)) as archive:
        names = archive.getnames()
    assert names[0] == ".PKGINFO" and "usr/bin/haven" in names and "." not in names


def test_every_file_has_the_checksum_that_apk_audits_by(apk: bytes):
    data = members(parts(apk)[1])
    for name, (member, octets) in data.items():
        sum_ = member.pax_headers.get("APK-TOOLS.checksum.SHA1")
        assert sum_ == (hashlib.sha1(octets).hexdigest() if member.isreg() else None), name
        assert (member.uid, member.gid, member.mtime) == (0, 0, int(EPOCH))


def test_it_installs_what_the_other_package_installs_and_its_lists(apk: bytes, package: Path):
    inner = members(members(package.read_bytes())["./data.tar.gz"][1])
    theirs = {name[2:]: (octets, member.mode) for name, (member, octets) in inner.items() if member.isreg()}
    data = members(parts(apk)[1])
    ours = {name: (octets, member.mode) for name, (member, octets) in data.items() if member.isreg()}
    lists = {name: octets.decode() for name, (octets, _mode) in ours.items() if name not in theirs}
    assert {name: ours[name] for name in theirs} == theirs
    assert lists["lib/apk/packages/haven.list"] == "".join(f"/{name}\n" for name in sorted(theirs))
    assert lists["lib/apk/packages/haven.conffiles"] == (FEED / "haven/conffiles").read_text()
    hash_ = hashlib.sha256(theirs["etc/config/haven"][0]).hexdigest()
    assert lists["lib/apk/packages/haven.conffiles_static"] == f"/etc/config/haven {hash_}\n"
    assert len(lists) == 3


def test_the_scripts_are_openwrts_stubs_and_ours_behind_them(scripts: dict):
    ours = {name: (FEED / "haven" / name).read_text() for name in ("preinst", "postinst", "prerm", "postrm")}
    assert set(scripts) == {
        ".PKGINFO",
        ".pre-install",
        ".post-install",
        ".pre-upgrade",
        ".post-upgrade",
        ".pre-deinstall",
        ".post-deinstall",
    }
    assert scripts[".pre-install"] == ours["preinst"] and scripts[".post-deinstall"] == ours["postrm"]
    for name, stub, script in (
        (".post-install", "default_postinst\n", "postinst"),
        (".post-upgrade", "default_postinst\n", "postinst"),
        (".pre-deinstall", "default_prerm\n", "prerm"),
    ):
        before, after = scripts[name].split(stub)
        assert 'export pkgname="haven"\n' in before and ours[script] == "#!/bin/sh\n" + after
    for name in (".pre-upgrade", ".post-upgrade"):
        assert scripts[name].startswith("#!/bin/sh\nexport PKG_UPGRADE=1\n")


@pytest.mark.parametrize("name", ["luci-app-haven", "luci-app-haven-classic", "luci-i18n-haven-zh-cn"])
def test_shells_understand_the_scripts_of_every_package(name: str, tmp_path: Path):
    made = members(parts(build_apk(tmp_path, name).read_bytes())[0])
    assert ".post-install" in made
    for script, (_member, octets) in made.items():
        if script != ".PKGINFO":
            subprocess.run(["sh", "-n"], input=octets, check=True)


def test_a_name_that_a_header_has_no_room_for_is_refused():
    sys.path.insert(0, str(FEED))
    import archives

    with pytest.raises(SystemExit, match="no room"):
        archives.tar({"x" * 99: (b"", 0o644)}, 0)
