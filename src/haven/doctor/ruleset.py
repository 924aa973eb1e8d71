# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewall's rules in force, and what they do with connections through the virtual routers."""

import json
import subprocess
from ipaddress import IPv4Interface
from typing import Any

from haven.doctor import source_nat
from haven.doctor.lookout import Lookout, NotSeen

COMMAND = ("nft", "-j", "list", "ruleset")
LIMIT_S = 5.0


def facts(around: Lookout, node: str) -> dict[str, Any]:
    """Return the verdicts for each pair of links, and the helpers. Raises NotSeen."""
    rules = _rules(node)
    routers = [router for router in around.routers if router["family"] == 4]
    verdicts = []
    for inner in routers:
        for outer in routers:
            if inner["device"] != outer["device"] and inner["group"] == outer["group"]:
                verdicts.append(_verdict(rules, inner, outer))
    return {"verdicts": verdicts, "helpers": source_nat.helpers(rules)}


def _verdict(rules: source_nat.Rules, inner: dict[str, Any], outer: dict[str, Any]) -> list[str]:
    """Return [network, device, what happens, the address]."""
    network = IPv4Interface(inner["addresses"][0]).network
    # A host that is none of the routers, as far as a number can tell.
    host = str(network.broadcast_address - 1) if network.num_addresses > 2 else str(network[0])
    word, address = source_nat.verdict(rules, inner["address_device"], outer["address_device"], host)
    if word == "none" and outer["address_device"] != outer["device"]:
        word, address = source_nat.verdict(rules, inner["device"], outer["device"], host)
    return [str(network), outer["device"], word, address]


def _rules(node: str) -> source_nat.Rules:
    try:
        done = subprocess.run(COMMAND, capture_output=True, timeout=LIMIT_S, check=False)
        found = json.loads(done.stdout)["nftables"]
    except (OSError, subprocess.TimeoutExpired) as why:
        raise NotSeen("no-rules", node=node, error=str(why)) from None
    except (ValueError, KeyError, TypeError):
        said = done.stderr.decode("utf-8", "replace").strip()[:200]
        raise NotSeen("no-rules", node=node, error=said or "nft answers nothing") from None
    return [each for each in found if isinstance(each, dict)]
