# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package's sources lose is nothing that a program notices."""

import ast
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))

from slim import slim  # noqa: E402

SOURCES = sorted((ROOT / "src/haven").rglob("*.py"))


def _program(source: str) -> list[str]:
    """Write a program as its tree with the lines of its statements, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False):
            node.body = node.body[1:]
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            node.body = [each for each in node.body if not isinstance(each, ast.Pass)]
    found = [(node.lineno, type(node).__name__) for node in ast.walk(tree) if hasattr(node, "lineno")]
    return [ast.dump(tree), *map(str, found)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_the_program_and_its_line_numbers_stay(path: Path):
    source = path.read_text()
    assert _program(slim(source)) == _program(source)


def test_the_licence_stays_and_other_comments_go():
    text = "# SPDX-License-Identifier: X\n# why\nx = 1  # what\n"
    assert slim(text) == "# SPDX-License-Identifier: X\n\nx = 1\n"


def test_a_string_over_several_lines_keeps_its_white_space():
    text = 'def f():\n    """Say."""\n    return f"""a\n        {1 +\n    2}\n    b # c\n"""\n'
    assert slim(text) == 'def f():\n\n return f"""a\n        {1 +\n    2}\n    b # c\n"""\n'


def test_a_body_of_a_docstring_alone_stays_a_body():
    assert slim('class Wrong(Exception):\n    """It is."""\n') == "class Wrong(Exception):\n pass\n"


def test_what_goes_on_from_line_to_line_needs_no_indentation():
    text = "if x:\n    y = f(\n        1,\n        # no\n        2)\n    z = 1 + \\\n        2\n"
    assert slim(text) == "if x:\n y = f(\n1,\n\n2)\n z = 1 + \\\n2\n"
