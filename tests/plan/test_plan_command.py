# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m haven.plan.main`, and a plan as people see it."""

import json
import os
import pathlib
import subprocess
import sys
from unittest.mock import patch

import pytest

from haven.cli.plan_text import COLUMNS, exact_duration, show_plan
from haven.config.load import load_text
from haven.contract.plan import read_document
from haven.plan import main as program
from haven.plan.assemble import compile_plan
from haven.plan.machine import DeviceFacts, Machine
from haven.plan.sequences import with_sequences

GOOD = """
config haven 'main'
	option node 'r1'

config group 'gateway'
	option preempt '1'
	option preempt_delay '5'

config virtual_router 'lan'
	option group 'gateway'
	option device 'absent0'
	option vrid '51'
	option virtual_mac '1'
	option accept '0'
	list address '192.168.1.1/24'
	list route 'default via 192.168.1.254 metric 5'
	list unicast_peer '192.168.1.3'
	list track_interface 'lo:20'

config virtual_router 'lan6'
	option group 'gateway'
	option device 'absent0'
	option vrid '51'
	list address 'fe80::1'
"""


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / "haven").write_text(GOOD)
    return tmp_path


def arguments(folder: pathlib.Path) -> list[str]:
    return ["--config", str(folder / "haven"), "--output", str(folder / "plan.json")]


def main(words: list[str]) -> int:
    """Run the compiler in this process."""
    with patch.object(sys, "argv", ["compile", *words]):
        return program.main()


def test_a_good_configuration_becomes_a_plan_file(folder: pathlib.Path) -> None:
    assert main(arguments(folder)) == 0
    plan = read_document(str(folder / "plan.json"))
    assert [router["name"] for router in plan["virtual_routers"]] == ["lan", "lan6"]


def test_a_plan_with_warnings_of_the_machine_is_made_anew_at_the_next_start(folder: pathlib.Path) -> None:
    config = folder / "haven"
    main(arguments(folder))
    assert read_document(str(folder / "plan.json"))["made_from"] is None
    # One of the configuration's own does not go by waiting.
    renamed = "config conntrack\n\toption wait '5'\n"
    config.write_text(GOOD.replace("absent0", "lo").replace("option virtual_mac '1'", "") + renamed)
    main(arguments(folder))
    seen = os.stat(config)
    plan = read_document(str(folder / "plan.json"))
    assert [warning["code"] for warning in plan["warnings"]] == ["option-renamed"]
    assert plan["made_from"] == [
        str(config),
        seen.st_mtime_ns,
        seen.st_size,
    ]


def test_every_problem_is_a_line_and_the_old_plan_stays(folder: pathlib.Path) -> None:
    assert main(arguments(folder)) == 0
    before = (folder / "plan.json").read_text()
    (folder / "haven").write_text(GOOD.replace("'51'", "'999'").replace("'5'", "'x'"))
    command = [sys.executable, "-m", "haven.plan.main", *arguments(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(str(folder / "haven")) for line in lines)
    assert (folder / "plan.json").read_text() == before


def test_every_problem_is_told_to_programs_with_its_code_and_place(
    folder: pathlib.Path, capsys: pytest.CaptureFixture
) -> None:
    (folder / "haven").write_text(GOOD.replace("option vrid '51'", "option vrid '999'", 1))
    assert main([*arguments(folder), "--json"]) == 1
    out, err = capsys.readouterr()
    (problem,) = json.loads(err)
    assert (out, err.count("\n")) == ("", 1)
    assert (problem["code"], problem["facts"]["value"], problem["option"]) == ("value-whole", "999", "vrid")
    assert (problem["file"], problem["section_name"]) == (str(folder / "haven"), "lan")
    assert problem["text"].endswith(problem["message"])


def test_a_python_module_that_is_missing_is_named(
    folder: pathlib.Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyroute2", None)
    assert main(arguments(folder)) == 1
    assert capsys.readouterr().err == "the Python module pyroute2 is not installed\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "compile: --output is missing"),
        (["--output"], "compile: --output needs a FILE"),
        (["--jsno"], "compile: --jsno is not an option"),
        (["--output", "/x", "more"], "compile: 'more' is one word too many"),
    ],
)
def test_wrong_usage_is_said(words: list[str], reason: str, capsys: pytest.CaptureFixture) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("", reason)


