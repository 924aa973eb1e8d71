# SPDX-License-Identifier: GPL-2.0-or-later
"""A router as a page sees it: rights as rpcd has them, calls as uhttpd passes them on to ubus.

The object `haven` is the real agent's, the object `luci.haven` the real program's; only what OpenWrt itself
answers is made here.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from haven.config.schema import schema_text
from tests.bus.ubus_caller import Caller
from tests.havend.machines import environment
from tests.luci.uci_store import UciStore

ROOT = Path(__file__).parents[2]
UCI = ROOT / "tests/openwrt/fake_uci.py"
RIGHTS = [ROOT / "files", ROOT / "openwrt-feed/luci-app-haven/root"]
SESSION = "f" * 32
OK, INVALID_ARGUMENT, NOT_FOUND, DENIED = 0, 2, 4, 6
SCHEMA = "/usr/share/haven/schema.json"

Answer = tuple[int, Any]

# What rpcd gives everybody who logs in to LuCI: modules/luci-base/root/usr/share/rpcd/acl.d/luci-base.json.
LUCI_BASE = {
    "read": {
        "ubus": {"luci": ["getFeatures"], "uci": ["changes", "get"], "session": ["access"]},
        "uci": ["luci", "system"],
    },
    "write": {"ubus": {"uci": ["add", "apply", "confirm", "delete", "order", "rename", "set"]}},
}
INTERFACES = [
    {
        "interface": "lan",
        "up": True,
        "l3_device": "br-lan",
        "ipv4-address": [{"address": "10.1.0.2", "mask": 24}],
    },
    {
        "interface": "wan",
        "up": True,
        "l3_device": "eth1",
        "ipv4-address": [{"address": "10.2.0.2", "mask": 24}],
    },
]


def groups() -> dict[str, dict]:
    """Return all groups of rights that haven's packages bring, with what they let read and write."""
    found = {}
    for path in [path for folder in RIGHTS for path in folder.glob("usr/share/rpcd/acl.d/*.json")]:
        for name, group in json.loads(path.read_text()).items():
            # rpcd grants what a group has in each of the files.
            known = found.setdefault(name, {})
            for right in {"read", "write"} & set(group):
                known[right] = _joined(known.get(right, {}), group[right])
    return found


def _joined(one: dict, other: dict) -> dict:
    scopes = {scope: {**one.get(scope, {}), **other[scope]} for scope in one.keys() & other.keys()}
    return {**one, **other, **scopes}


class Late(Exception):
    """The router does not answer."""


