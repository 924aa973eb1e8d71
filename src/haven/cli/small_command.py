# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven small`: the nodes on MicroPython that this router makes plans for."""

import sys

from haven import paths
from haven.cli.control_client import ask
from haven.cli.errors import Failed
from haven.cli.own_words import print_json
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.contract.control import Refusal
from haven.peers import small_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def small(request: Request) -> int:
    """List them, let one ask from now on, or let one ask no more."""
    folder = request.root.rstrip("/") + paths.SMALL_NODES
    if not request.words:
        return _list(request, folder)
    action, *names = request.words
    if len(names) != 1 or not small_keys.is_name(names[0]):
        raise Failed("a small node has a name of letters, digits, - and _, 64 at most: haven small add NAME")
    return _add(request, folder, names[0]) if action == "add" else _remove(folder, names[0])


def _add(request: Request, folder: str, name: str) -> int:
    try:
        key = small_keys.add(folder, name)
    except OSError as why:
        raise Failed(f"{folder}: {why.strerror or why}") from None
    address = _own_address(request.run_dir) or "ADDRESS"
    print(f"{name} may ask this router for its plan now. Say there:\n    haven-micro join {address} {key}")
    if address == "ADDRESS":
        print("with an address that this router keeps, whoever is Active.")
    print("Its key is like a password; 'haven small remove' ends it, 'haven small add' makes another.")
    return 0


def _own_address(run_dir: str) -> str:
    """Return an address of this router that no takeover moves; empty where none is known."""
    from haven.contract.plan import PlanError, read_plan
    from haven.peers.own_devices import ipv4_of

    try:
        plan = read_plan(paths.inside(run_dir, paths.PLAN))
    except PlanError:
        return ""
    routers = [plan.routers[name] for name in sorted(plan.routers)]
    virtual = {address.partition("/")[0] for each in routers for address in each.addresses}
    found = [ipv4_of(each.device) for each in routers]
    return next((each for each in found if each and each not in virtual), "")


def _remove(folder: str, name: str) -> int:
    try:
        small_keys.remove(folder, name)
    except FileNotFoundError:
        raise Failed(f"there is no small node {name}") from None
    except OSError as why:
        raise Failed(f"{folder}: {why.strerror or why}") from None
    print(f"{name} gets no plan of this router any more; the one that it has stays in force there")
    return 0


def _list(request: Request, folder: str) -> int:
    try:
        found = ask(request.run_dir, "status").get("small_nodes") or []
    except Refusal as why:
        raise Failed(str(why)) from None
    told = [each["name"] for each in found]
    untold = [name for name in small_keys.names(folder) if name not in told]
    if request.json:
        print_json(found)
    elif not found and not untold:
        print("no small node has a key here; 'haven small add NAME' makes one")
    else:
        lines = [_line(printable(each)) for each in found]
        lines += [
            f"{name}  has a key, but haven-agent, which gives out plans, says nothing of it\n"
            for name in untold
        ]
        sys.stdout.write("".join(lines))
    return 0


def _line(node: "dict[str, Any]") -> str:
    if node["asked_s"] is None:
        return f"{node['name']}  has not asked yet\n"
    said = f"{node['name']}  asked {node['asked_s']:.0f} s ago from {node['address']}"
    if node["problems"]:
        return f"{said}; its plan cannot be made: {'; '.join(node['problems'])}\n"
    if node["virtual_routers"] is None:
        return f"{said}; its plan is being made\n"
    return f"{said}; it has its plan, virtual routers: {node['virtual_routers']}\n"
