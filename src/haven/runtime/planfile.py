# SPDX-License-Identifier: GPL-2.0-or-later
"""Read a plan: from JSON to what the engine and the host run (docs/plan.md)."""

import json

from haven.core.spec import GroupSpec, RouterSpec
from haven.runtime.cpython import octets_of
from haven.runtime.steps import Step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1


class PlanError(Exception):
    """A plan cannot be used; the text names the file and says why."""


class RouterPlan:
    """What the host does for one virtual router."""

    def __init__(self, document: "dict[str, Any]") -> None:
        self.name: str = document["name"]
        self.device: str = document["device"]
        self.interface: str | None = document.get("interface")
        self.address_device: str = document["address_device"]
        self.addresses: list[str] = document["addresses"]
        mac = document.get("virtual_mac")
        self.virtual_mac: bytes | None = bytes.fromhex(mac) if mac else None
        self.setup = _steps(document["setup"])
        self.takeover = _steps(document["takeover"])
        self.release = _steps(document["release"])
        self.teardown = _steps(document["teardown"])

    def octets(self) -> "list[bytes]":
        """Return the virtual addresses as octets."""
        return [octets_of(text.split("/")[0]) for text in self.addresses]


class Plan:
    """A plan document, checked and in the types of the engine."""

    def __init__(self, document: "dict[str, Any]") -> None:
        self.node: str = document["node"]
        self.config: str = document["config"]
        self.realtime: int = document["realtime"]
        self.renew_interval: int = document["renew_us"]
        self.made_from: list[Any] | None = document.get("made_from")
        self.warnings: list[str] = document.get("warnings", [])
        self.sysctls: list[list[str]] = document.get("sysctls", [])
        self.commands: dict[str, Any] = document.get("commands", {})
        self.routers = {each["name"]: RouterPlan(each) for each in document["virtual_routers"]}
        self.groups = tuple(_group(each, document["virtual_routers"]) for each in document["groups"])


def read_plan(path: str) -> Plan:
    """Return the plan in a file. Raises PlanError, which names the file."""
    try:
        with open(path) as file:
            document = json.load(file)
    except OSError as error:
        raise PlanError("%s: %s" % (path, error)) from None
    except ValueError:
        raise PlanError("%s: the plan is truncated or is not JSON" % path) from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        found = document.get("version") if isinstance(document, dict) else None
        raise PlanError("%s: the plan has version %s, this havend reads version %d" % (path, found, VERSION))
    try:
        return Plan(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        raise PlanError("%s: the plan is not complete (%s)" % (path, error)) from None


def _steps(documents: "list[dict[str, Any]]") -> "tuple[Step, ...]":
    return tuple(
        Step(
            each["say"],
            bytes.fromhex(each["octets"]),
            tuple((offset, device) for offset, device in each["patch"]),
            tuple(each.get("tolerate", ())),
            octets_of(each["address"].split("/")[0]) if each.get("address") else None,
            bool(each.get("renew")),
        )
        for each in documents
        if each["do"] == "netlink"
    )


def _group(document: "dict[str, Any]", routers: "list[dict[str, Any]]") -> GroupSpec:
    members = tuple(_router(each) for each in routers if each["group"] == document["name"])
    return GroupSpec(document["name"], members, bool(document["preempt"]), document["preempt_delay_us"])


def _router(document: "dict[str, Any]") -> RouterSpec:
    return RouterSpec(
        document["name"],
        document["device"],
        document["vrid"],
        document["family"],
        document["version"],
        document["priority"],
        document["interval_us"],
        tuple(octets_of(text.split("/")[0]) for text in document["addresses"]),
        document["checksum"],
        bytes.fromhex(document["auth"]) if document.get("auth") else None,
        octets_of(document["source"]) if document.get("source") else None,
        tuple(octets_of(text) for text in document["unicast_peers"]),
        tuple((name, weight) for name, weight in document["tracks"]),
        document["announce_refresh_us"],
    )
