# SPDX-License-Identifier: GPL-2.0-or-later
"""What the package's sources lose is nothing that a program notices."""

import ast
import sys
from pathlib import Path

import pytest

from tests.package.conftest import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))

from slim import slim  # noqa: E402
from untyped import goes_by_types  # noqa: E402

TRUE = ast.Constant(True)
SOURCES = sorted((ROOT / "src/haven").rglob("*.py"))


class _WithoutTypes(ast.NodeTransformer):
    """Takes from a tree what only those need who check types."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if not goes_by_types(node):
            return self.generic_visit(node)
        kept = [each if isinstance(each, ast.AnnAssign) else self.visit(each) for each in node.body]
        node.body = kept
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        made = ast.Assign([node.target], node.value) if node.value is not None else ast.Pass()
        return ast.copy_location(made, node)

    def visit_Module(self, tree: ast.Module) -> ast.AST:
        for each in tree.body:
            if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING" and each.orelse:
                each.test, each.body, each.orelse = ast.copy_location(TRUE, each.test), each.orelse, []
        tree.body = [each for each in tree.body if "TYPE_CHECKING" not in ast.unparse(each).split("\n")[0]]
        self.generic_visit(tree)
        while self._drop_unused(tree):
            pass
        return tree

    def _drop_unused(self, tree: ast.Module) -> bool:
        """Take what only types were imported or made for; tell whether there was something."""
        before = ast.dump(tree)
        text = before
        for each in tree.body:
            if isinstance(each, (ast.Import, ast.ImportFrom)):
                each.names = [
                    alias
                    for alias in each.names
                    if f"Name(id='{(alias.asname or alias.name).split('.')[0]}', ctx=Load())" in text
                    or ("'__all__'" in text and f"Constant(value='{alias.name}')" in text)
                    or alias.name == "*"
                ]
        tree.body = [each for each in tree.body if getattr(each, "names", True) and not _is_type(each, text)]
        return ast.dump(tree) != before


def _is_type(node: ast.stmt, text: str) -> bool:
    """Tell whether a statement makes a type that a program, as the dump of its tree, does not name."""
    if isinstance(node, ast.ClassDef):
        name, made = node.name, [base.id for base in node.bases if isinstance(base, ast.Name)]
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name, made = node.targets[0].id, [each.id for each in ast.walk(node.value) if hasattr(each, "id")]
    else:
        return False
    types = ("Any", "Callable", "IO", "Protocol", "Sequence", "TypeVar")
    return any(each in types for each in made) and f"Name(id='{name}', ctx=Load())" not in text


def _program(source: str) -> list[str]:
    """Write a program as its tree with the lines of its statements, without docstrings and types."""
    tree = _WithoutTypes().visit(ast.parse(source))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, False):
            node.body = node.body[1:]
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            node.body = [each for each in node.body if not isinstance(each, ast.Pass)]
    placed = [node for node in ast.walk(tree) if hasattr(node, "lineno") and not isinstance(node, ast.alias)]
    found = [(node.lineno, type(node).__name__) for node in placed]
    return [ast.dump(tree), *map(str, found)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_the_program_and_its_line_numbers_stay(path: Path):
    source = path.read_text()
    assert _program(slim(source)) == _program(source)


def test_what_is_for_checkers_of_types_goes_and_what_runs_stays():
    text = (
        "from typing import IO, Any\nfrom collections.abc import (\n    Callable,\n)\n\n"
        "TYPE_CHECKING = False\n"
        "if TYPE_CHECKING:\n    from x import Y\nelse:\n    import y as Y\n\nAct = IO[str]\n"
        "\nRUN = Act\n\nclass A:\n    text: str\n\n"
        "class D(typing.NamedTuple):\n    x: int\n\n"
        "@dataclass\nclass B:\n    text: str\n\n\nclass C:\n"
        "    def f(self, a: 'Y', *rest: int, b: str = 'ä', **more: Any) -> Callable[[Any],\n        None]:\n"
        "        c: dict[str, int] = {}; d: int\n        return lambda x: c, Y\n"
    )
    program = slim(text)
    assert program == (
        "from typing import IO\n\n\n\n\n\nif True:\n\n\n import y as Y\n\nAct = IO[str]\n"
        "\nRUN = Act\n\nclass A:\n pass\n\n"
        "class D(typing.NamedTuple):\n x: int\n\n"
        "@dataclass\nclass B:\n text: str\n\n\nclass C:\n"
        " def f(self, a, *rest, b = 'ä', **more) \\\n:\n  c = {}; pass\n  return lambda x: c, Y\n"
    )


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
