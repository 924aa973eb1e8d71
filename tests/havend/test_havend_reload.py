# SPDX-License-Identifier: GPL-2.0-or-later
"""A reload changes what differs, and nothing else blinks: a tap on the other end of the cable tells."""

import json
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.contract.plan import read_document
from tests.agent.plans import CONNTRACK
from tests.havend import plans
from tests.havend.machines import Havend, Machine, wait_until
from tests.havend.plans import section
from tests.havend.wire import Tap

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

ADDRESS = "10.9.0.100"
# Three intervals: then a Backup would have taken over.
DOWN = 1.2


def lan(name: str = "lan", **changes: object) -> str:
    """Return a virtual router that a busy machine does not keep from its time."""
    return plans.lan(name, **{"advert_interval": 400, **changes})


STAYS = lan("stays", vrid=60, address=("10.9.0.200/24",), priority=255)


@pytest.fixture
def tap(pair: Pair) -> Iterator[Tap]:
    with Tap(pair[1]) as made:
        yield made


@pytest.fixture
def node(pair: Pair, havend: Make, tap: Tap) -> Iterator[Havend]:
    """An Active with two virtual routers, one of which every reload leaves alone."""
    made = (
        havend(pair[0], lan(priority=255), STAYS).prepare().start().until("active").until("active", "stays")
    )
    wait_until(lambda: len(tap.of(60)) > 3 and len(tap.of(51)) > 3, "both advertise")
    since = made.router("stays")["since"]
    yield made
    count = len(tap.of(60))
    wait_until(lambda: len(tap.of(60)) > count + 3, "the other still advertises")
    assert made.same_since(since, "stays") and made.router("stays")["address_held"]
    assert tap.longest_gap(60) < DOWN
    assert all(heard.priority == 255 for heard in tap.of(60))
    assert made.router("stays")["counters"]["became_active"] == 1
    assert not [each for each in made.status()["problems"] if each["code"] == "step-failed"]


def _goes_on(node: Havend, tap: Tap, condition: Callable[[], bool], what: str) -> None:
    """Wait until the wire shows the change, with no gap and no priority 0 before it."""
    wait_until(condition, what)
    assert tap.longest_gap(51) < DOWN
    assert all(heard.priority for heard in tap.of(51))
    assert node.router()["counters"]["became_active"] == 1


def test_it_takes_no_memory_beyond_what_the_plan_has(node: Havend) -> None:
    """The greatest plan that there may be has 16 MB."""
    lines = Path(f"/proc/{node.process.pid}/status").read_text().splitlines()
    taken = next(int(line.split()[1]) for line in lines if line.startswith("VmSize"))
    most = (taken << 10) + (8 << 20)
    resource.prlimit(node.process.pid, resource.RLIMIT_AS, (most, most))
    assert node.reload(lan(priority=200), STAYS)["ok"]
    assert node.router()["priority"] == 200


def test_nothing_changed(node: Havend, tap: Tap, pair: Pair) -> None:
    announced = len(tap.announcements)
    for _ in range(3):
        node.reload(lan(), STAYS)
    count = len(tap.of(51))
    _goes_on(node, tap, lambda: len(tap.of(51)) > count + 3, "it advertises")
    tap.read()
    late = [each for each in tap.announcements[announced:] if each.address == ADDRESS]
    # What is owed from the takeover may come; a reload adds nothing.
    assert len(late) <= 4


def _reloads(node: Havend) -> int:
    return [each["kind"] for each in node.ask("events")["result"]].count("reload")


def test_what_has_not_changed_is_no_reload(node: Havend) -> None:
    # The plan that it was started with may name another file.
    node.reload(lan(), STAYS)
    before, reloads = node.status()["plan"]["loaded_at"], _reloads(node)
    node.ask("refuse", problems=["something is wrong"])
    assert node.reload(lan(), STAYS)["result"] == {"virtual_routers": 2, "changed": False}
    assert _reloads(node) == reloads and abs(node.status()["plan"]["loaded_at"] - before) < 0.1
    assert "reload-refused" not in node.codes()
    assert node.reload(lan(priority=254), STAYS)["result"]["changed"] is True
    assert _reloads(node) == reloads + 1


