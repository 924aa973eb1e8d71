# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests share that has no engine in it."""

import json


def folder_of(path):
    """Return the folder of a file; MicroPython has no os.path."""
    return path.rsplit("/", 1)[0] if "/" in path else "."


VECTORS = folder_of(__file__) + "/../vectors/"


def vectors(name):
    """Return the cases of a file in tests/vectors."""
    with open(VECTORS + name) as file:
        return json.load(file)


def raised(kind, act, *arguments):
    """Return the exception of a kind that a call raises; raise AssertionError if it does not."""
    try:
        act(*arguments)
    except kind as error:
        return error
    raise AssertionError("nothing was raised")
