# SPDX-License-Identifier: GPL-2.0-or-later
"""The device of a WAN on a router that does not have it: its link is up, and it says nothing.

A port that comes up at a takeover would negotiate for seconds first. netifd lets go of a device with the last
interface on it, so a second one, without addresses, holds it; and as both routers have one MAC address there,
a frame of the standby would send the provider's answers to it.
"""

import os

from haven.agent.loop import Scope
from haven.agent.wan.runtime_interface import RuntimeInterface
from haven.atomic_file import write_whole
from haven.light import suppress

DISABLE_IPV6 = "/proc/sys/net/ipv6/conf/%s/disable_ipv6"
PREFIX = "hv_"


class StandbyDevice:
    """Holds one device through netifd, and lets IPv6 be silent on it while another router is Active."""

    def __init__(self, scope: Scope, run_dir: str, interface: str) -> None:
        self._note = os.path.join(run_dir, "wan_ipv6_" + interface)
        self._interface = RuntimeInterface(scope, PREFIX + interface)
        self._is_let_go = False

    def keep(self, device: str, is_active: bool) -> None:
        """Hold the device; IPv6 speaks on it when this router is Active."""
        # Before the link is up: the first thing that IPv6 says is a question.
        self._set_silent(device, not is_active)
        if not self._is_let_go:
            self._interface.keep(device=device)

    def _set_silent(self, device: str, is_silent: bool) -> None:
        path = DISABLE_IPV6 % device
        # Without IPv6 there is no such file, and nothing to silence.
        with suppress(OSError):
            if is_silent and not os.path.exists(self._note):
                write_whole(self._note, ("%s %s" % (device, _read(path))).encode(), 0o600)
            if is_silent and _read(path) != "1":
                _write(path, "1")
            elif not is_silent:
                self._speak_again()

    def _speak_again(self) -> None:
        """Give IPv6 back what it was; an agent that was killed has left a note of it."""
        with suppress(OSError, ValueError):
            device, before = _read(self._note).split()
            _write(DISABLE_IPV6 % device, before)
            os.unlink(self._note)

    def let_go(self) -> None:
        """Hold the device no more, whatever is heard of it yet: its section is gone, or the agent ends."""
        self._is_let_go = True
        self._interface.remove()

    def close(self) -> None:
        """Give IPv6 back what it was; netifd goes on holding the device unless it was told otherwise."""
        self._interface.leave()
        self._speak_again()


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
