# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask the living havend over its control socket."""

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

TIMEOUT_S = 5.0
# A handover of version 2 virtual routers can take their longest interval.
PATIENT_S = 60.0


class Unanswered(Exception):
    """Nobody answered, or what came is no answer; the text says which."""


class Refused(Exception):
    """havend answered that it will not, or cannot; the text is its reason."""


def ask(run_dir: str, command: str, patience: float = TIMEOUT_S, **arguments: Any) -> Any:
    """Return havend's result for one command. Raises Unanswered or Refused."""
    with _connect(run_dir, patience) as sock:
        _send(sock, command, arguments)
        with sock.makefile("rb") as lines:
            return _result(_next_line(lines))


def follow(run_dir: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the events so far, then each event as it happens. Raises Unanswered or Refused."""
    with _connect(run_dir, TIMEOUT_S) as sock:
        _send(sock, "events", {"follow": True})
        with sock.makefile("rb") as lines:
            yield _result(_next_line(lines))
            sock.settimeout(None)
            for line in lines:
                yield [json.loads(line)["event"]]


def _connect(run_dir: str, patience: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(patience)
    try:
        sock.connect(os.path.join(run_dir, "havend.sock"))
    except PermissionError:
        sock.close()
        raise Unanswered("only root may ask havend: try with sudo") from None
    except TimeoutError:
        sock.close()
        raise Unanswered("havend does not answer") from None
    except OSError:
        sock.close()
        raise Unanswered("havend is not running") from None
    return sock


def _send(sock: socket.socket, command: str, arguments: dict[str, Any]) -> None:
    try:
        sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
    except OSError:
        raise Unanswered("havend hung up") from None


def _next_line(lines: Any) -> bytes:
    try:
        line: bytes = lines.readline()
    except TimeoutError:
        raise Unanswered("havend does not answer") from None
    except OSError:
        line = b""
    if not line.endswith(b"\n"):
        raise Unanswered("havend hung up before it had answered")
    return line


def _result(line: bytes) -> Any:
    try:
        answer = json.loads(line)
        if answer["ok"]:
            return answer["result"]
        reason = str(answer["error"])
    except (ValueError, KeyError, TypeError):
        raise Unanswered("havend's answer cannot be understood") from None
    raise Refused(reason)
