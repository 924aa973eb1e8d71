# SPDX-License-Identifier: GPL-2.0-or-later
"""The plan: what the compiler writes and havend carries out (docs/plan.md).

The tables say what is in it; writer and reader check it against them. What a virtual router or a group has
beside their tables are settings of the option table, for the engine.
"""

import struct

from haven.contract.advert_part import advert_of, check_advert
from haven.contract.carp_part import check_carp
from haven.contract.diagnostics import DIAGNOSTIC, Diagnostic
from haven.contract.fields import (
    DocumentError,
    Field,
    address,
    anything,
    check_object,
    check_objects,
    flag,
    is_whole,
    list_of,
    mapping,
    octets,
    one_of,
    pair_of,
    text,
    whole,
)
from haven.contract.plan_specs import group_spec, host_octets, router_spec
from haven.contract.steps import STEPS, step_message, step_text
from haven.contract.strict_json import read_json
from haven.core.spec import ANNOUNCING
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
    TTL,
    VERSIONS,
    longest_interval_us,
)
from haven.failure_reason import reason_of
from haven.plain_file import read_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

# docs/plan.md says when it changes.
VERSION = 3
# Of 250 virtual routers it has half a megabyte.
LONGEST = 16 << 20

PLAN = (
    Field("version", whole(1)),
    Field("node", text),
    Field("config", text),
    Field("made_from", list_of(anything), nullable=True),
    Field("enabled", flag),
    Field("realtime", whole(0, 99)),
    Field("upgrade", flag, optional=True),
    Field("address_lifetime_us", whole(1)),
    Field("renew_us", whole(1)),
    Field("warnings", list_of(mapping)),
    Field("groups", list_of(mapping)),
    Field("virtual_routers", list_of(mapping)),
    Field("bfd", list_of(mapping), optional=True),
    Field("sysctls", list_of(pair_of(str, str))),
    Field("commands", mapping),
    Field("parts", mapping),
)

GROUP = (
    Field("name", text),
    Field("sync_wait_us", whole()),
    # [name, weight]; weight 0 is a fault.
    Field("checks", list_of(pair_of(str, int)), optional=True),
    Field("witnesses", list_of(pair_of(str, str)), optional=True),
)

# What the engine acts by, beside the protocol's own.
GROUP_SETTINGS = (
    Field("preempt", flag),
    Field("preempt_delay_us", whole()),
    Field("witness_patience_us", whole(1), optional=True),
    Field("majority", whole(1), optional=True),
)

STAGES = ("setup", "takeover", "release", "teardown")

VIRTUAL_ROUTER = (
    Field("name", text),
    Field("group", text),
    Field("device", text),
    Field("interface", text, nullable=True),
    Field("family", one_of(FAMILIES)),
    Field("addresses", list_of(address)),
    Field("source", address, nullable=True),
    Field("unicast_peers", list_of(address)),
    Field("auth", octets, nullable=True),
    Field("authentication", mapping, optional=True),
    Field("tracks", list_of(pair_of(str, int))),
    Field("accept", flag),
    Field("virtual_mac", octets, nullable=True),
    Field("address_device", text),
    Field("setup", list_of(mapping)),
    Field("takeover", list_of(mapping)),
    Field("release", list_of(mapping)),
    Field("teardown", list_of(mapping)),
    # What it speaks CARP by, where it does; `auth` is its password.
    Field("carp", mapping, optional=True),
    # What it says of itself by router advertisements, where it does.
    Field("router_advert", mapping, optional=True),
)

# What the engine reckons with; their ranges are the protocol's.
PROTOCOL_SETTINGS = (
    Field("vrid", whole(LOWEST_VRID, HIGHEST_VRID)),
    Field("version", one_of(VERSIONS)),
    Field("priority", whole(LOWEST_PRIORITY, HIGHEST_PRIORITY)),
    Field("advert_interval_us", whole(1)),
    Field("checksum", one_of(CHECKSUMS)),
    Field("announce_refresh_us", whole()),
    Field("unicast_hops", whole(0, TTL - 1), optional=True),
    Field("announce", one_of(ANNOUNCING), optional=True),
)

STEP = (
    Field("code", text),
    Field("facts", mapping),
    Field("say", text),
    Field("octets", octets),
    Field("patch", list_of(pair_of(int, str))),
    Field("tolerate", list_of(whole(1, 4095))),
    Field("address", address, optional=True),
    Field("renew", flag, optional=True),
)

COMMAND = (
    Field("code", text),
    Field("facts", mapping),
    Field("say", text),
    Field("argv", list_of(text)),
    Field("stdin", text, optional=True),
    # What goes to its input is nobody's to see.
    Field("secret", flag, optional=True),
)

COMMANDS = (Field("setup", list_of(mapping)), Field("teardown", list_of(mapping)))

# The header of a netlink message (rtnetlink(7)), whose first field is its length.
SHORTEST_MESSAGE = 16
# What a message has that was made where numbers are written the other way round.
OTHER_ORDER = "<" if struct.pack("@H", 1)[0] == 0 else ">"


