# SPDX-License-Identifier: GPL-2.0-or-later
"""The package of the small node: it fits, needs nothing of Python, and its bytecode runs."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from haven import VERSION
from haven.contract import other_events, other_problems, problems
from tests.havend.plans import document, lan
from tests.package.sdk import FEED

sys.path.insert(0, str(FEED / "haven-micro"))
import bytecode  # noqa: E402

# Of the files as they lie on the flash, without its compression.
MOST = 250_000
MICROPYTHON = os.environ.get("HAVEN_MICROPYTHON", str(Path(sys.executable).parent / "micropython"))


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a router that has the package and nothing else."""
    folder = tmp_path_factory.mktemp("router")
    subprocess.run([sys.executable, str(FEED / "ipk.py"), "--into", str(folder), "haven-micro"], check=True)
    return folder


def run(router: Path, program: str, *words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "HAVEN_MICROPYTHON": MICROPYTHON}
    argv = [str(router / program), *words]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, cwd="/")


def test_it_fits_into_a_small_flash(router: Path):
    size = sum(path.stat().st_size for path in router.rglob("*") if path.is_file())
    print(f"{size} octets installed")
    assert size <= MOST


def test_it_depends_on_nothing_of_python():
    text = (FEED / "haven-micro/control").read_text()
    needed = re.search(r"^Depends: (.*)$", text, re.M)
    assert needed and "micropython" in needed[1].split(", ")
    assert not [each for each in needed[1].split(", ") if each.startswith("python")]


def test_it_has_the_words_of_all_that_it_says():
    """A code whose words are left out of the package would end havend, in the midst of its work."""
    sources = FEED.parent / "src"
    left_out = {row[0] for row in other_problems.OTHER_TABLE + other_events.OTHER_TABLE}
    # Of plans with connections to copy, which none for a small node has.
    left_out -= {row[0] for row in problems.OWN_TABLE} | {"conntrack-unplaced"}
    said = {
        (path.name, node.value)
        for path in bytecode._needed(sources)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {each for each in said if each[1] in left_out} == set()


@pytest.mark.parametrize("program", ["usr/sbin/havend-micro", "usr/bin/haven-micro"])
def test_its_bytecode_runs(router: Path, program: str):
    done = run(router, program, "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert VERSION in done.stdout


def test_it_tells_its_facts(router: Path):
    facts = json.loads(run(router, "usr/sbin/havend-micro", "--facts").stdout)
    assert {"lo"} <= {each["name"] for each in facts["devices"]}


def test_havend_refuses_a_plan_that_is_none(router: Path, tmp_path: Path):
    (tmp_path / "plan.json").write_text('{"version": 99}')
    words = ("--plan", str(tmp_path / "plan.json"), "--run-dir", str(tmp_path / "run"))
    done = run(router, "usr/sbin/havend-micro", *words)
    assert done.returncode == 1
    assert "reads version" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_the_agents_is_not_in_it_and_a_plan_with_it_is_refused(router: Path, tmp_path: Path):
    there = {str(path.relative_to(router)) for path in router.rglob("*.mpy")}
    assert not [each for each in there if "agent" in Path(each).name.replace("no_agent", "")]
    plan = document(lan()) | {"parts": {"metrics": {"addresses": ["192.0.2.1"], "port": 9100}}, "bfd": [{}]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    words = ("--plan", str(tmp_path / "plan.json"), "--run-dir", str(tmp_path / "run"))
    done = run(router, "usr/sbin/havend-micro", *words)
    assert done.returncode == 1
    assert "metrics, bfd: not known on this node; make the plan by 'haven plan --machine'" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_agent_would_ask_is_refused_without_its_words(router: Path, tmp_path: Path):
    asked = tmp_path / "ask.py"
    asked.write_text(
        "from haven.contract.control import read_request\nprint(read_request(b'%s'))"
        % (json.dumps({"command": "note", "code": "service-started", "facts": {}}))
    )
    environment = {**os.environ, "MICROPYPATH": str(router / "usr/lib/haven-micro")}
    done = subprocess.run([MICROPYTHON, str(asked)], capture_output=True, text=True, env=environment)
    assert "'command': 'note'" in done.stdout, done.stderr + done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("join",), "join needs an address and a key"),
        (("join", "192.0.2.1", "secret"), "a key is 32 digits and letters a to f"),
        (("join", "127.0.0.1", "0" * 32), "127.0.0.1 is not reached: "),
        (("follow",), "nobody is to be asked for a plan"),
        (("status",), "havend is not running"),
    ],
)
def test_its_command_says_in_a_sentence_what_is_wrong(
    router: Path, tmp_path: Path, words: tuple[str, ...], said: str
):
    paths = ("--plan", str(tmp_path / "plan.json"), "--run-dir", str(tmp_path / "run"))
    done = run(router, "usr/bin/haven-micro", *words, *paths)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("haven: " + said)


def test_another_python_is_refused_in_one_sentence():
    entry = FEED.parent / "src/haven/micro/main.py"
    done = subprocess.run([sys.executable, str(entry), "havend"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "haven: this needs MicroPython 1.23 or later\n")


# With what MicroPython says of itself, and words as it has them, octets that nobody has looked at: the one on
# PyPI takes no such words.
ON_MICROPYTHON = """
import os, runpy, sys, types

class Word(bytes):
    encode = lambda self: self

entry, sys.argv = sys.argv[1], [Word(os.fsencode(each)) for each in sys.argv[1:]]
own = {**vars(sys.implementation), "name": "micropython", "version": (1, 23, 0)}
sys.implementation = types.SimpleNamespace(**own)
runpy.run_path(entry, run_name="__main__")
"""


@pytest.mark.parametrize("words", [[b"\xff"], [b"\xc3("], [b"\xc3", b"\xa9"]], ids=["none", "half", "halves"])
def test_a_word_that_is_no_text_is_refused_in_one_sentence(words: list[bytes]):
    entry = FEED.parent / "src/haven/micro/main.py"
    argv = [sys.executable, "-c", ON_MICROPYTHON, str(entry), "command", *words]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "haven: a word of the command line is not UTF-8\n")


def test_what_the_firewall_lets_in_follows_the_plan(router: Path, tmp_path: Path):
    (tmp_path / "none.json").write_text("{}")
    assert run(router, "usr/bin/haven-micro", "rules", "--plan", str(tmp_path / "none.json")).stdout == ""


def test_without_its_compiler_it_is_left_out_and_the_others_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bytecode, "__file__", str(tmp_path / "openwrt-feed/haven-micro/bytecode.py"))
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.delenv("MPY_CROSS", raising=False)
    with pytest.raises(SystemExit) as ended:
        bytecode.modules(tmp_path)
    assert ended.value.code == bytecode.NO_COMPILER == 69
    assert "left out, as it needs mpy-cross" in capsys.readouterr().err
    assert (FEED.parent / "Makefile").read_text().count("|| [ $$? = 69 ] || exit") == 2
