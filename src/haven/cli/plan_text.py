# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan as text for a human: what a failover would do, before it happens."""

import textwrap
from typing import Any

from haven.cli.openvpn_text import planned_server
from haven.cli.service_text import planned
from haven.cli.told_text import planned as planned_told
from haven.cli.wan_text import planned as planned_wan
from haven.cli.wireguard_text import planned as planned_tunnel
from haven.contract.check_documents import SCRIPT
from haven.contract.steps import SEQUENCES
from haven.core.clock import MILLISECOND, SECOND
from haven.core.spec import BY_ROUTE
from haven.core.vrrp.timing import active_down_interval

COLUMNS = 100
INDENT = 2
LABEL = 13

# When hosts may use the router for everything, by the plan's `default`.
WHEN = (", while it has a default route and a public prefix", ", while it has a prefix", "")

Row = tuple[str, str]


def show_plan(plan: dict[str, Any]) -> str:
    """Return a plan with its sequences as text of at most 100 columns."""
    routers = {router["name"]: router for router in plan["virtual_routers"]}
    parts = [_wrap("", "Plan of %s, made from %s" % (plan["node"], plan["config"]))]
    if plan["warnings"]:
        parts.append(_block("Warnings", [("", warning["text"]) for warning in plan["warnings"]]))
    parts += [_group(group, routers) for group in plan["groups"]]
    parts += [_services(group["name"], plan["parts"]) for group in plan["groups"]]
    parts += [_router(router) for router in plan["virtual_routers"]]
    parts += [_session(session) for session in plan.get("bfd") or ()]
    parts.append(_checks(plan["parts"].get("tracking", {}).get("checks", [])))
    for wan in (plan["parts"].get("wan") or {"wans": []})["wans"]:
        parts.append(_block("WAN %s" % wan["name"], planned_wan(wan)))
    for tunnel in (plan["parts"].get("wireguard") or {"tunnels": []})["tunnels"]:
        parts.append(_block("WireGuard %s" % tunnel["name"], planned_tunnel(tunnel)))
    for server in plan["parts"].get("openvpn", {}).get("servers", ()):
        parts.append(_block("OpenVPN's server %s" % server["name"], planned_server(server)))
    parts += [_block(title, rows) for title, rows in planned_told(plan["parts"])]
    parts += [_lan(lan) for lan in plan["parts"].get("leases", {}).get("lans", ())]
    parts.append(_machine(plan))
    return "\n".join("\n".join(part) + "\n" for part in parts if part)


def _block(title: str, rows: list[Row]) -> list[str]:
    lines = [title]
    for label, text in rows:
        head = " " * INDENT + (label.ljust(LABEL) if label else "")
        lines += _wrap(head, text)
    return lines


def _wrap(head: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        COLUMNS,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    ) or [head.rstrip()]


def _group(group: dict[str, Any], routers: dict[str, dict[str, Any]]) -> list[str]:
    members = [name for name, router in routers.items() if router["group"] == group["name"]]
    if not group["preempt"]:
        rule = "no: who is Active stays it"
    elif group["preempt_delay_us"]:
        rule = "yes: the higher priority takes over after %s" % exact_duration(group["preempt_delay_us"])
    else:
        rule = "yes: the higher priority takes over at once"
    rows = [("members", ", ".join(members) or "none"), ("preempts", rule)]
    if group.get("checks"):
        rows.append(("checks", ", ".join(_track(*check) for check in group["checks"])))
    for code, label, _heading in SEQUENCES:
        rows += _numbered(label, _lines(group["sequences"][code], routers))
    return _block("Group %s" % group["name"], rows)


def _services(group: str, parts: dict[str, Any]) -> list[str]:
    rows = []
    for label, lines in planned(group, parts.get("services", {}).get("services", [])):
        rows += _numbered(label, lines) if len(lines) > 1 else [(label, line) for line in lines]
    return _block("Services of %s" % group, rows) if rows else []


def _lines(items: list[dict[str, Any]], routers: dict[str, dict[str, Any]]) -> list[str]:
    """Return the items of a sequence, each stage as the steps of its virtual routers."""
    lines: list[str] = []
    for item in items:
        if item["code"] in ("takeover", "release"):
            names = item["facts"]["virtual_routers"]
            lines += [step["say"] for name in names for step in routers[name][item["code"]]]
        else:
            lines.append(item["say"])
    return lines


