# SPDX-License-Identifier: GPL-2.0-or-later
"""How one program of haven starts another: by its name (launch.py), from where it is itself."""

import sys


def argv_of(program: str, *arguments: str) -> "list[str]":
    """Return the command that starts a program, whatever the environment and the working folder hold."""
    # Of an archive, too: haven.zip/haven/own_program.py.
    folder = __file__.rsplit("/", 2)[0]
    # What is asked for is CPython's, wherever it is asked for.
    python = sys.executable if sys.implementation.name == "cpython" else "python3"
    code = "import sys; sys.path.insert(0, %r); from haven.launch import main; sys.exit(main())" % folder
    return [python, "-I", "-B", "-c", code, program] + list(arguments)
