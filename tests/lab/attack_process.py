# SPDX-License-Identifier: GPL-2.0-or-later
"""The sender behind an attacker: says the words of one attack on a device until it is ended."""

import contextlib
import itertools
import socket
import sys
import time

from tests.lab.attacks import ATTACKS, Attack

# A flood goes out in bursts at this distance: no sleep is short enough for each packet.
BURST_S = 0.005


def say(device: str, attack: Attack) -> None:
    """Send the frames in turn, as often as the attack wants."""
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sender.bind((device, 0))
    frames = itertools.cycle(attack.frames)
    at_once = max(1, round(attack.per_second * BURST_S))
    began = time.monotonic()
    for turn in itertools.count():
        if attack.times and turn * at_once >= attack.times:
            return
        time.sleep(max(0, began + turn * at_once / attack.per_second - time.monotonic()))
        for frame in itertools.islice(frames, at_once):
            with contextlib.suppress(BlockingIOError, OSError):
                sender.send(frame)


if __name__ == "__main__":
    _program, where, name = sys.argv
    say(where, next(attack for attack in ATTACKS if attack.name == name))