def test_what_has_changed_for_the_agent_alone_is_a_reload(node: Havend) -> None:
    changed = plans.document(node.text, main="")
    changed["parts"]["conntrack"] = CONNTRACK
    path = node.folder / "other.json"
    path.write_text(json.dumps(changed))
    for reloads in (1, 1):
        assert node.ask("load", path=str(path))["ok"] and _reloads(node) == reloads


def test_changed_addresses(node: Havend, tap: Tap, pair: Pair) -> None:
    node.reload(lan(address=(ADDRESS + "/24", "10.9.0.101/24")), STAYS)
    both = (ADDRESS, "10.9.0.101")
    _goes_on(node, tap, lambda: tap.of(51)[-1].addresses == both, "both addresses are advertised")
    assert set(both) <= set(pair[0].addresses("lan"))
    wait_until(lambda: "10.9.0.101" in [each.address for each in tap.read().announcements], "announced")
    node.reload(lan(address=("10.9.0.101/24",)), STAYS)
    _goes_on(node, tap, lambda: tap.of(51)[-1].addresses == ("10.9.0.101",), "one address is advertised")
    assert ADDRESS not in pair[0].addresses("lan")


def test_changed_priority(node: Havend, tap: Tap) -> None:
    node.reload(lan(priority=42), STAYS)
    _goes_on(node, tap, lambda: tap.of(51)[-1].priority == 42, "the new priority is advertised")


def test_changed_interval(node: Havend, tap: Tap) -> None:
    node.reload(lan(advert_interval=50), STAYS)
    count = len(tap.of(51))
    _goes_on(node, tap, lambda: len(tap.of(51)) > count + 5, "it advertises")
    assert node.router()["interval_ms"] == 50


