# SPDX-License-Identifier: GPL-2.0-or-later
"""Manual pages, and what zsh and fish complete, judged by those who read them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from haven.cli.command_table import COMMON, SHOWN
from haven.cli.completion import fish, zsh

MAKER = Path(__file__).parents[2] / "openwrt-feed/manual_pages.py"
# What zsh would be told, in place of its own functions.
ZSH = """
_arguments() { print -rl -- "$@"; [[ $1 == -C ]] && { state=rest; line=($WORD) }; true; }
_describe() { true; }
WORD=$1; source $2
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    subprocess.run([sys.executable, str(MAKER), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("name", ["haven.1", "havend.8", "haven-agent.8", "havend-micro.8"])
def test_a_page_is_what_a_formatter_takes(name: str, pages: Path) -> None:
    argv = ["mandoc", "-T", "lint", "-W", "warning", str(pages / name)]
    complaints = subprocess.run(argv, capture_output=True, text=True).stdout
    assert [line for line in complaints.splitlines() if "missing date" not in line] == []


def test_the_page_of_the_command_has_every_word_of_it(pages: Path) -> None:
    argv = ["mandoc", "-T", "ascii", str(pages / "haven.1")]
    shown = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    # What is bold is struck twice.
    text = re.sub(".\b", "", shown)
    for command in SHOWN:
        for option in (*command.options, *COMMON):
            assert option.name in text and command.name in text


def test_fish_offers_commands_with_their_help_and_options(tmp_path: Path) -> None:
    completion = tmp_path / "haven.fish"
    completion.write_text(fish())

    def offers(line: str) -> list[str]:
        program = f"source {completion}; complete -C '{line}'"
        argv = ["fish", "--no-config", "-c", program]
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()

    assert offers("haven stat") == ["status\twhether all is well, who is Active, and why"]
    assert [line.split("\t")[0] for line in offers("haven maintenance o")] == ["off", "on"]
    assert "--follow" in [line.split("\t")[0] for line in offers("haven events --")]


def test_zsh_is_told_every_option_of_a_command(tmp_path: Path) -> None:
    completion, program = tmp_path / "_haven", tmp_path / "program"
    completion.write_text(zsh())
    program.write_text(ZSH)
    for command in SHOWN:
        argv = ["zsh", "-f", str(program), command.name, str(completion)]
        told = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert told.stderr == ""
        for option in command.options:
            assert f"\n{option.name}[" in told.stdout