def test_help_names_the_options(capsys: pytest.CaptureFixture) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("usage: compile", "--config FILE", "--output FILE", "--json"))


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_a_plan_that_cannot_be_written_is_a_failure(
    folder: pathlib.Path, capsys: pytest.CaptureFixture
) -> None:
    output = str(folder / "nowhere" / "plan.json")
    assert main(["--config", str(folder / "haven"), "--output", output]) == 1
    assert capsys.readouterr().err.startswith(output + ": cannot be written")


def shown(folder: pathlib.Path) -> str:
    main(arguments(folder))
    return show_plan(with_sequences(read_document(str(folder / "plan.json"))))


def test_people_see_who_where_when_and_every_step(folder: pathlib.Path) -> None:
    text = shown(folder)
    for line in (
        "Virtual router lan",
        "  who          VRID 51, priority 100, VRRP version 3 for IPv4",
        "  where        absent0",
        "  virtual MAC  00:00:5e:00:01:33 on hv4-51-absent0",
        "  addresses    192.168.1.1/24",
        "  peers        192.168.1.3",
        "  tracks       lo (priority -20)",
        "               takes over after 3.609 s of silence",
        "  takeover     1. advertisement for lan, lan6",
        "               2. set hv4-51-absent0 up",
        "               5. add route default via 192.168.1.254 metric 5",
        "               6. add fe80::1/128 to absent0",
        "               7. gratuitous ARP for 192.168.1.1",
        "               8. unsolicited neighbour advertisement for fe80::1",
        "  handover     1. priority 0 advertisement for lan, lan6",
        "               2. wait until another router is Active, 1.25 s at most",
        "               3. priority 0 advertisement for lan",
        "               4. delete route default via 192.168.1.254 metric 5",
        "  set-up       1. create hv4-51-absent0 on absent0, macvlan vepa, 00:00:5e:00:01:33",
        "  preempts     yes: the higher priority takes over after 5 s",
    ):
        assert line in text.splitlines(), line
    assert "ip daddr 192.168.1.1 drop" in text
    assert "virtual_router 'lan6': device 'absent0' does not exist yet" in " ".join(text.split())


def test_no_line_is_longer_than_the_screen_and_none_has_blanks_at_its_end(folder: pathlib.Path) -> None:
    many = "".join("\tlist address '2001:db8::%x/64'\n" % number for number in range(1, 40))
    (folder / "haven").write_text(GOOD + many)
    lines = shown(folder).splitlines()
    assert max(len(line) for line in lines) <= COLUMNS
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_step_that_is_wrapped_goes_on_below_its_text(folder: pathlib.Path) -> None:
    many = "".join("\tlist address '2001:db8::%x/64'\n" % number for number in range(1, 10))
    (folder / "haven").write_text(GOOD + many)
    lines = shown(folder).splitlines()
    at = next(at for at, line in enumerate(lines) if "unsolicited neighbour" in line)
    column = lines[at].index("unsolicited")
    assert lines[at + 1][:column].strip() == "" and lines[at + 1][column:].startswith("2001:db8::")


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(1_000_000, "1 s"), (1_500_000, "1500 ms"), (10_000, "10 ms"), (1_390_625, "1.391 s"), (1, "1 us")],
)
def test_a_time_has_the_largest_unit_that_is_exact(microseconds: int, text: str) -> None:
    assert exact_duration(microseconds) == text


def indented_blocks(text: str) -> list[str]:
    """The blocks of a Markdown text that are indented by four."""
    blocks, block = [], []
    for line in [*text.splitlines(), "end"]:
        if line.startswith("    ") or (not line and block):
            block.append(line[4:])
        elif block:
            blocks.append("\n".join(block).strip("\n"))
            block = []
    return blocks


def test_the_manual_shows_what_the_program_shows() -> None:
    manual = pathlib.Path(__file__).parents[2] / "docs" / "plan.md"
    config, expected = indented_blocks(manual.read_text())[:2]
    model, problems = load_text(config, "/etc/config/haven")
    assert not problems
    facts = Machine(
        {
            "br-lan": DeviceFacts(4, "br-lan", bytes(6), 1500, True, 1, kind="bridge"),
            "wan": DeviceFacts(5, "wan", bytes(6), 1500, True, 1),
        }
    )
    plan, _ = compile_plan(model, facts, "/etc/config/haven")
    assert show_plan(with_sequences(plan)).strip("\n") == expected
