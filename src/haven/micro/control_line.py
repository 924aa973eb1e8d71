# SPDX-License-Identifier: GPL-2.0-or-later
"""havend's control socket, as the small node's commands ask over it."""

import json
import os
import socket
import struct

from haven import paths
from haven.micro.files import copy_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

AF_UNIX = 1


class NotDone(Exception):
    """It was not done; the text says why."""


class NotRunning(NotDone):
    """There is no havend."""


def ask(run_dir: str, request: "dict[str, Any]") -> "Any":
    """Return the result of a request. Raises NotDone."""
    line = socket.socket(AF_UNIX, socket.SOCK_STREAM)
    try:
        place = paths.inside(run_dir, paths.CONTROL_SOCKET)
        line.connect(struct.pack("@H", AF_UNIX) + place.encode() + b"\0")
        line.send(json.dumps(request).encode() + b"\n")
        text = b""
        while text[-1:] != b"\n":
            octets = line.recv(4096)
            if not octets:
                raise NotDone("havend hung up before it had answered")
            text += octets
    except OSError:
        raise NotRunning("havend is not running") from None
    finally:
        line.close()
    answer = json.loads(text)
    if not answer["ok"]:
        raise NotDone(answer["error"])
    return answer.get("result")


def load_request(plan: str, run_dir: str) -> "dict[str, Any]":
    """Return what asks havend to take a plan, which is put where it looks. Raises NotDone."""
    place = paths.inside(run_dir, paths.NEXT_PLAN)
    try:
        copy_file(plan, place)
    except OSError as error:
        raise NotDone("%s: %s" % (plan, os.strerror(error.errno or 0))) from None
    return {"command": "load", "path": place}


def load(plan: str, run_dir: str) -> "int | None":
    """Let havend take a plan; return its virtual routers, None without a havend. Raises NotDone."""
    if not os.path.exists(paths.inside(run_dir, paths.CONTROL_SOCKET)):
        return None
    try:
        return int(ask(run_dir, load_request(plan, run_dir))["virtual_routers"])
    except NotRunning:
        return None
