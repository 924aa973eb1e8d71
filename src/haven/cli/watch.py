# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status --watch`: the status again every second, until q or Ctrl-C."""

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PERIOD_S = 1.0

# The other screen, so that what the user had before comes back; no cursor; long lines are cut.
ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
HOME = "\x1b[H"
CLEAR_LINE = "\x1b[K"
CLEAR_BELOW = "\x1b[J"


def watch(draw: Callable[[], str]) -> None:
    """Show what `draw` returns, again and again, until the user leaves."""
    try:
        if not sys.stdout.isatty():
            _print_again(draw)
        with _single_keys(), _other_screen():
            while True:
                _show(draw())
                if _has_left():
                    return
    except KeyboardInterrupt:
        return


def frame(text: str, lines: int) -> str:
    """Return what to write to have a text on a screen of some lines, whatever was there before."""
    shown = text.splitlines()
    room = max(1, lines - 2)
    if len(shown) > room:
        more = len(shown) - room + 1
        shown = [*shown[: room - 1], f"({more} more lines; make the window higher)"]
    # Each line is cleared as it is overwritten: a screen cleared first would flicker.
    body = "".join(f"{line}{CLEAR_LINE}\r\n" for line in [*shown, ""])
    return f"{HOME}{body}q leaves{CLEAR_LINE}{CLEAR_BELOW}"


def _show(text: str) -> None:
    sys.stdout.write(frame(text, os.get_terminal_size(sys.stdout.fileno()).lines or 24))
    sys.stdout.flush()


def _print_again(draw: Callable[[], str]) -> None:
    while True:
        print(draw(), flush=True)
        time.sleep(PERIOD_S)


def _has_left() -> bool:
    if not sys.stdin.isatty():
        time.sleep(PERIOD_S)
        return False
    keys = sys.stdin.fileno()
    until = time.monotonic() + PERIOD_S
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([keys], [], [], left)
        if ready:
            typed = os.read(keys, 64)
            if not typed or b"q" in typed.lower():
                return True
    return False


@contextmanager
def _other_screen() -> Iterator[None]:
    sys.stdout.write(ENTER)
    try:
        yield
    finally:
        sys.stdout.write(LEAVE)
        sys.stdout.flush()


@contextmanager
def _single_keys() -> Iterator[None]:
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
