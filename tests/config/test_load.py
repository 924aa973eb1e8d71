# SPDX-License-Identifier: GPL-2.0-or-later
"""A file from disk: what is wrong with the file itself is a problem like any other."""

import os
import socket

import pytest

from haven.config.load import load, load_text
from haven.contract.control import LONGEST_REQUEST, MOST_DIAGNOSTICS, encode_request

GOOD = b"""\
config virtual_router 'lan'
    option device 'br-lan'
    option vrid '51'
    list address '192.168.1.1/24'
"""


def written(tmp_path, octets):
    path = tmp_path / "haven"
    path.write_bytes(octets)
    return path


def only_message(path):
    model, problems = load(path)
    assert model is None
    assert [problem.file for problem in problems] == [str(path)]
    return str(problems[0]).removeprefix(str(path))


def test_a_good_file_gives_a_model_named_after_the_host(tmp_path):
    model, problems = load(written(tmp_path, GOOD))
    assert problems == []
    assert model.main.node == socket.gethostname()


def test_a_missing_file_is_a_problem(tmp_path):
    assert only_message(tmp_path / "none") == ": cannot be read: No such file or directory"


def test_a_folder_is_a_problem(tmp_path):
    assert only_message(tmp_path) == ": cannot be read: Is a directory"


def test_an_unreadable_file_is_a_problem(tmp_path):
    # A loop of links cannot be read by root either, which file modes do not achieve.
    os.symlink("haven", tmp_path / "haven")
    assert only_message(tmp_path / "haven") == ": cannot be read: Too many levels of symbolic links"


def test_an_impossible_path_is_a_problem():
    assert only_message("a\0b") == ": cannot be read: embedded null byte"


def test_text_that_is_not_utf8_is_a_problem(tmp_path):
    assert only_message(written(tmp_path, GOOD + b"# caf\xe9\n")) == ":5: is not UTF-8 text"


def test_a_byte_order_mark_is_a_problem(tmp_path):
    path = written(tmp_path, b"\xef\xbb\xbf" + GOOD)
    assert only_message(path) == ":1: begins with a byte order mark; save it as plain UTF-8"


def test_an_empty_file_is_no_wish_to_stop(tmp_path):
    for octets in (b"", b"\n"):
        assert only_message(written(tmp_path, octets)).startswith(": is empty; was the flash full?")


def test_without_a_section_there_is_nothing_to_do(tmp_path):
    model, problems = load(written(tmp_path, b"# nothing yet\n"))
    assert problems == []
    assert (model.main.enabled, model.virtual_routers) == (False, ())


LONG = "a" * 200_000


@pytest.mark.parametrize(
    "section",
    [
        f"config virtual_router '{LONG}%d'\n",
        f"config {LONG} 'x%d'\n",
        f"config virtual_router 'x%d'\n\toption {LONG} '1'\n",
        f"config virtual_router 'x%d'\n\toption group '{LONG}'\n",
        "config virtual_router 'x%d'\n" + "\toption vrid '1'\n" * 50_000,
    ],
    ids=["name", "type", "option", "group", "lines"],
)
def test_what_is_wrong_can_be_told_to_havend_however_much_there_is_of_it(section):
    text = "".join(section % number for number in range(5))
    problems = load_text(text, "r1")[1]
    assert problems and all(len(str(each)) < 2000 for each in problems)
    told = [each.as_dict() for each in problems * MOST_DIAGNOSTICS][:MOST_DIAGNOSTICS]
    assert len(encode_request("refuse", {"problems": told})) < LONGEST_REQUEST


def test_the_lines_of_an_option_that_stands_there_too_often_are_told_of_up_to_a_number():
    text = "config virtual_router 'x'\n" + "\toption vrid '1'\n" * 30
    (found,) = [each for each in load_text(text, "r1")[1] if each.code == "option-repeated"]
    lines = ", ".join(str(number) for number in range(2, 22))
    assert str(found).endswith(f"takes one value but has 30, on lines {lines}, ...")