def test_changed_routes(node: Havend, tap: Tap, pair: Pair) -> None:
    def routes() -> str:
        argv = ["ip", "-n", pair[0].name, "route"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    node.reload(lan(route=("10.7.0.0/16 via 10.9.0.2",)), STAYS)
    assert "10.7.0.0/16 via 10.9.0.2" in routes()
    node.reload(lan(route=("10.6.0.0/16 via 10.9.0.2",)), STAYS)
    assert "10.6.0.0/16" in routes() and "10.7.0.0/16" not in routes()
    count = len(tap.of(51))
    _goes_on(node, tap, lambda: len(tap.of(51)) > count + 2, "it advertises")


def test_virtual_mac_on_and_off(node: Havend, tap: Tap, pair: Pair) -> None:
    own = pair[0].link("lan")["address"].replace(":", "")
    node.reload(lan(virtual_mac=1), STAYS)
    _goes_on(node, tap, lambda: tap.of(51)[-1].mac == "00005e000133", "the virtual MAC is used")
    wait_until(lambda: ("00005e000133", ADDRESS) in tap.read().announcements, "it is announced")
    wait_until(lambda: node.router()["address_held"], "the address is held")
    assert ADDRESS in pair[0].addresses("hv4-51-lan") and ADDRESS not in pair[0].addresses("lan")
    mark = len(tap.announcements)
    node.reload(lan(), STAYS)
    _goes_on(node, tap, lambda: tap.of(51)[-1].mac == own, "the MAC of the device is used")
    wait_until(lambda: (own, ADDRESS) in tap.read().announcements[mark:], "it is announced")
    assert ADDRESS in pair[0].addresses("lan") and pair[0].link("hv4-51-lan") is None


def test_changed_vrid(node: Havend, tap: Tap, pair: Pair) -> None:
    node.reload(lan(vrid=52), STAYS)
    wait_until(lambda: tap.of(52), "the new VRID is advertised")
    # Another router of the pair has the old one until it reads the same: no word that makes it take over.
    assert tap.of(51)[-1].priority != 0
    assert node.state() == "active" and ADDRESS in pair[0].addresses("lan")


def test_added_and_removed(node: Havend, tap: Tap, pair: Pair) -> None:
    more = lan("more", vrid=70, address=("10.9.0.170/24",), advert_interval=10)
    node.reload(lan(), more, STAYS)
    node.until("active", "more")
    assert "10.9.0.170" in pair[0].addresses("lan")
    node.reload(lan(), STAYS)
    assert "10.9.0.170" not in pair[0].addresses("lan")
    wait_until(lambda: tap.of(70) and tap.of(70)[-1].priority == 0, "it says goodbye")
    assert {each["name"] for each in node.status()["groups"]} == {"lan", "stays"}
    count = len(tap.of(51))
    _goes_on(node, tap, lambda: len(tap.of(51)) > count + 2, "it advertises")


def test_added_to_a_group_that_is_active(node: Havend, tap: Tap, pair: Pair) -> None:
    gateway = section("group", "gateway"), lan(group="gateway"), STAYS
    node.reload(*gateway)
    node.until("active", "gateway")
    since = node.router()["since"]
    node.reload(*gateway, lan("new", vrid=70, address=("10.9.0.170/24",), group="gateway", virtual_mac=1))
    wait_until(lambda: len(tap.of(70)) > 2, "the new member advertises")
    assert pair[0].addresses("hv4-70-lan") == ["10.9.0.170"]
    assert node.same_since(since) and node.router("new")["state"] == "active"


def test_renamed_group(node: Havend, tap: Tap, pair: Pair) -> None:
    node.reload(section("group", "gateway"), lan(group="gateway"), STAYS)
    node.until("active", "gateway")
    assert {each["name"] for each in node.status()["groups"]} == {"gateway", "stays"}
    assert ADDRESS in pair[0].addresses("lan")


def test_renamed_virtual_router_keeps_its_device(node: Havend, tap: Tap, pair: Pair) -> None:
    node.reload(lan(virtual_mac=1), STAYS)
    node.reload(lan("renamed", virtual_mac=1), STAYS)
    node.until("active", "renamed")
    assert pair[0].addresses("hv4-51-lan") == [ADDRESS]
    assert node.router("renamed")["address_held"]


def test_changed_firewall_rules(node: Havend, tap: Tap, pair: Pair) -> None:
    def rules() -> str:
        argv = ["ip", "netns", "exec", pair[0].name, "nft", "list", "ruleset"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    node.reload(lan(accept=0), STAYS)
    wait_until(lambda: ADDRESS in rules(), "the rules are there")
    node.reload(lan(), STAYS)
    wait_until(lambda: not rules(), "the rules are gone")
    _goes_on(node, tap, lambda: True, "all the time")


def test_the_plan_that_was_loaded_is_the_one_in_place(node: Havend, tap: Tap) -> None:
    node.write(lan(priority=77), STAYS)
    new = node.run_dir / "plan.json.new"
    new.write_text(Path(node.compile()).read_text())
    assert node.ask("load", path=str(new))["ok"]
    assert not new.exists()
    routers = {each["name"]: each for each in node.status()["virtual_routers"]}
    assert [routers[name]["configured_priority"] for name in ("lan", "stays")] == [77, 255]
    plan = read_document(str(node.run_dir / "plan.json"))
    assert [each["priority"] for each in plan["virtual_routers"]] == [77, 255]


def test_settings_go_back_when_they_are_not_wanted_any_more(node: Havend, tap: Tap, pair: Pair) -> None:
    def arp_ignore() -> str:
        argv = ["ip", "netns", "exec", pair[0].name, "cat", "/proc/sys/net/ipv4/conf/lan/arp_ignore"]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()

    assert arp_ignore() == "0"
    node.reload(lan(virtual_mac=1), STAYS)
    assert arp_ignore() == "1"
    node.reload(lan(), STAYS)
    assert arp_ignore() == "0"
