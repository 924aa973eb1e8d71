# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs that stay in memory import, and what they do without (docs/size.md)."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "openwrt-feed"))

from slim import slim  # noqa: E402

# Each brings half a megabyte and more: nobody is to pay that for a convenience.
HEAVY = {
    *("asyncio", "collections", "contextlib", "dataclasses", "enum", "functools", "glob", "hashlib"),
    *("importlib.util", "inspect", "ipaddress", "json", "logging", "pathlib", "re", "runpy", "selectors"),
    *("shutil", "signal", "site", "socket", "ssl", "subprocess", "tempfile", "threading", "traceback"),
    *("typing", "urllib", "warnings"),
}
# What is looked for now and then, and what notes the past, once there is a group.
LATE = ("haven.drill", "haven.history", "haven.agent.drill.drill", "haven.agent.history.chronicler")
# The words of every option.
WORDS = "haven.contract.configuration_words"
# What only some plans ask for.
RARE = (
    "haven.config",
    "haven.sync",
    "haven.upgrade",
    "haven.setup",
    "haven.leases",
    "haven.plan.",
    *LATE,
    WORDS,
)
PROGRAMS = (
    *("haven.havend.start", "haven.havend.heartbeats", "haven.agent.agent", "haven.agent.channel.part"),
    # Of every Active.
    "haven.agent.claimants.address_watch",
)
CODE = """
import sys
sys.path.insert(0, sys.argv[1])
__import__(sys.argv[2])
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources as the package has them: a type needs no module there."""
    folder = tmp_path_factory.mktemp("package")
    left_out = (ROOT / "openwrt-feed/haven/contents").read_text()
    for path in (ROOT / "src/haven").rglob("*.py"):
        if f"- {path.relative_to(ROOT)}\n" in left_out:
            continue
        place = folder / path.relative_to(ROOT / "src")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(slim(path.read_text()))
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_that_stays_imports_nothing_heavy(program: str, package: Path) -> None:
    argv = [sys.executable, "-I", "-S", "-B", "-c", CODE, str(package), program]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert program in loaded
    assert sorted(loaded & HEAVY) == []
    assert sorted(name for name in loaded if name.startswith(RARE)) == []


def test_every_module_of_the_package_can_be_imported(package: Path) -> None:
    """Types that one file takes from another are gone in both."""
    names = [
        ".".join(path.relative_to(package).with_suffix("").parts) for path in sorted(package.rglob("*.py"))
    ]
    code = "import sys, importlib\nsys.path.insert(0, sys.argv[1])\n"
    code += "for name in sys.stdin.read().split(): importlib.import_module(name)\nprint(len(sys.modules))"
    argv = [sys.executable, "-B", "-c", code, str(package)]
    done = subprocess.run(argv, input="\n".join(names), capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) > len(names) > 300, done.stderr[-2000:]