def _router(router: dict[str, Any]) -> list[str]:
    rows = [*_who(router), *_where(router), *_timers(router), *_router_advert(router.get("router_advert"))]
    for label, stage in (("set-up", "setup"), ("teardown", "teardown")):
        rows += _numbered(label, [step["say"] for step in router[stage]])
    return _block("Virtual router %s" % router["name"], rows)


def _who(router: dict[str, Any]) -> list[Row]:
    rows = [("who", _identity(router)), ("group", router["group"])]
    if router.get("carp"):
        rows.append(("password", "yes (never sent; it signs)"))
    elif router["auth"] is not None:
        rows.append(("password", "yes (sent in the clear)"))
    if router.get("authentication") is not None:
        rows.append(("signature", _signature(router["authentication"])))
    return rows


def _signature(keys: dict[str, Any]) -> str:
    ids = [number for number, _secret in keys["keys"]]
    others = "".join([", understands key %d as well" % number for number in ids[1:]])
    said = "signs nothing yet" if keys["mode"] == "receive" else "signs with key %d" % ids[0]
    if keys["mode"] == "receive":
        others = "".join([", understands key %d" % number for number in ids])
    window = ", clocks within %g s" % (keys["window_us"] / 1e6) if keys["replay"] == "time" else ""
    return "%s: %s%s%s" % (keys["mode"], said, others, window)


def _identity(router: dict[str, Any]) -> str:
    if router.get("carp"):
        facts = (router["vrid"], router["carp"]["advskew"], router["family"])
        return "VHID %d, advskew %d, CARP for IPv%d" % facts
    version = "VRRP version %d for IPv%d" % (router["version"], router["family"])
    return "VRID %d, priority %d, %s" % (router["vrid"], router["priority"], version)


def _where(router: dict[str, Any]) -> list[Row]:
    interface = " (interface %s)" % router["interface"] if router["interface"] else ""
    holder = router["address_device"]
    rows = [("where", "%s%s" % (router["device"], interface))]
    if router["virtual_mac"]:
        mac = bytes.fromhex(router["virtual_mac"]).hex(":")
        rows.append(("virtual MAC", "%s on %s" % (mac, holder)))
    rows.append(("addresses", ", ".join(router["addresses"])))
    if _is_routed(router):
        rows.append(("announced", "as routes of %s, by the routing daemon of this router" % holder))
    rows.append(("accept", "answers on them" if router["accept"] else "forwards only, answers ARP and ND"))
    if router["source"]:
        rows.append(("source", router["source"]))
    if router["unicast_peers"]:
        rows.append(("peers", ", ".join(router["unicast_peers"])))
    if router["tracks"]:
        rows.append(("tracks", ", ".join(_track(*track) for track in router["tracks"])))
    return rows


def _is_routed(router: dict[str, Any]) -> bool:
    return router.get("announce") == BY_ROUTE


def _track(name: str, weight: int) -> str:
    return "%s (priority -%d)" % (name, weight) if weight else "%s (fault)" % name


def _checks(checks: list[dict[str, Any]]) -> list[str]:
    rows: list[Row] = []
    for check in checks:
        every = exact_duration(check["interval_us"])
        pace = "down after %d failures, up after %d successes" % (check["fall"], check["rise"])
        patience = "at most %s for each" % exact_duration(check["timeout_us"])
        rows.append((check["name"], "every %s %s" % (every, _question(check))))
        rows.append((" ", "%s; %s" % (pace, patience)))
    return _block("Checks", rows) if rows else []


def _question(check: dict[str, Any]) -> str:
    if check["kind"] == SCRIPT:
        as_user = "" if check["user"] == "root" else " as %s" % check["user"]
        return "run %s%s" % (" ".join(check["argv"]), as_user)
    port = " port %d" % check["port"] if check.get("port") else ""
    device = " from %s" % check["device"] if check.get("device") else ""
    return "ask %s%s by %s%s" % (check["address"], port, check["kind"], device)


def _session(session: dict[str, Any]) -> list[str]:
    sends, hears = (exact_duration(session[key]) for key in ("min_tx_us", "min_rx_us"))
    rows = [
        ("with", "%s on %s" % (session["address"], session["device"])),
        ("watched by", ", ".join(session["virtual_routers"])),
        ("sends", "every %s, once it is up; silence of %d is a failure" % (sends, session["multiplier"])),
        ("hears", "every %s, or as seldom as the other router sends" % hears),
    ]
    return _block("BFD session %s" % session["name"], rows)


