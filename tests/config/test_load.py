# SPDX-License-Identifier: GPL-2.0-or-later
"""A file from disk: what is wrong with the file itself is a problem like any other."""

import os
import socket

from haven.config.load import load

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
