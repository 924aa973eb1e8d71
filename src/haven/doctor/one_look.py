# SPDX-License-Identifier: GPL-2.0-or-later
"""What one router finds out about itself: a document for whoever compares it with the others'."""

import time
from collections.abc import Callable
from typing import Any

from haven import VERSION as HAVEN
from haven.contract.doctor import PATIENCE_S, VERSION
from haven.contract.plan import PlanError, read_document
from haven.doctor import arp_questions, copy_link, echo_ways, file_facts, kernel_facts, ruleset, wire_watch
from haven.doctor.beside import Beside
from haven.doctor.lookout import Lookout, NotSeen
from haven.paths import PLAN, inside

Document = dict[str, Any]

# Shorter than what the wire is listened to.
COPIES_S = 3.0
# Of a part that hangs nobody waits for the end.
LATEST_S = PATIENCE_S + 1

# Of a virtual router, what others compare theirs with; nothing that is secret.
TOLD = ("name", "group", "device", "address_device", "family", "vrid", "version", "priority") + (
    "advert_interval_us",
    "checksum",
    "addresses",
    "virtual_mac",
)
TOLD_OF_STATUS = ("state", "problems", "at_risk", "groups", "peers", "channel")


def around(root: str, config: str, run_dir: str, status: Callable[[], Document]) -> Lookout:
    """Return this router as a look finds it."""
    plan = _plan(run_dir) or file_facts.plan_of(config)
    return Lookout(root, config, run_dir, plan, status)


def _told_router(router: Document) -> Document:
    keys = (router.get("authentication") or {}).get("keys", ())
    more = {"protocol": "carp" if router.get("carp") else "vrrp", "key_ids": sorted(key[0] for key in keys)}
    return {**{key: router[key] for key in TOLD if key in router}, **more}


def _plan(run_dir: str) -> Document:
    try:
        return read_document(inside(run_dir, PLAN))
    except PlanError:
        return {}


class RouterLook:
    """The parts of a look, each taken by itself: one that fails leaves the others alone."""

    def __init__(self, here: Lookout) -> None:
        self._here = here
        self.node = str(here.plan.get("node") or "this router")
        self._parts: Document = {}

    def take(self, is_over: Callable[[], bool]) -> Document:
        """Return the document; the links are listened on until it is over."""
        at = time.time()
        self._part("kernel", lambda: kernel_facts.facts(self._here))
        # The wire has to be heard without a pause, whatever the rest waits for.
        beside = [Beside(self._quick_parts), Beside(self._copies)]
        own = kernel_facts.own_addresses(self._here, self._kernel)
        latest = time.monotonic() + LATEST_S

        def is_done() -> bool:
            return (is_over() and all(task.is_over() for task in beside)) or time.monotonic() > latest

        self._part("wire", lambda: wire_watch.watch(self._here, own, is_done))
        for task in beside:
            task.end()
            self._parts.update(task.result() or {})
        return {"version": VERSION, "node": self.node, "haven": HAVEN, "at": at, "parts": self._parts}

    def _quick_parts(self) -> Document:
        self._part("plan", self._told_plan)
        self._part("status", self._told_status)
        self._part("rules", lambda: ruleset.facts(self._here, self.node))
        self._part("files", lambda: file_facts.facts(self._here))
        self._part("arp", lambda: {"answers": arp_questions.answers(self._targets())})
        self._part("upstream", self._upstream)
        return self._parts

    def _copies(self) -> Document:
        device, end = self._here.copy_device(), time.monotonic() + COPIES_S
        if not device:
            return {}
        return {"copies": {"facts": copy_link.facts(device, lambda: time.monotonic() >= end)}}

    def _part(self, name: str, look: Callable[[], Document]) -> None:
        try:
            self._parts[name] = {"facts": look()}
        except NotSeen as why:
            self._parts[name] = {"unable": [why.code, why.facts]}
        except Exception as why:
            # Whatever a part stumbles over, the others are worth having.
            self._parts[name] = {"unable": ["failed", {"error": f"{name}: {why!r}"}]}

    @property
    def _kernel(self) -> Document:
        return self._parts["kernel"].get("facts") or {"devices": {}, "routes": []}

    def _told_plan(self) -> Document:
        if not self._here.plan:
            raise NotSeen("no-plan", node=self.node)
        routers = [_told_router(each) for each in self._here.routers]
        steps = [step for each in self._here.routers for step in each["takeover"]]
        routes = [step["facts"]["route"] for step in steps if step["code"] == "route-add"]
        groups = [group["name"] for group in self._here.plan["groups"]]
        return {
            "routers": routers,
            "groups": groups,
            "default_routes": [route for route in routes if route.startswith(("default", "0.0.0.0/0"))],
            # They are up on the Active alone, and its default route with them.
            "dials": bool(self._here.plan["parts"].get("wan", {}).get("wans")),
            "copy_device": self._here.copy_device(),
            "own_addresses": kernel_facts.own_addresses(self._here, self._kernel),
        }

    def _told_status(self) -> Document:
        status = self._here.status()
        if not status:
            raise NotSeen("no-status", node=self.node)
        return {key: status[key] for key in TOLD_OF_STATUS if key in status}

    def _targets(self) -> list[arp_questions.Target]:
        """Return what is asked for by ARP: virtual addresses, own ones of their links, the next routers."""
        fours = [router for router in self._here.routers if router["family"] == 4]
        virtual = [
            (router["device"], text.partition("/")[0]) for router in fours for text in router["addresses"]
        ]
        own = kernel_facts.own_addresses(self._here, self._kernel)
        places = sorted({router["device"] for router in fours})
        mine = [(device, text) for device in places for text in own.get(device, ()) if ":" not in text]
        next_routers = [(device, gateway) for device, gateway in self._kernel["routes"] if gateway]
        return [*virtual, *mine, *next_routers]

    def _upstream(self) -> Document:
        """Ask the next router from each virtual address that this router has on its link."""
        held = {text for device in self._kernel["devices"].values() for text in device["addresses"]}
        own = kernel_facts.own_addresses(self._here, self._kernel)
        rows = []
        for device, gateway in self._kernel["routes"]:
            for router in self._here.routers if gateway else ():
                address = router["addresses"][0].partition("/")[0]
                mine = next((text for text in own.get(device, ()) if ":" not in text), "")
                if router["device"] == device and router["family"] == 4 and address in held and mine:
                    ttls = [echo_ways.answer_ttl(each, gateway) for each in (mine, address)]
                    rows.append([device, gateway, address, *ttls])
        return {"rows": rows}