def _timers(router: dict[str, Any]) -> list[Row]:
    every_us, silence = _pace(router)
    every = "advertisement every %s" % exact_duration(every_us)
    refresh = router["announce_refresh_us"]
    again = (
        "addresses announced again every %s" % exact_duration(refresh)
        if refresh and not _is_routed(router)
        else "no repeated announcing"
    )
    return [
        ("timers", "%s, %s" % (every, again)),
        (" ", "takes over after %.3f s of silence" % (silence / SECOND)),
    ]


def _pace(router: dict[str, Any]) -> tuple[int, int]:
    """Return how often it advertises, and after which silence it takes over."""
    interval_us, carp = router["advert_interval_us"], router.get("carp")
    if carp is None:
        return interval_us, active_down_interval(router["version"], router["priority"], interval_us)
    skew_us = carp["advskew"] * SECOND // 256
    return interval_us + skew_us, 3 * interval_us + skew_us


def _router_advert(advert: dict[str, Any] | None) -> list[Row]:
    if advert is None:
        return []
    intervals = (exact_duration(advert["min_interval_us"]), exact_duration(advert["max_interval_us"]))
    prefixes = list(dict.fromkeys(advert["prefixes"] + advert["virtual_prefixes"]))
    asks = [word for word in ("managed", "other") if advert[word]]
    rows = [
        ("to hosts", "router advertisements from %s, every %s to %s" % (advert["source"], *intervals)),
        (" ", "default router for %d s at a time%s" % (advert["lifetime_s"], WHEN[advert["default"]])),
        (" ", "prefixes: %s" % ", ".join([*prefixes, "those of the device"])),
    ]
    if asks:
        rows.append((" ", "DHCPv6: %s" % ", ".join(asks)))
    if advert["dns"]:
        rows.append((" ", "DNS: %s" % ", ".join([*advert["dns"], *advert["domains"]])))
    return rows


def _numbered(label: str, lines: list[str]) -> list[Row]:
    width = len(str(len(lines)))
    return [
        # As a part of the label, so that what does not fit the line goes on below the step's own text.
        ("%-*s%*d. " % (LABEL, label if number == 1 else "", width, number), line)
        for number, line in enumerate(lines, 1)
    ]


def _lan(lan: dict[str, Any]) -> list[str]:
    rows = [
        ("answers", "this router's DHCP server, while group %s is Active here" % lan["group"]),
        ("takeover", "dnsmasq gets all leases of both routers and is started anew, then hears clients"),
        ("each lease", "waits until the other router knows of it, 100 ms at most"),
    ]
    return _block("DHCP leases of %s (%s, %s)" % (lan["interface"], lan["device"], lan["address"]), rows)


def _machine(plan: dict[str, Any]) -> list[str]:
    life = "%s, renewed every %s" % (
        exact_duration(plan["address_lifetime_us"]),
        exact_duration(plan["renew_us"]),
    )
    urgency = "SCHED_RR %d" % plan["realtime"] if plan["realtime"] else "usual"
    rows = [("addresses", "live for " + life), ("scheduling", urgency)]
    for number, (name, value) in enumerate(plan["sysctls"]):
        rows.append((" " if number else "settings", "%s = %s" % (name, value)))
    for label, stage in (("at start", "setup"), ("at the end", "teardown")):
        rows += _commands(label, plan["commands"][stage])
    return _block("This machine", rows)


def _commands(label: str, commands: list[dict[str, Any]]) -> list[Row]:
    rows = []
    numbered = _numbered(label, [command["say"] for command in commands])
    for row, command in zip(numbered, commands, strict=True):
        rows += [row, (" ", "   $ " + " ".join(command["argv"]))]
        rows += [(" ", "     " + line.expandtabs(4)) for line in command["stdin"].splitlines()]
    return rows


def exact_duration(microseconds: int) -> str:
    """Return a configured time in the largest unit that makes it whole; the 256ths of CARP are rounded."""
    if microseconds % SECOND == 0:
        return "%d s" % (microseconds // SECOND)
    if microseconds % MILLISECOND == 0:
        return "%d ms" % (microseconds // MILLISECOND)
    if microseconds > SECOND:
        return "%.3f s" % (microseconds / SECOND)
    return "%d us" % microseconds