class PlanError(Exception):
    """A plan cannot be written or used; `diagnostic` says why, and names the file."""

    def __init__(self, code: str, path: str, **facts: "Any") -> None:
        self.diagnostic = Diagnostic(code, facts, path)
        super().__init__(str(self.diagnostic))


class Step(Value):
    """A prepared netlink message: `patch` tells where the index of which device belongs."""

    def __init__(self, document: "Document") -> None:
        self.code = document["code"]
        self.facts = document["facts"]
        self.say = document["say"]
        self.octets = bytes.fromhex(document["octets"])
        self.patch = tuple((offset, device) for offset, device in document["patch"])
        self.tolerate = tuple(document["tolerate"])
        held = document.get("address")
        self.address = host_octets(held) if held else None
        self.renew = bool(document.get("renew"))

    def as_message(self) -> "Document":
        """Return what it does, to stand among the facts of a problem."""
        return step_message(self.code, self.facts, self.say)

    def wanted(self) -> "tuple[bytes, tuple[tuple[int, str], ...]]":
        """Return what tells one step from another."""
        return self.octets, self.patch


class RouterPlan(Value):
    """What the host does for one virtual router."""

    def __init__(self, document: "Document") -> None:
        self.name = document["name"]
        self.group = document["group"]
        self.device = document["device"]
        self.interface = document.get("interface")
        self.address_device = document["address_device"]
        self.addresses = document["addresses"]
        mac = document.get("virtual_mac")
        self.virtual_mac = bytes.fromhex(mac) if mac else None
        self.setup, self.takeover, self.release, self.teardown = [
            tuple([Step(each) for each in document[stage]]) for stage in STAGES
        ]
        self.spec = router_spec(document, VIRTUAL_ROUTER)
        self.advertises = advert_of(document)

    def places(self) -> "set[tuple[str, bytes]]":
        """Return which address belongs on which device."""
        return {(self.address_device, each) for each in self.spec.addresses}


class Plan:
    """A plan document in the types of the engine."""

    def __init__(self, document: "Document") -> None:
        self.node = document["node"]
        self.config = document["config"]
        self.enabled = document["enabled"]
        self.realtime = document["realtime"]
        self.renew_us = document["renew_us"]
        # The agent's business; another answer is another plan.
        self.upgrade = document.get("upgrade")
        self.made_from = document.get("made_from")
        self.warnings = document["warnings"]
        self.bfd = document.get("bfd") or []
        self.sysctls = [(name, value) for name, value in document["sysctls"]]
        self.setup_commands = document["commands"]["setup"]
        self.teardown_commands = document["commands"]["teardown"]
        # The parts of the agent that have work, and what it is.
        self.parts = tuple(sorted(document["parts"]))
        self._work = document["parts"]
        routers = [RouterPlan(each) for each in document["virtual_routers"]]
        self.routers = {router.name: router for router in routers}
        members = {
            group["name"]: tuple([router.spec for router in routers if router.group == group["name"]])
            for group in document["groups"]
        }
        self.groups = tuple([group_spec(each, members[each["name"]], GROUP) for each in document["groups"]])

    def work(self, part: str) -> "Document | None":
        """Return what a part of the agent has to do, None for nothing."""
        found: Document | None = self._work.get(part)
        return found

    def asks_for_the_same(self, other: "Plan") -> bool:
        """Tell whether there is nothing to do when another plan takes the place of this one."""
        mine, others = dict(self.__dict__), dict(other.__dict__)
        # The file may have been written anew with the same in it.
        del mine["made_from"], others["made_from"]
        return mine == others


def read_plan(path: str) -> Plan:
    """Return the plan in a file. Raises PlanError, which names the file."""
    return Plan(read_document(path))


def read_document(path: str) -> "Document":
    """Return the checked document in a file. Raises PlanError, which names the file."""
    try:
        document = read_json(read_plain(path, LONGEST).decode())
    except OSError as error:
        raise PlanError("plan-unreadable", path, error=reason_of(error)) from None
    except ValueError:
        raise PlanError("plan-truncated", path) from None
    try:
        return check_plan(document)
    except DocumentError as error:
        found = document.get("version") if isinstance(document, dict) else None
        if found != VERSION or isinstance(found, bool):
            raise PlanError("plan-version", path, found=str(found), known=VERSION) from None
        raise PlanError("plan-damaged", path, error=str(error)) from None


def check_plan(document: "Any") -> "Document":
    """Return a document that is a plan of this version, or raise DocumentError."""
    check_object(document, PLAN, "the plan")
    if document["version"] != VERSION:
        raise DocumentError("the plan: version is not %d" % VERSION)
    check_objects(document["warnings"], DIAGNOSTIC, "warnings")
    check_objects(document["groups"], GROUP + GROUP_SETTINGS, "groups")
    witnesses = [each for group in document["groups"] for each in group.get("witnesses") or ()]
    if not all(device and not address(each) for device, each in witnesses):
        raise DocumentError("groups: witnesses are not devices and addresses")
    for index, router in enumerate(document["virtual_routers"]):
        _check_router(router, "virtual_routers[%d]" % index)
    _check_names(document)
    _check_commands(document["commands"])
    _check_work_of_others(document)
    return document  # type: ignore[no-any-return]


