# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls on ubus, for programs that end soon."""

import json
import subprocess
from typing import Any

SECONDS = 5


class UbusError(Exception):
    """A call on ubus has no answer; the text says why."""


class NoUbusError(UbusError):
    """There is no ubus here."""


class NotFoundError(UbusError):
    """Nobody on ubus has this object."""


def call(path: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
    """Return what a method answers, an empty table where it says nothing. Raises BusError."""
    try:
        import ubus  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return _by_command(path, method, arguments or {})
    return _by_module(ubus, path, method, arguments or {})


def _by_module(ubus: Any, path: str, method: str, arguments: dict[str, Any]) -> Any:
    try:
        if not ubus.get_connected():
            ubus.connect()
    except (RuntimeError, OSError):
        raise NoUbusError("ubus is not here") from None
    try:
        answers = ubus.call(path, method, arguments, timeout=SECONDS * 1000)
    except (RuntimeError, OSError) as why:
        # The binding has but one kind of error (ubus_python.c).
        kind = NotFoundError if "was not found" in str(why) else UbusError
        raise kind("ubus: %s" % why) from None
    return answers[0] if answers else {}


def _by_command(path: str, method: str, arguments: dict[str, Any]) -> Any:
    argv = ["ubus", "call", path, method] + ([json.dumps(arguments)] if arguments else [])
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
    except FileNotFoundError:
        raise NoUbusError("ubus is not here") from None
    except subprocess.TimeoutExpired:
        raise UbusError("ubus did not answer in %d s" % SECONDS) from None
    if done.returncode:
        # UBUS_STATUS_NOT_FOUND
        kind = NotFoundError if done.returncode == 4 else UbusError
        raise kind("ubus: %s" % (done.stderr.strip() or "status %d" % done.returncode))
    try:
        return json.loads(done.stdout or "{}")
    except ValueError:
        raise UbusError("ubus answered no JSON") from None
