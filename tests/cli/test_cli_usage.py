# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line, the help, and the completion made from the same table."""

import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from haven import VERSION
from haven.arguments import UsageError
from haven.cli.command_table import COMMANDS, SHOWN, Command
from haven.cli.completion import bash
from haven.cli.main import main
from haven.cli.usage import call_of, help_of, parse
from tests.cli.subjects import argv
from tests.havend.machines import environment

COMPLETION = Path(__file__).parents[2] / "files/usr/share/bash-completion/completions/haven"


@pytest.mark.parametrize(
    "words",
    (
        "--config /c --run-dir /r status --json",
        "status --json --config /c --run-dir /r",
        "--run-dir=/r status --config=/c --json",
        "--json status --config /c --run-dir /r",
    ),
)
def test_options_stand_before_or_after_the_command(words: str) -> None:
    request = parse(words.split())
    assert (request.config, request.run_dir, request.json) == ("/c", "/r", True)


def test_places_have_their_defaults() -> None:
    request = parse(["status"])
    assert (request.config, request.run_dir) == ("/etc/config/haven", "/var/run/haven")


@pytest.mark.parametrize(
    ("words", "reason"),
    (
        ([], "a command is missing"),
        (["statsu"], "'statsu' is not a command; did you mean 'status'?"),
        (["status", "--jsno"], "--jsno is not an option; did you mean '--json'?"),
        (["stop", "--json"], "stop does not have --json"),
        (["stop", "now"], "stop: 'now' is one word too many"),
        (["stop", "\x1b[2Jno\nw"], "stop: '\\x1b[2Jno w' is one word too many"),
        (["switchover", "lan", "wan"], "switchover: 'wan' is one word too many"),
        (["switchover", ""], "switchover: GROUP is empty"),
        (["maintenance"], "maintenance needs on or off"),
        (["maintenance", "maybe"], "maintenance: 'maybe' is not on or off"),
        (["status", "--run-dir"], "--run-dir needs a DIR"),
        (["status", "--config="], "--config needs a FILE"),
        (["status", "--json=1"], "--json takes no value"),
        (["status", "--json", "--watch"], "status: --json and --watch do not go together"),
        (["status", "--wait", "--watch"], "status: --wait and --watch do not go together"),
    ),
)
def test_wrong_usage_is_status_2_and_says_what(
    words: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"haven: {reason}\nTry 'haven --help'.\n")


def test_bad_words_raise_nothing_else() -> None:
    for word in ("", "-", "--", "=", "--=", "\udcff", "\x00", "a" * 10_000):
        with pytest.raises(UsageError):
            parse([word])


def test_each_command_stands_once() -> None:
    names = [command.name for command in COMMANDS]
    assert sorted(set(names)) == sorted(names)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert not err
    assert all(f"\n  {command.name}" in out and command.help in out for command in SHOWN)
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_help(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command.name, "--help"]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith(f"usage: haven {command.name}")
    assert all(option.name in out for option in command.options)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"haven {VERSION}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_command_has_its_function(command: object) -> None:
    module, name = command.function.split(":")
    assert callable(getattr(import_module(module), name))


def test_completion_file_is_current() -> None:
    assert COMPLETION.read_text() == bash(), f"run: python -m haven.cli.completion > {COMPLETION}"


def complete(words: list[str], haven: str = "false") -> list[str]:
    """Return what bash would offer for the last word."""
    program = f"""
        source {COMPLETION}
        haven() {{ {haven} "$@"; }}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _haven; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", program, "bash", *words], capture_output=True, text=True, env=environment(), check=True
    )
    assert not done.stderr
    return done.stdout.split()


def test_completion_offers_commands_options_and_choices(tmp_path: Path) -> None:
    assert complete(["haven", ""]) == [command.name for command in SHOWN]
    assert complete(["haven", "sta"]) == ["status"]
    assert complete(["haven", "--run-dir", "/x", "events", "--"])[:2] == ["--json", "--follow"]
    assert complete(["haven", "maintenance", ""]) == ["on", "off", "--node"]
    assert complete(["haven", "maintenance", "of"]) == ["off"]
    (tmp_path / "folder").mkdir()
    assert complete(["haven", "--run-dir", f"{tmp_path}/fo"]) == [f"{tmp_path}/folder"]
    assert complete(["haven", "switchover", ""]) == []


def test_completion_knows_what_each_value_and_word_is(tmp_path: Path) -> None:
    """It had a list of its own: `drill` took no group, `--machine` no file, and `--node` offered options."""
    (tmp_path / "facts").write_text("")
    assert complete(["haven", "plan", "--machine", f"{tmp_path}/fa"]) == [f"{tmp_path}/facts"]
    assert complete(["haven", "drill", "ga"], "printf gateway; true") == ["gateway"]
    assert complete(["haven", "status", "--node", ""]) == []
    assert "--diff" in complete(["haven", "--config-id", "r1", "import", "--"])


GROUPS = """
config haven 'main'
	option enabled '1'
config group 'gateway'
config virtual_router 'lan'
	option group 'gateway'
config virtual_router 'wan'
	option group 'gateway'
config virtual_router 'guest'
	option vird '7'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with two groups, which is wrong in many ways."""
    path = tmp_path / "haven"
    path.write_text(GROUPS)
    return path


def test_completion_offers_the_groups_of_the_configuration(config: Path) -> None:
    program = " ".join(argv(Path("/none"), config)[:3])
    where = ["haven", "--run-dir", "/none", "--config", str(config)]
    assert complete([*where, "switchover", ""], program) == ["gateway", "guest"]
    assert complete([*where, "switchover", "gu"], program) == ["guest"]
    assert complete(["haven", "switchover", "--config", str(config), ""], program) == ["gateway", "guest"]
    assert complete([*where[:-1], str(config) + ".none", "switchover", ""], program) == []


def test_groups_are_told_to_scripts_a_line_each(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "complete", "groups"]) == 0
    out, err = capsys.readouterr()
    assert (out.split(), err) == (["gateway", "guest"], "")


def test_what_only_scripts_ask_is_told_to_nobody_else(capsys: pytest.CaptureFixture[str]) -> None:
    hidden = [command.name for command in COMMANDS if command.hidden]
    assert hidden == ["look", "complete"] and set(SHOWN) == {each for each in COMMANDS if not each.hidden}
    main(["--help"])
    assert "complete" not in capsys.readouterr().out
    main(["complet"])
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("command", SHOWN, ids=lambda command: command.name)
def test_the_help_of_each_command_has_80_columns_and_names_every_option(command: Command) -> None:
    text = help_of(command)
    assert max(map(len, text.splitlines())) <= 80
    usage = " ".join(text.partition("\n\n")[0].split())
    assert usage == f"usage: haven {call_of(command)}"