def _check_work_of_others(document: "Document") -> None:
    # The package of a node without BFD and haven-agent has not their words.
    try:
        if document.get("bfd"):
            from haven.contract.planned_bfd import check_planned_sessions

            check_planned_sessions(document["bfd"])
        if document["parts"]:
            from haven.contract.planned_parts import check_parts

            check_parts(document["parts"])
    except ImportError:
        names = sorted(document["parts"]) + (["bfd"] if document.get("bfd") else [])
        raise DocumentError(
            "%s: not known on this node; make the plan by 'haven plan --machine'" % ", ".join(names)
        ) from None


def _check_router(document: "Any", where: str) -> None:
    check_object(document, VIRTUAL_ROUTER + PROTOCOL_SETTINGS, where)
    length = 16 if document["family"] == 6 else 4
    for key in ("addresses", "unicast_peers"):
        if not all(len(host_octets(each)) == length for each in document[key]):
            raise DocumentError("%s: %s are not all of IPv%d" % (where, key, document["family"]))
    if document.get("source") and len(host_octets(document["source"])) != length:
        raise DocumentError("%s: source is not of IPv%d" % (where, document["family"]))
    if not 1 <= len(document["addresses"]) <= MOST_ADDRESSES:
        raise DocumentError("%s: addresses is not a list of 1 to %d" % (where, MOST_ADDRESSES))
    if document.get("virtual_mac") and len(document["virtual_mac"]) != 12:
        raise DocumentError("%s: virtual_mac is not a MAC address" % where)
    version, interval_us = document["version"], document["advert_interval_us"]
    if not INTERVAL_UNIT_US[version] <= interval_us <= longest_interval_us(version):
        raise DocumentError("%s: advert_interval_us is not one of version %d" % (where, version))
    check_advert(document, where)
    if document.get("authentication") is not None:
        from haven.contract.planned_keys import check_keys

        check_keys(document, where)
    check_carp(document, where)
    for stage in STAGES:
        for index, step in enumerate(document[stage]):
            check_step(step, "%s: %s[%d]" % (where, stage, index))


def check_step(document: "Any", where: str) -> None:
    """Check a step: its fields, its message and its words. Raises DocumentError."""
    check_object(document, STEP, where)
    _check_message(document, where)
    _check_words(document, where)


def _check_words(document: "Document", where: str) -> None:
    if document["code"] not in STEPS:
        # Of a compiler that knows more than we do: it has said so in its own words.
        return
    try:
        step_text(document["code"], document["facts"])
    except (KeyError, OverflowError, TypeError, ValueError):
        raise DocumentError("%s: facts are not those of %s" % (where, document["code"])) from None


def _check_message(document: "Document", where: str) -> None:
    message = bytes.fromhex(document["octets"])
    if len(message) >= SHORTEST_MESSAGE and struct.unpack_from(OTHER_ORDER + "I", message)[0] == len(message):
        raise DocumentError("%s: octets are of a machine with the other byte order; make it anew" % where)
    # The kernel would take a wrong length for the end of the batch.
    if len(message) < SHORTEST_MESSAGE or struct.unpack_from("@I", message)[0] != len(message):
        raise DocumentError("%s: octets are not a netlink message" % where)
    if not all(is_whole(offset, SHORTEST_MESSAGE, len(message) - 4) for offset, _name in document["patch"]):
        raise DocumentError("%s: patch is not within the message" % where)


def _check_names(document: "Document") -> None:
    groups = [each["name"] for each in document["groups"]]
    routers = document["virtual_routers"]
    wires = {(each["device"], each["family"], each["vrid"]) for each in routers}
    if len(set(groups)) != len(groups):
        raise DocumentError("groups: a name stands there twice")
    if len({each["name"] for each in routers}) != len(routers) or len(wires) != len(routers):
        raise DocumentError("virtual_routers: a name or a VRID stands there twice")
    if {each["group"] for each in routers} != set(groups):
        raise DocumentError("groups are not those of the virtual routers")


def _check_commands(document: "Any") -> None:
    check_object(document, COMMANDS, "commands")
    for stage in ("setup", "teardown"):
        check_objects(document[stage], COMMAND, "commands: %s" % stage)
        for each in document[stage]:
            _check_words(each, "commands: %s" % stage)
            if not each["argv"]:
                raise DocumentError("commands: %s: argv is empty" % stage)


def empty_plan(node: str, config: str) -> Plan:
    """Return a plan without virtual routers, for a node that waits for its first one."""
    document: Document = {"realtime": 0, "renew_us": 1, "enabled": True, "parts": {}}
    for key in ("groups", "virtual_routers", "sysctls", "warnings"):
        document[key] = []
    document.update(node=node, config=config, commands={"setup": [], "teardown": []})
    return Plan(document)
