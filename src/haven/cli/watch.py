# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status --watch`: the status again every second, until q or Ctrl-C."""

import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PERIOD_S = 1.0
HOME = "\x1b[H"
CLEAR_LINE = "\x1b[K"
CLEAR_BELOW = "\x1b[J"


def watch(draw: Callable[[], str]) -> int:
    """Show what `draw` returns, again and again; 0 when the user leaves."""
    if not sys.stdout.isatty():
        return _print_again(draw)
    sys.stdout.write("\x1b[2J")
    with _single_keys():
        try:
            while True:
                lines = draw().splitlines()
                # Each line is cleared as it is overwritten: a cleared screen would flicker.
                sys.stdout.write(HOME + "".join(f"{line}{CLEAR_LINE}\n" for line in lines) + CLEAR_BELOW)
                sys.stdout.flush()
                if _left():
                    return 0
        except KeyboardInterrupt:
            return 0


def _print_again(draw: Callable[[], str]) -> int:
    try:
        while True:
            print(draw(), flush=True)
            time.sleep(PERIOD_S)
    except KeyboardInterrupt:
        return 0


def _left() -> bool:
    if not sys.stdin.isatty():
        time.sleep(PERIOD_S)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], PERIOD_S)
    return bool(ready) and sys.stdin.read(1) in ("q", "Q", "")


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
