# SPDX-License-Identifier: GPL-2.0-or-later
"""One name for one thing: files and classes that can be searched for."""

import ast
from collections import Counter

from tests.structure.test_imports import SOURCE, files

# Each of these knows the same of its folder: how a program starts, what a part of the agent does.
SHARED = ("__init__.py", "main.py", "part.py")
LONGEST_FILE = 400
# One of each Python's, by one name for who uses it (havend/host/__init__.py).
TWICE = {"Poller", "Child"}


def test_no_two_files_have_one_name():
    names = Counter(path.name for path in files() if path.name not in SHARED)
    assert [name for name, count in names.items() if count > 1] == []


def test_no_two_classes_have_one_name():
    names: Counter[str] = Counter()
    for path in files():
        for node in ast.walk(ast.parse((SOURCE / path).read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                names[node.name] += 1
    assert {name for name, count in names.items() if count > 1} == TWICE


def test_no_file_is_too_long():
    lengths = {str(path): len((SOURCE / path).read_text().splitlines()) for path in files()}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}
