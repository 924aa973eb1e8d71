# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person at a terminal sees of the own answers."""

import os
import pty
import sys
import termios
import threading
import time
from types import SimpleNamespace

import pytest

from haven.setup.ask_person import ask_person
from haven.setup.questions import Proposed

BUDGET_S = 60.0
# Among the settings of a terminal.
LOCAL = 3


def _echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[LOCAL] & termios.ECHO)


@pytest.mark.parametrize("name, is_shown", [("wan_password", False), ("wan_user", True)])
def test_a_password_is_not_seen_while_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, name: str, is_shown: bool
) -> None:
    person, terminal = pty.openpty()

    def type_it() -> None:
        until = time.monotonic() + BUDGET_S
        while not is_shown and _echoes(terminal) and time.monotonic() < until:
            time.sleep(0.01)
        os.write(person, b"tulip\n")

    typing = threading.Thread(target=type_it)
    question = SimpleNamespace(
        name=name, text="What is it?", choices=lambda _answers: [], check=lambda _answers, text: text
    )
    with open(terminal, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        typing.start()
        made = Proposed(None, {"message": "nobody knows"})
        assert ask_person(question, SimpleNamespace(), made) == "tulip"  # type: ignore[arg-type]
        typing.join()
    assert _echoes(terminal)
    os.set_blocking(person, False)
    try:
        seen = os.read(person, 1000)
    except BlockingIOError:
        seen = b""
    assert (b"tulip" in seen) == is_shown
    os.close(person)
    os.close(terminal)
