# SPDX-License-Identifier: GPL-2.0-or-later
"""The folder that is a feed: its indexes name what is in it, and their signatures hold."""

import base64
import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT, members
from tests.package.pythons import BUILDERS
from tests.package.sdk import packages
from tests.package.test_package_apk import about, parts

PROGRAM = ROOT / "openwrt-feed/feed.py"
NAMES = ("haven", "luci-app-haven", "luci-app-haven-classic", "luci-i18n-haven-de", "luci-i18n-haven-zh-cn")
SMALL = "haven-micro"
# What DER has before the 32 octets of an Ed25519 key (RFC 8410).
ED25519_DER = bytes.fromhex("302a300506032b6570032100")


def _make(folder: Path, keys: Path, *names: str, python: str = sys.executable) -> subprocess.CompletedProcess:
    argv = [python, str(PROGRAM), str(folder), str(keys), *names]
    return subprocess.run(argv, capture_output=True, text=True)


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A feed, made twice: by the keys of the first time."""
    folder = tmp_path_factory.mktemp("feed")
    assert _make(folder / "feed", folder / "keys", "haven").returncode == 0
    first = (folder / "feed/haven-feed.pub").read_bytes(), (folder / "feed/haven-feed.pem").read_bytes()
    (folder / "feed/haven_0.0.1-r1_all.ipk").write_text("of another version")
    done = _make(folder / "feed", folder / "keys", *NAMES)
    assert (done.returncode, done.stderr) == (0, "")
    after = (folder / "feed/haven-feed.pub").read_bytes(), (folder / "feed/haven-feed.pem").read_bytes()
    assert first == after
    return folder / "feed"


def _oldest_first() -> list[str]:
    return sorted(BUILDERS, key=lambda version: [int(part) for part in version.split(".")])


def test_these_and_the_small_nodes_are_all_packages():
    assert sorted([*NAMES, SMALL]) == sorted(path.name for path in packages())


@pytest.mark.parametrize("version", _oldest_first())
def test_every_python_builds_the_same_octets(version: str, feed: Path, tmp_path: Path):
    # MicroPython's takes long: the oldest and the newest build it, too.
    small = [SMALL] if version in (_oldest_first()[0], _oldest_first()[-1]) else []
    done = _make(tmp_path / "feed", feed.parent / "keys", *NAMES, *small, python=BUILDERS[version])
    assert (done.returncode, done.stderr) == (0, "")
    built = {path.name: path for path in (tmp_path / "feed").iterdir() if path.suffix in (".ipk", ".apk")}
    theirs = {path.name: path for path in feed.iterdir() if path.suffix in (".ipk", ".apk")}
    assert [name for name in theirs if built[name].read_bytes() != theirs[name].read_bytes()] == []
    assert len(built) == len(theirs) + 2 * len(small)


def _verified(argv: list[str], folder: Path) -> bool:
    return subprocess.run(["openssl", *argv], cwd=folder, capture_output=True).returncode == 0


def _usign(path: Path) -> tuple[bytes, bytes, bytes]:
    """Return what a file of usign's has: the algorithm, the key's number, and the rest."""
    comment, text = path.read_text().splitlines()
    assert comment.startswith("untrusted comment: ")
    octets = base64.b64decode(text)
    return octets[:2], octets[2:10], octets[10:]


def test_opkgs_index_has_the_control_of_every_package_and_where_it_is(feed: Path):
    text = (feed / "Packages").read_text()
    assert gzip.decompress((feed / "Packages.gz").read_bytes()).decode() == text
    # opkg needs the empty line behind the last one, too.
    entries = text.split("\n\n")
    assert entries.pop() == "" and len(entries) == len(NAMES)
    for name, entry in zip(NAMES, entries, strict=True):
        rows = dict(line.split(": ", 1) for line in entry.splitlines() if not line.startswith(" "))
        octets = (feed / rows["Filename"]).read_bytes()
        assert rows["Package"] == name and list(rows)[-1] == "Description"
        assert rows["Size"] == str(len(octets)) and rows["SHA256sum"] == hashlib.sha256(octets).hexdigest()
        control = members(members(octets)["./control.tar.gz"][1])["./control"][1].decode()
        added = ("Filename: ", "Size: ", "SHA256sum: ")
        kept = [line for line in entry.splitlines() if not line.startswith(added)]
        assert kept == control.splitlines()


def test_the_signature_for_opkg_is_of_the_index_and_by_the_key_beside_it(feed: Path, tmp_path: Path):
    algorithm, number, point = _usign(feed / "haven-feed.pub")
    assert algorithm == b"Ed" and len(point) == 32
    signed_as, by, signature = _usign(feed / "Packages.sig")
    assert (signed_as, by, len(signature)) == (b"Ed", number, 64)
    (tmp_path / "key").write_bytes(ED25519_DER + point)
    (tmp_path / "signature").write_bytes(signature)
    words = ["pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER"]
    argv = [*words, "-inkey", "key", "-sigfile", "signature", "-in"]
    assert _verified([*argv, str(feed / "Packages")], tmp_path)
    (tmp_path / "other").write_bytes((feed / "Packages").read_bytes() + b" ")
    assert not _verified([*argv, "other"], tmp_path)


def test_apks_index_names_every_package_by_the_hash_of_its_first_part(feed: Path):
    _signature, index = parts((feed / "APKINDEX.tar.gz").read_bytes())
    entries = members(index)["APKINDEX"][1].decode().split("\n\n")
    assert entries.pop() == "" and len(entries) == len(NAMES)
    for name, entry in zip(NAMES, entries, strict=True):
        rows = dict(line.split(":", 1) for line in entry.splitlines())
        octets = (feed / f"{name}-{rows['V']}.apk").read_bytes()
        identity = hashlib.sha1(parts(octets)[0]).digest()
        assert rows["C"] == "Q1" + base64.b64encode(identity).decode()
        assert (rows["P"], rows["A"], rows["S"]) == (name, "noarch", str(len(octets)))
        assert rows["D"].split() == [value for key, value in about(octets) if key == "depend"]


def test_the_signature_for_apk_names_the_key_beside_it(feed: Path, tmp_path: Path):
    signature, index = parts((feed / "APKINDEX.tar.gz").read_bytes())
    ((name, (_member, octets)),) = members(signature).items()
    assert name == ".SIGN.RSA512.haven-feed.pem"
    (tmp_path / "signature").write_bytes(octets)
    (tmp_path / "index").write_bytes(index)
    argv = ["dgst", "-sha512", "-verify", str(feed / "haven-feed.pem"), "-signature", "signature"]
    assert _verified([*argv, "index"], tmp_path)
    (tmp_path / "index").write_bytes(index + b" ")
    assert not _verified([*argv, "index"], tmp_path)


def test_what_another_version_has_left_goes_and_no_secret_comes(feed: Path):
    packages = sorted(path.name for path in feed.iterdir() if path.suffix in (".ipk", ".apk"))
    assert len(packages) == 2 * len(NAMES) and not [name for name in packages if "0.0.1" in name]
    assert not [path for path in feed.iterdir() if b"PRIVATE" in path.read_bytes()]
    keys = feed.parent / "keys"
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir()} == {0o600}


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path):
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "opkg.key").write_text("no key")
    (keys / "apk.key").write_text("no key")
    done = _make(tmp_path / "feed", keys, "luci-i18n-haven-de")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("openssl ")
    assert (keys / "opkg.key").read_text() == "no key"
