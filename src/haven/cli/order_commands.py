# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven stop`, `haven switchover` and `haven maintenance`: what havend is told to do."""

from haven.cli.absence import on_openwrt
from haven.cli.control_client import ControlConnection
from haven.cli.errors import Failed, Unanswered
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.contract.control import HANDOVER_PATIENCE_S, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def stop(request: Request) -> int:
    """Hand over, give the addresses up, and end havend."""
    with ControlConnection(request.run_dir) as havend:
        held = _holds_addresses(havend.ask("status"))
        havend.ask("stop", HANDOVER_PATIENCE_S)
    end = "this node has given up the virtual addresses" if held else "this node held no virtual address"
    print(f"havend has stopped; {end}")
    if on_openwrt(request):
        print("procd starts it again in a moment; 'service haven stop' stops it for good")
    return 0


def _holds_addresses(document: "Any") -> bool:
    try:
        return any(router["address_held"] for router in document["virtual_routers"])
    except (KeyError, TypeError):
        # It is to stop, whatever it tells of itself.
        return True


def switchover(request: Request) -> int:
    """Let another router take over, or that one."""
    if request.values["--to"]:
        from haven.cli.all_routers import switch_to

        return switch_to(request)
    with ControlConnection(request.run_dir) as havend:
        result = havend.order("switchover", group=request.argument)
        print(f"{_who_took_over(havend, _groups(result, 'handed_over'))}; this node is Backup")
    return 0


def maintenance(request: Request) -> int:
    """Stand back from now on, or be a candidate again."""
    on = request.argument == "on"
    if request.values["--node"]:
        return _maintenance_there(request, on)
    with ControlConnection(request.run_dir) as havend:
        result = havend.order("maintenance", on=on)
        if not on:
            print("maintenance is off: this node may become Active again")
            return 0
        handed_over, kept = _groups(result, "handed_over"), _groups(result, "still_active")
        parts = [_who_took_over(havend, handed_over)] if handed_over else []
        if kept:
            parts.append(f"no other router takes over {', '.join(kept)}: this node stays Active there")
        if not parts:
            parts = ["this node becomes Active only when no other router can be"]
    print(f"maintenance is on: {'; '.join(parts)}")
    return 0


def _maintenance_there(request: Request, on: bool) -> int:
    from haven.cli.agent_client import ask_node

    node = request.values["--node"]
    result = ask_node(request.run_dir, node, "maintenance", on=on)
    kept = _groups(result, "still_active")
    more = f"; no other router takes over {', '.join(kept)}: it stays Active there" if kept else ""
    print(f"maintenance of {printable(node)} is {'on' if on else 'off'}{more}")
    return 0


def _groups(result: "Any", key: str) -> list[str]:
    try:
        return [printable(str(name)) for name in result.get(key, [])]
    except (AttributeError, TypeError):
        raise Unanswered(Refusal("unintelligible")) from None


def _who_took_over(havend: ControlConnection, groups: list[str]) -> str:
    """Say who is Active now; that much is done, so it does not matter if havend does not tell who."""
    try:
        actives = _actives(havend.ask("status"))
    except (Failed, KeyError, TypeError):
        actives = {}
    taken: dict[str, list[str]] = {}
    for group in groups:
        taken.setdefault(actives.get(group, "another router"), []).append(group)
    return "; ".join(f"{who} is Active now for {', '.join(names)}" for who, names in taken.items())


def _actives(document: "dict[str, Any]") -> dict[str, str]:
    found: dict[str, str] = {}
    for router in document["virtual_routers"]:
        active = router["active"]
        if active["address"] and not active["self"]:
            found.setdefault(printable(router["group"]), printable(active["address"]))
    return found