class Router:
    """What answers the pages of one node."""

    def __init__(self, broker: Path, text: str, network: str = "config interface 'lan'\n") -> None:
        self.broker = broker
        self.uci = UciStore(haven=text, network=network, luci="", system="", firewall="")
        self.read = self.write = set(groups())
        self.replaced: dict[tuple[str, str], Callable[[dict], Answer]] = {}
        self.asked: list[tuple[str, str, dict]] = []
        self.sizes: list[int] = []
        self.is_down = False
        # A call that is late is answered at the end of the test.
        self.over = threading.Event()

    def replace(self, method: str, answer: Any, status: int = OK, of: str = "haven") -> None:
        """Answer a method with this document, or with what this function gives, from now on."""
        self.replaced[of, method] = answer if callable(answer) else lambda _arguments: (status, answer)

    def hold(self, method: str) -> None:
        """Answer a method no more before the test is over."""

        def wait(_arguments: dict) -> Answer:
            self.over.wait(180)
            raise Late

        self.replaced["haven", method] = wait

    def calls(self, method: str, of: str = "haven") -> list[dict]:
        """Return the arguments of every call of a method."""
        return [arguments for name, called, arguments in self.asked if (name, called) == (of, method)]

    def message(self, octets: bytes) -> bytes:
        """Answer a message of JSON-RPC, or several in one."""
        found = json.loads(octets)
        answers = [self._answer(each) for each in found] if isinstance(found, list) else self._answer(found)
        text = json.dumps(answers).encode()
        self.sizes.append(len(text))
        return text

    def _answer(self, message: dict) -> dict:
        frame = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] == "list":
            return {**frame, "result": ["session"]}
        _session, name, method, arguments = message["params"]
        self.asked.append((name, method, arguments))
        if not self._may(name, method):
            return {**frame, "error": {"code": -32002, "message": "Access denied"}}
        try:
            status, document = self._call(name, method, arguments)
        except LookupError:
            return {**frame, "error": {"code": -32000, "message": "Object not found"}}
        return {**frame, "result": [status] if document is None else [status, document]}

    def _granted(self) -> list[dict]:
        all_groups = groups()
        return [
            *LUCI_BASE.values(),
            *(all_groups[name].get("read", {}) for name in self.read | self.write),
            *(all_groups[name].get("write", {}) for name in self.write),
        ]

    def _may(self, name: str, method: str) -> bool:
        return any(method in each.get("ubus", {}).get(name, ()) for each in self._granted())

    def _may_configure(self, config: str, right: str) -> bool:
        scopes = [each.get("uci", {}) for each in self._granted()]
        return any(
            right in scope.get(config, ()) if isinstance(scope, dict) else config in scope for scope in scopes
        )

    def _may_read(self, path: str) -> bool:
        return any(fnmatch(path, known) for each in self._granted() for known in each.get("file", {}))

    def _call(self, name: str, method: str, arguments: dict) -> Answer:
        arguments = {key: value for key, value in arguments.items() if value is not None}
        if (name, method) in self.replaced:
            return self.replaced[name, method](arguments)
        return getattr(self, "_" + name.replace(".", "_"))(method, arguments)

    def ask_agent(self, method: str, arguments: dict) -> Answer:
        """Call a method of the real object `haven`; LookupError where there is none."""
        with Caller(self.broker) as caller:
            if caller.signature("haven") is None:
                raise LookupError
            return caller.call("haven", method, {**arguments, "ubus_rpc_session": SESSION})

    def _haven(self, method: str, arguments: dict) -> Answer:
        return self.ask_agent(method, arguments)

    def _luci_haven(self, method: str, arguments: dict) -> Answer:
        if method == "state":
            return OK, json.loads(self.program("state"))
        argv = [sys.executable, "-m", "haven.openwrt.luci_calls", method]
        done = subprocess.run(
            argv, input=json.dumps(arguments), capture_output=True, text=True, env=environment()
        )
        return (OK, json.loads(done.stdout)) if done.returncode == 0 else (INVALID_ARGUMENT, None)

    def program(self, method: str) -> str:
        """Return what the program that rpcd starts says, beside a `uci` that has our configuration."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "haven").write_text(self.uci.text("haven"))
            uci = Path(folder, "uci")
            uci.write_text(f'#!/bin/sh\nexec {sys.executable} {UCI} -c {folder} -t {folder}/changes "$@"\n')
            uci.chmod(0o755)
            path = f"{folder}:{os.environ['PATH']}"
            argv = [ROOT / "openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven", "call", method]
            return subprocess.run(
                argv, capture_output=True, text=True, check=True, env={**environment(), "PATH": path}
            ).stdout

    def _uci(self, method: str, arguments: dict) -> Answer:
        right = "read" if method == "get" else "write"
        if "config" in arguments and not self._may_configure(arguments["config"], right):
            return DENIED, None
        return self.uci.call(method, arguments)

    def _file(self, _method: str, arguments: dict) -> Answer:
        if not self._may_read(arguments["path"]):
            return DENIED, None
        return (OK, {"data": schema_text()}) if arguments["path"] == SCHEMA else (NOT_FOUND, None)

    def _network_interface(self, _method: str, _arguments: dict) -> Answer:
        return OK, {"interface": INTERFACES}

    def _session(self, _method: str, arguments: dict) -> Answer:
        allowed = arguments["scope"] != "uci" or self._may_configure(
            arguments["object"], arguments["function"]
        )
        return OK, {"access": allowed}

    def _luci(self, _method: str, _arguments: dict) -> Answer:
        return OK, {}
