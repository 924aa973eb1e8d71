# SPDX-License-Identifier: GPL-2.0-or-later
"""The haven command: understand the words, do it, and say what stood in the way."""

import os
import sys

from haven.arguments import UsageError
from haven.cli.errors import Failed, Unanswered
from haven.cli.usage import Request, help_of, parse
from haven.light import hear_of_children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: "Sequence[str] | None" = None) -> int:
    """Run one command: 0 done, 1 refused or failed, 2 wrong usage."""
    if words is None:
        hear_of_children()
    try:
        status = _answer(parse(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
    except UsageError as why:
        from haven.cli.text import printable

        # It repeats words that may have come from anywhere.
        return _complain(f"{printable(str(why))}\nTry 'haven --help'.", 2)
    except Failed as why:
        return _complain(str(why), 1)
    except BrokenPipeError:
        return _leave_quietly()
    except OSError as why:
        return _complain(why.strerror or str(why), 1)
    except ModuleNotFoundError as why:
        return _complain(f"the Python module {why.name} is not installed", 1)
    except KeyboardInterrupt:
        return 130
    return status


def _answer(request: Request) -> int:
    _prepare_stdout()
    if "--version" in request.flags:
        from haven import VERSION

        print(f"haven {VERSION}")
        return 0
    if "--help" in request.flags or request.command is None:
        sys.stdout.write(help_of(request.command))
        return 0
    return _run(request.command.function, request)


def _prepare_stdout() -> None:
    if sys.stdout is None:
        # Closed by the caller, as some schedulers do.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    elif hasattr(sys.stdout, "reconfigure"):
        # A locale without UTF-8 must not turn an answer into a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(function: str, request: Request) -> int:
    from importlib import import_module

    module, name = function.split(":")
    try:
        status: int = getattr(import_module(module), name)(request)
    except Unanswered as why:
        if request.json:
            from haven.contract.control import encode, refused

            sys.stdout.write(encode(refused(why.refusal)).decode())
        from haven.cli.absence import stopped

        raise stopped(why, request) from None
    return status


def _complain(text: str, status: int) -> int:
    try:
        if sys.stdout:
            sys.stdout.flush()
        print(f"haven: {text}", file=sys.stderr)
    except BrokenPipeError:
        _leave_quietly()
    except OSError:
        # The disk behind stdout is full, say; that is no reason to keep the message back.
        print(f"haven: {text}", file=sys.stderr)
    return status


def _leave_quietly() -> int:
    """Whoever read us has had enough; Python must not complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
