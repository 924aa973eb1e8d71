# SPDX-License-Identifier: GPL-2.0-or-later
"""No Python that root starts imports from the working folder or the environment."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT, build
from tests.package.installed import ARCHIVE

# What a router runs, and what a build for it does.
SHELL = [
    path
    for folder in ("files", "openwrt-feed")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and path.suffix not in (".js", ".css", ".py", ".pyc") and path.name != "Makefile"
]
PYTHON = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "openwrt-feed").glob("*.py"))]

STARTS = re.compile(r"(?<![\w-])(?:/usr/bin/)?python3?(?= )(?! +-I\b)")
TRAPS = (
    "json",
    "haven/__init__",
    "encodings/__init__",
    "tempfile",
    "pyroute2",
    "sitecustomize",
    "usercustomize",
)


def _starts(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#") or line.startswith("#!")]
    return [line for line in lines if STARTS.search(line)]


@pytest.mark.parametrize("path", SHELL, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_start_python_isolated(path: Path):
    assert len(SHELL) > 10
    assert _starts(path.read_text()) == []


def test_a_python_that_is_not_isolated_would_be_found():
    assert _starts("exec python3 -m haven.cli.main\n") and _starts("#!/usr/bin/python3 -u\n")
    assert not _starts("\tpython3 -I /usr/lib/haven/haven.zip\n# python3 -m x\n")


def test_programs_start_python_isolated():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in PYTHON
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.List) and node.elts and ast.unparse(node.elts[0]) == "sys.executable"
        if [ast.unparse(each) for each in node.elts[1:2]] != ["'-I'"]
    ]
    assert found == []


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with modules that end whatever imports them."""
    folder = tmp_path / "trap"
    for name in TRAPS:
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os\nos.write(2, b'trapped')\nos._exit(99)\n")
    return folder


def _run(argv: list[str], trap: Path, **more: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(trap), "HOME": str(trap), **more}
    return subprocess.run(
        argv, cwd=trap, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def _script(router: Path, place: Path, folder: Path) -> str:
    """Copy a script of the package such that it finds the package in its folder, and this Python."""
    text = place.read_text().replace("/usr/lib/haven", str(router / "usr/lib/haven"))
    text = re.sub(r"(?<![\w-])(/usr/bin/)?python3(?= -)", sys.executable, text)
    (folder / place.name).write_text(text)
    return str(folder / place.name)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven", ["call", "validate"]),
        ("files/etc/uci-defaults/90_haven", []),
        ("openwrt-feed/haven/prerm", []),
    ],
)
def test_a_script_of_the_package_imports_nothing_from_its_working_folder(
    router: Path, trap: Path, tmp_path: Path, script: str, words: list[str]
):
    place = _script(router, ROOT / script, tmp_path)
    done = _run(["sh", place, *words], trap, PKG_UPGRADE="0", IPKG_INSTROOT="")
    assert "trapped" not in done.stderr and done.returncode != 99


@pytest.mark.parametrize("action", ["start", "stop"])
def test_the_service_imports_nothing_from_its_working_folder(
    router: Path, trap: Path, tmp_path: Path, action: str
):
    if shutil.which("busybox") is None:
        pytest.skip("busybox is not here")
    place = _script(router, ROOT / "files/etc/init.d/haven", tmp_path)
    recorder = str(ROOT / "tests/package/recorder.sh")
    record = tmp_path / "record"
    done = _run(["busybox", "ash", recorder, place, action], trap, RECORD=str(record))
    assert "trapped" not in done.stderr + record.read_text()


@pytest.mark.parametrize("program", ["usr/bin/haven", "usr/sbin/havend", "usr/sbin/haven-agent"])
def test_a_program_imports_nothing_from_its_working_folder(router: Path, trap: Path, program: str):
    place = router / program
    place.write_text(place.read_text().replace("/usr/bin/python3", sys.executable))
    done = _run([str(place), "--version"], trap)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_build_imports_nothing_from_its_working_folder(
    trap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.rmtree(trap / "encodings")
    (trap / "sitecustomize.py").unlink()
    monkeypatch.chdir(trap)
    assert build(tmp_path / "built").exists()


def test_the_trap_works(router: Path, trap: Path):
    """Without it, the tests above would show nothing."""
    done = _run([sys.executable, "-c", "import json"], trap)
    assert (done.returncode, done.stderr) == (99, "trapped")
    assert _run([sys.executable, "-I", str(router / ARCHIVE), "haven", "--version"], trap).returncode == 0
