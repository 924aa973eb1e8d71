# SPDX-License-Identifier: GPL-2.0-or-later
"""The scripts that the packages feed's CI calls on a router: without the package they fail."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from haven import VERSION
from tests.package.sdk import FEED, packages

# Of the Makefile in this folder come the packages whose names match.
OF = {
    "haven": "haven",
    "luci-app-haven": "luci-app-haven",
    "luci-app-haven-classic": "luci-app-haven-classic",
    **{path.name: "luci-app-haven" for path in packages() if "i18n" in path.name},
}
# Instead of the others, and made without the SDK: tests/package/test_package_micro.py has it.
SMALL = "haven-micro"
FOLDERS = r"(?<![\w-])/(?=(?:etc|usr|www)/)"


def _install(router: Path) -> None:
    for path in [each for each in packages() if each.name != SMALL]:
        argv = [sys.executable, str(FEED / "ipk.py"), "--into", str(router), path.name]
        subprocess.run(argv, check=True)
    for folder in ("usr/bin", "usr/sbin"):
        for program in (router / folder).iterdir():
            program.write_text(program.read_text().replace("/usr/bin/python3", sys.executable))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a router that has every package."""
    router = tmp_path_factory.mktemp("machine")
    _install(router)
    return router


def _run(router: Path, name: str, version: str = VERSION) -> subprocess.CompletedProcess:
    text = (FEED / OF.get(name, "haven") / "test.sh").read_text()
    text = re.sub(FOLDERS, f"{router}/", text).replace(f"#!{router}/", "#!/")
    path = f"{router}/usr/bin:{router}/usr/sbin:{os.environ['PATH']}"
    argv = ["sh", "-c", text, "test.sh", name, version]
    return subprocess.run(argv, capture_output=True, text=True, env={"PATH": path}, cwd="/")


def test_every_makefile_has_one():
    made = {path.parent for path in FEED.glob("*/Makefile")}
    assert made == {path.parent for path in FEED.glob("*/test.sh") if os.access(path, os.X_OK)}
    assert {*OF, SMALL} == {path.name for path in packages()}
    for folder in made:
        text = (folder / "test.sh").read_text()
        subprocess.run(["shellcheck", str(folder / "test.sh")], check=True)
        # What is quiet is not in the log of the build.
        assert not re.search(r"grep -\w*q|--quiet", text)


@pytest.mark.parametrize("name", sorted(OF))
def test_it_passes_where_the_package_is(name: str, machine: Path):
    done = _run(machine, name)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout


@pytest.mark.parametrize("name", [*sorted(OF), "another"])
def test_it_fails_where_the_package_is_not(name: str, tmp_path: Path):
    assert _run(tmp_path, name).returncode != 0


def test_it_fails_for_another_version(machine: Path):
    assert _run(machine, "haven", "9.9.9").returncode != 0


def test_every_program_says_its_version(machine: Path):
    programs = [path for folder in ("usr/bin", "usr/sbin") for path in (machine / folder).iterdir()]
    assert len(programs) == 3
    for path in programs:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=True)
        assert said.stdout == f"{path.name} {VERSION}\n"
