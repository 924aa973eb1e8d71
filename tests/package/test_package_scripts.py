# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts of the package, in the root directory of a router that is only a folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT
from tests.package.sdk import packages

SCRIPTS = [
    ROOT / "files/etc/init.d/haven",
    ROOT / "files/etc/uci-defaults/90_haven",
    *sorted(ROOT.glob("openwrt-feed/*/*inst")),
    *sorted(ROOT.glob("openwrt-feed/*/*rm")),
]
# A command that writes down its call, and a uci with one section.
RECORD = '#!/bin/sh\necho "${0##*/} $*" >>"$RECORD"\n'
UCI = RECORD + 'case "$*" in *show*) echo "haven.main=haven" ;; esac\n'


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_shells_understand_it(path: Path):
    assert len(SCRIPTS) >= 4
    subprocess.run(["shellcheck", str(path)], check=True)
    for shell in (["busybox", "ash"], ["dash"]):
        if shutil.which(shell[0]):
            subprocess.run([*shell, "-n", str(path)], check=True)


def test_they_do_not_end_the_script_that_apk_makes_of_them():
    for name in ("preinst", "postinst", "prerm"):
        text = (ROOT / "openwrt-feed/haven" / name).read_text()
        assert "exit" not in [word for line in text.splitlines() if line[:1] != "#" for word in line.split()]


class Router:
    """A folder with the package in it and commands that write down their calls."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.record = root / "record"
        self.commands = root / "commands"
        self.commands.mkdir()
        self.add("python3", RECORD)
        self.add("haven", RECORD)
        self.add("uci", UCI)
        (root / "var/run").mkdir(parents=True)

    def add(self, name: str, text: str) -> None:
        (self.commands / name).write_text(text)
        (self.commands / name).chmod(0o755)

    def run(self, script: str, upgrade: bool = False, image: str = "") -> list[str]:
        """Run a script as default_postinst and opkg do; return the calls it made."""
        self.record.write_text("")
        text = (ROOT / "openwrt-feed/haven" / script).read_text()
        for folder in ("/usr/lib/haven", "/var/run", "/etc/"):
            text = text.replace(folder, f"{self.root}{folder}")
        place = self.root / script
        place.write_text(text)
        environment = {
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "RECORD": str(self.record),
            "PKG_UPGRADE": "1" if upgrade else "0",
            "IPKG_INSTROOT": image,
        }
        shell = ["busybox", "ash"] if shutil.which("busybox") else ["sh"]
        done = subprocess.run(
            [*shell, "-c", f". {place}"], env=environment, capture_output=True, text=True, check=True
        )
        self.said = done.stderr
        return self.record.read_text().splitlines()


@pytest.fixture
def machine(router: Path) -> Router:
    """A router with the package."""
    return Router(router)


def test_the_first_change_after_the_installation_is_noticed(machine: Router):
    seen = machine.root / "var/run/config.md5"
    other = f"{'0' * 32}  {machine.root}/var/run/config.check/network\n"
    seen.write_text(other)
    assert "uci -q show haven" in machine.run("postinst")
    lines = seen.read_text().splitlines()
    assert lines[0] == other.strip() and lines[1].endswith("  " + str(seen.parent / "config.check/haven"))
    assert not (seen.parent / "config.check").exists()
    # reload_config has seen it since; what it knows counts.
    machine.run("postinst")
    assert seen.read_text().splitlines() == lines


def test_a_configuration_of_an_earlier_package_is_closed_to_others(machine: Router):
    config = machine.root / "etc/config/haven"
    config.chmod(0o644)
    machine.run("postinst", upgrade=True)
    assert config.stat().st_mode & 0o777 == 0o600


def test_a_removal_takes_back_what_was_added_elsewhere_and_an_upgrade_does_not(machine: Router):
    assert machine.run("prerm") == [f"python3 -I {machine.root}/usr/lib/haven/haven.zip take-back"]
    assert machine.run("prerm", upgrade=True) == []


def test_an_image_that_is_being_built_is_left_alone(machine: Router):
    for script in ("preinst", "postinst", "prerm", "postrm"):
        assert machine.run(script, image="/somewhere") == []
    assert (machine.root / "usr/lib/haven").exists()


def test_an_upgrade_stops_what_runs_before_its_files_change(machine: Router):
    service = machine.root / "etc/init.d/haven"
    service.write_text(RECORD)
    service.chmod(0o755)
    assert machine.run("preinst", upgrade=True) == ["haven running", "haven stop"]
    assert machine.run("preinst") == []


def test_an_upgrade_keeps_what_the_new_package_has_brought(machine: Router):
    (machine.root / "var/run/haven").mkdir()
    machine.run("postrm", upgrade=True)
    assert (machine.root / "usr/lib/haven/haven.zip").exists()
    assert (machine.root / "var/run/haven").exists()


def test_a_removal_leaves_the_configuration_and_nothing_else(machine: Router):
    (machine.root / "usr/lib/haven/haven.zip.123.new").write_text("of a power cut")
    (machine.root / "var/run/haven").mkdir()
    # Of an upgrade, by opkg and by apk.
    for example in ("haven-opkg", "haven.apk-new"):
        (machine.root / "etc/config" / example).write_text("")
    machine.run("postrm")
    assert not (machine.root / "usr/lib/haven").exists()
    assert [path.name for path in (machine.root / "etc/config").iterdir()] == ["haven"]
    assert not (machine.root / "var/run/haven").exists()
    assert (machine.root / "etc/config/haven").exists()


@pytest.mark.parametrize("name", [path.name for path in packages()])
def test_a_removal_leaves_no_folder_of_ours(name: str, tmp_path: Path):
    folder, described = tmp_path / "router", ROOT / "openwrt-feed" / name
    ipk = [sys.executable, str(ROOT / "openwrt-feed/ipk.py"), "--into", str(folder), name]
    subprocess.run(ipk, check=True)
    # What haven makes itself, and what others have there.
    for each in ("etc/haven", "etc/hotplug.d/haven", "etc/hotplug.d/iface"):
        (folder / each).mkdir(parents=True)
    # opkg: the files, then the script; the folders stay.
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        path.unlink()
    script = described / "postrm"
    if script.exists():
        text = re.sub(r"(?<=[ \n])/(?=(etc|usr|var|www|tmp)/)", f"{folder}/", script.read_text())
        subprocess.run(["sh", "-c", text], check=True, env={"PATH": os.environ["PATH"]})
    left = {str(path.relative_to(folder)) for path in folder.rglob("haven")}
    kept = {"haven": set(), "haven-micro": {"etc/hotplug.d/haven"}}
    assert left == kept.get(name, {"etc/haven", "etc/hotplug.d/haven"})
    assert (folder / "etc/hotplug.d/iface").exists()
    # No other package makes this one on a router.
    assert not (folder / "usr/share/bash-completion").exists()


def test_a_removal_leaves_the_scripts_of_the_user(machine: Router):
    script = machine.root / "etc/hotplug.d/haven/20-service"
    script.parent.mkdir(parents=True)
    script.write_text("exit 0\n")
    machine.run("postrm")
    assert script.exists()
