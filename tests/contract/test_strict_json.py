# SPDX-License-Identifier: GPL-2.0-or-later
"""JSON is read and written as Python's json does it, without its Python part."""

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as any_of

from haven.contract.strict_json import read_json, write_json
from tests.lab.haven_node import SOURCES

FLOATS = any_of.floats(allow_nan=False, allow_infinity=False)
SCALARS = any_of.none() | any_of.booleans() | any_of.integers() | FLOATS | any_of.text()
VALUES = any_of.recursive(
    SCALARS,
    lambda inner: any_of.lists(inner, max_size=4) | any_of.dictionaries(any_of.text(), inner, max_size=4),
    max_leaves=12,
)
WRONG = ["", " ", "NaN", "-Infinity", "1e999", "tru", "[1,]", '{"a" 1}', '{"a": 1,}', '"a\nb"', "01", "1 2"]
WRONG += ["-", "'a'", "\ufeff1", "[" * 100000, "9" * 6000, "[" * 40 + "]" * 40]


@given(VALUES)
def test_what_is_written_is_what_json_writes_and_is_read_again(value: Any) -> None:
    assert write_json(value) == json.dumps(value)
    assert read_json(write_json(value)) == value
    assert read_json(json.dumps(value, indent=1).encode()) == value


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_is_not_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_json(text)
    # CPython's reader in C has no exception of its own before json's Python part is there; from 3.12 on it
    # fetches that itself.
    code = "import sys; sys.path.insert(0, sys.argv[1]); from haven.contract.strict_json import read_json\n"
    is_told = "sys.version_info > (3, 12) or 'json' not in sys.modules"
    code += f"try: read_json(sys.stdin.read())\nexcept ValueError: assert {is_told}; print('no')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(SOURCES)], input=text, capture_output=True, encoding="utf-8"
    )
    assert (done.stdout, done.stderr) == ("no\n", "")


def test_what_json_cannot_say_is_refused() -> None:
    within_itself: list[Any] = []
    within_itself.append(within_itself)
    with pytest.raises(ValueError):
        write_json(within_itself)
    with pytest.raises(TypeError):
        write_json({"key": object()})
    assert write_json({2: 3, True: None}) == json.dumps({2: 3, True: None})
