# SPDX-License-Identifier: GPL-2.0-or-later
"""The routers of a pair, as an upgrade speaks to them: one that restarts is waited for."""

import base64
import time
from collections.abc import Callable
from typing import Any

from haven.contract.fields import DocumentError, check_object
from haven.contract.upgrade import PIECE, STATE, UpgradeStopped
from haven.upgrade.package_file import PackageFile

Ask = Callable[..., Any]
POLL_S = 0.5
# A haven that does not know the question; the channel, or the agent.
UNKNOWN = ("request-denied", "request-unknown", "request-wrong")


class RouterSilent(Exception):
    """No answer comes, now; the text says why."""


class RouterRefusal(Exception):
    """A router does not do it: its code, and its words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Router:
    """One router by its name; `ask` is of all, and raises RouterSilent and RouterRefusal."""

    def __init__(self, node: str, ask: Ask) -> None:
        self.node, self._ask = node, ask

    def ask(self, command: str, **arguments: Any) -> Any:
        """Return the answer to a request. Raises RouterSilent or RouterRefusal."""
        return self._ask(self.node, command, **arguments)

    def state(self) -> dict[str, Any]:
        """Return where its packages stand. Raises UpgradeStopped for a haven that knows nothing of that."""
        try:
            return check_object(self.ask("upgrade-state"), STATE, "state")
        except RouterRefusal as why:
            code = "haven-older" if why.code in UNKNOWN else "refused"
            raise UpgradeStopped(code, node=self.node, error=str(why)) from None
        except DocumentError as why:
            raise RouterSilent(str(why)) from None

    def status(self) -> dict[str, Any]:
        """Return its status."""
        found: dict[str, Any] = self.ask("status")
        return found

    def status_or_none(self) -> dict[str, Any] | None:
        """Return its status, or nothing."""
        try:
            return self.status()
        except (RouterSilent, RouterRefusal):
            return None

    def offer(self, token: str, packages: list[PackageFile], **how: bool) -> list[str]:
        """Offer packages; return the names of those that it wants. Raises UpgradeStopped."""
        offers = [package.offer() for package in packages]
        try:
            found = self.ask("upgrade-offer", token=token, packages=offers, **how)
            return [str(name) for name in found["wanted"]]
        except RouterRefusal as why:
            raise UpgradeStopped("refused", node=self.node, error=str(why)) from None
        except RouterSilent as why:
            raise UpgradeStopped("peer-away", node=self.node, error=str(why)) from None

    def send(self, token: str, number: int, package: PackageFile) -> None:
        """Send a package, a piece after the other. Raises UpgradeStopped."""
        at = 0
        try:
            with open(package.path, "rb") as file:
                while octets := file.read(PIECE):
                    self._send_piece(token, number, at, base64.b64encode(octets).decode())
                    at += len(octets)
        except (RouterSilent, RouterRefusal) as why:
            raise UpgradeStopped("not-sent", node=self.node, error=str(why)) from None
        except OSError as why:
            raise UpgradeStopped("not-sent", node=self.node, error=why.strerror) from None
        if at != package.size:
            raise UpgradeStopped("file-changed", file=package.path)

    def _send_piece(self, token: str, number: int, at: int, octets: str) -> None:
        self.ask("upgrade-piece", token=token, number=number, at=at, octets=octets)

    def wait(self, what: Callable[[], list[str]], limit_s: float) -> list[str]:
        """Wait until nothing is missing; return what is missing at the end of the time."""
        end = time.monotonic() + limit_s
        while True:
            try:
                missing = what()
            except (RouterSilent, RouterRefusal) as why:
                missing = [f"it does not answer: {why}"]
            if not missing or time.monotonic() > end:
                return missing
            time.sleep(POLL_S)
