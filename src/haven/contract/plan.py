# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a plan: from JSON to what the engine and the host run (docs/plan.md)."""

import json
import struct

from haven import PLAN_VERSION
from haven.contract.json_reader import DocumentError, JsonObject, is_number
from haven.core.spec import GroupSpec, RouterSpec
from haven.core.value import Value
from haven.core.vrrp.constants import (
    CHECKSUMS,
    FAMILIES,
    HIGHEST_PRIORITY,
    HIGHEST_VRID,
    INTERVAL_UNIT_US,
    LOWEST_PRIORITY,
    LOWEST_VRID,
    MOST_ADDRESSES,
    VERSIONS,
    longest_interval_us,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The header of a netlink message (rtnetlink(7)), whose first field is its length.
SHORTEST_MESSAGE = 16


class Step(Value):
    """A prepared netlink message: `patch` tells where the index of which device belongs."""

    def __init__(
        self,
        say: str,
        octets: bytes,
        patch: "tuple[tuple[int, str], ...]",
        tolerate: "tuple[int, ...]" = (),
        address: "bytes | None" = None,
        renew: bool = False,
    ) -> None:
        self.say = say
        self.octets = octets
        self.patch = patch
        self.tolerate = tolerate
        self.address = address
        self.renew = renew


class PlanError(Exception):
    """A plan cannot be used; the text names the file and says why."""


class RouterPlan:
    """What the host does for one virtual router."""

    def __init__(self, part: JsonObject) -> None:
        self.name = part.text("name")
        self.group = part.text("group")
        self.device = part.text("device")
        self.interface = part.text("interface") if part.has("interface") else None
        self.address_device = part.text("address_device")
        self.addresses = part.texts("addresses")
        self.virtual_mac = part.octets("virtual_mac") if part.has("virtual_mac") else None
        if self.virtual_mac is not None and len(self.virtual_mac) != 6:
            raise part.wrong("virtual_mac", "a MAC address")
        self.setup = _steps(part, "setup")
        self.takeover = _steps(part, "takeover")
        self.release = _steps(part, "release")
        self.teardown = _steps(part, "teardown")
        self.spec = _spec(part)

    def places(self) -> "set[tuple[str, bytes]]":
        """Return which address belongs on which device."""
        return {(self.address_device, address) for address in self.spec.addresses}


class Plan:
    """A plan document, checked and in the types of the engine."""

    def __init__(self, part: JsonObject) -> None:
        self.node = part.text("node")
        self.config = part.text("config")
        self.enabled = part.flag("enabled") if part.has("enabled") else True
        self.realtime = part.number("realtime", 0, 99)
        self.copies_connections = part.has("conntrack")
        self.renew_interval = part.number("renew_us", 1)
        self.made_from = part.items("made_from") if part.has("made_from") else None
        self.warnings = part.texts("warnings") if part.has("warnings") else []
        self.sysctls = part.pairs("sysctls", str, str) if part.has("sysctls") else []
        self.setup_commands = _commands(part, "setup")
        self.teardown_commands = _commands(part, "teardown")
        routers = [RouterPlan(each) for each in part.parts("virtual_routers")]
        self.routers = {router.name: router for router in routers}
        if len(self.routers) != len(routers):
            raise part.wrong("virtual_routers", "a list of different names")
        self.groups = tuple(_group(each, routers) for each in part.parts("groups"))
        self._check_groups(part)

    def _check_groups(self, part: JsonObject) -> None:
        names = [group.name for group in self.groups]
        if len(set(names)) != len(names):
            raise part.wrong("groups", "a list of different names")
        for router in self.routers.values():
            if router.group not in names:
                raise DocumentError(
                    "virtual router %s: its group %s is missing" % (router.name, router.group)
                )
        wires = {router.spec.wire() for router in self.routers.values()}
        if len(wires) != len(self.routers):
            raise part.wrong("virtual_routers", "a list of different VRIDs")


def read_plan(path: str) -> Plan:
    """Return the plan in a file. Raises PlanError, which names the file."""
    try:
        with open(path) as file:
            document = json.load(file)
    except OSError as error:
        raise PlanError("%s: the plan cannot be read: %s" % (path, error.strerror)) from None
    except (ValueError, RecursionError):
        raise PlanError("%s: the plan is truncated or is not JSON" % path) from None
    found = document.get("version") if isinstance(document, dict) else None
    if found != PLAN_VERSION or isinstance(found, bool):
        raise PlanError(
            "%s: the plan has version %s, this havend reads version %d" % (path, found, PLAN_VERSION)
        )
    try:
        return Plan(JsonObject(document, "the plan"))
    except DocumentError as error:
        raise PlanError("%s: the plan is damaged: %s" % (path, error)) from None


def empty_plan(node: str, config: str) -> Plan:
    """Return a plan without virtual routers, for a node that waits for its first one."""
    nothing: dict[str, Any] = {"virtual_routers": [], "groups": []}
    return Plan(
        JsonObject({"node": node, "config": config, "realtime": 0, "renew_us": 1, **nothing}, "the plan")
    )


def _commands(part: JsonObject, stage: str) -> "list[dict[str, Any]]":
    if not part.has("commands") or not part.part("commands").has(stage):
        return []
    for each in part.part("commands").parts(stage):
        if not each.texts("argv"):
            raise each.wrong("argv", "a program with its arguments")
        if each.has("stdin"):
            each.text("stdin")
    return part.part("commands").items(stage)


def _steps(part: JsonObject, key: str) -> "tuple[Step, ...]":
    return tuple(_step(each) for each in part.parts(key) if each.text("do") == "netlink")


def _step(part: JsonObject) -> Step:
    octets = part.octets("octets")
    # The kernel would take a wrong length for the end of the batch.
    if len(octets) < SHORTEST_MESSAGE or struct.unpack_from("@I", octets)[0] != len(octets):
        raise part.wrong("octets", "a netlink message")
    patch = tuple(part.pairs("patch", int, str))
    if not all(SHORTEST_MESSAGE <= offset <= len(octets) - 4 for offset, _device in patch):
        raise part.wrong("patch", "within the message")
    tolerate = part.items("tolerate") if part.has("tolerate") else []
    if not all(is_number(code, 1, 4095) for code in tolerate):
        raise part.wrong("tolerate", "a list of error numbers")
    address = part.address("address") if part.has("address") else None
    renew = part.flag("renew") if part.has("renew") else False
    return Step(part.text("say"), octets, patch, tuple(tolerate), address, renew)


def _group(part: JsonObject, routers: "list[RouterPlan]") -> GroupSpec:
    name = part.text("name")
    members = tuple(router.spec for router in routers if router.group == name)
    if not members:
        raise DocumentError("group %s has no virtual routers" % name)
    hold = part.number("preempt_hold_us") if part.has("preempt_hold_us") else 0
    return GroupSpec(name, members, part.flag("preempt"), part.number("preempt_delay_us"), hold)


def _spec(part: JsonObject) -> RouterSpec:
    family = part.choice("family", FAMILIES)
    version = part.choice("version", VERSIONS)
    addresses = part.addresses("addresses", family)
    if not 1 <= len(addresses) <= MOST_ADDRESSES:
        raise part.wrong("addresses", "a list of 1 to 255 addresses")
    return RouterSpec(
        part.text("name"),
        part.text("device"),
        part.number("vrid", LOWEST_VRID, HIGHEST_VRID),
        family,
        version,
        part.number("priority", LOWEST_PRIORITY, HIGHEST_PRIORITY),
        part.number("interval_us", INTERVAL_UNIT_US[version], longest_interval_us(version)),
        addresses,
        part.choice("checksum", CHECKSUMS),
        part.octets("auth") if part.has("auth") else None,
        part.address("source", family) if part.has("source") else None,
        part.addresses("unicast_peers", family),
        tuple(part.pairs("tracks", str, int)),
        part.number("announce_refresh_us"),
    )
