# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may call what over rpcd and uhttpd: reading and writing apart, and no password by reading."""

import json
import sys

from haven.agent.ubus.methods import SIGNATURE
from tests.package.conftest import ROOT

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402

PLACE = "usr/share/rpcd/acl.d/haven.json"
CHANGING = {"switchover", "maintenance", "reload", "sync_now", "drill"}
OF_SET_UP = {"pair", "unpair", "sync_take", "sync_undo"}


def _group() -> dict:
    (group,) = json.loads((ROOT / "files" / PLACE).read_text()).values()
    return group


def test_every_method_may_be_called_by_readers_or_writers_and_not_by_both():
    read, write = (_group()[right]["ubus"]["haven"] for right in ("read", "write"))
    # Who may only look has no use for checking a text of his own, nor for the VRIDs in use.
    only_for_writers = CHANGING | {"validate", "heard"}
    assert set(write) == only_for_writers and not set(read) & (only_for_writers | OF_SET_UP)
    assert {*read, *write, *OF_SET_UP} == set(SIGNATURE)


def test_who_may_hand_over_may_not_give_the_configuration_away():
    """A code lets another router have all passwords, and a decision writes any package."""
    place = ROOT / "openwrt-feed/luci-app-haven/root" / PLACE.replace("haven.json", "luci-app-haven.json")
    group = json.loads(place.read_text())["luci-app-haven"]
    assert set(group["write"]["ubus"]["haven"]) == OF_SET_UP and "haven" not in group["read"]["ubus"]


def test_the_configuration_with_its_passwords_is_for_writers():
    assert set(_group()["read"]) == {"ubus"} and set(_group()["read"]["ubus"]) == {"haven"}
    assert _group()["write"]["uci"] == {"haven": ["read", "write"]}


def test_it_grants_nothing_that_luci_base_does():
    """How a page changes any configuration at all is LuCI's own right, and a login has that one anyway."""
    assert set(_group()["write"]["ubus"]) == {"haven"}


def test_it_is_in_one_package_alone():
    places = {
        name: set(ipk.payload(ROOT / f"openwrt-feed/{name}/contents")) for name in ("haven", "luci-app-haven")
    }
    assert (
        PLACE in places["haven"] and PLACE.replace("haven.json", "luci-app-haven.json") not in places["haven"]
    )
    assert not places["haven"] & places["luci-app-haven"]
