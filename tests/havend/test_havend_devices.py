# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices come, go, change and are meddled with while havend runs."""

import subprocess
from collections.abc import Callable

from tests.havend.machines import Havend, Machine, cable, wait_until
from tests.havend.plans import lan, section
from tests.havend.wire import Tap

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

ADDRESS = "10.9.0.100"
QUICK = {"advert_interval": 20}


def _held(node: Havend) -> bool:
    return node.state() == "active" and node.router()["address_held"]


def _faults(node: Havend) -> list[str]:
    return node.status()["groups"][0]["faults"]


def test_a_device_that_is_missing_at_start_is_waited_for(havend: Make) -> None:
    one, two = Machine(), Machine()
    try:
        node = havend(one, lan(virtual_mac=1, **QUICK)).prepare().start()
        assert node.state() == "fault" and _faults(node) == ["the link of lan is down"]
        assert node.codes() == {"fault"}
        cable(one, two)
        with Tap(two) as tap:
            wait_until(lambda: _held(node), "it serves")
            wait_until(lambda: tap.of(51), "it is heard")
            assert tap.of(51)[0].mac == "00005e000133"
        assert node.codes() == set()
        assert node.stop() == 0
    finally:
        one.close()
        two.close()


def test_what_a_start_finds_is_no_news_and_what_comes_later_is(pair: Pair, havend: Make) -> None:
    pair[0].ip("link set lan down")
    node = havend(pair[0], lan()).prepare().start().until("fault")
    pair[0].ip("link set lan up")
    node.until("active")
    pair[0].ip("link set lan down")
    node.until("fault")
    told = [each for each in node.ask("events")["result"] if each["kind"] == "fault"]
    assert [each["code"] for each in told] == ["fault-found", "fault"]
    assert [each["text"] for each in told] == [
        "lan: as found: the link of lan is down",
        "lan: the link of lan is down",
    ]
    # A group of another name, on a link that has been down before.
    node.reload(lan("other", vrid=52))
    told = [each for each in node.ask("events")["result"] if each["group"] == "other"]
    assert [each["code"] for each in told] == ["fault-found"]


def test_a_boot_before_its_devices_complains_of_nothing(machine: Machine, havend: Make) -> None:
    copy = section("conntrack", "copy", enabled=1, device="sync", address="10.8.0.1", peer_address="10.8.0.2")
    node = havend(machine, lan(track_interface=("wan",)), copy)
    with open(node.folder / "wrong", "wb") as wrong:
        node.start(stderr=wrong).until("fault")
    assert node.says("the link of lan is down") and node.says("device 'sync' does not exist yet")
    assert (node.folder / "wrong").read_text() == ""


def test_a_wrong_device_put_right_by_a_reload_begins_as_backup(pair: Pair, havend: Make) -> None:
    two = havend(pair[1], lan(priority=255)).prepare().start().until("active")
    node = havend(pair[0], lan(device="lna")).prepare().start().until("fault")
    node.reload(lan())
    node.until("backup")
    assert [each["to"] for each in node.transitions()] == ["backup"]
    assert two.state() == "active"


def test_a_device_that_comes_back_as_another_one_is_used_again(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    before = pair[0].link("lan")
    pair[0].ip("link delete lan")
    node.until("fault")
    assert _faults(node) == ["the link of lan is down"]
    cable(*pair)
    after = pair[0].link("lan")
    assert before["ifindex"] != after["ifindex"] and before["address"] != after["address"]
    with Tap(pair[1]) as tap:
        wait_until(lambda: _held(node), "it serves again")
        wait_until(lambda: tap.of(51), "it is heard")
        assert tap.of(51)[0].mac == after["address"].replace(":", "")
    # It hears on the new device, too.
    other = havend(pair[1], lan(priority=255, **QUICK)).prepare().start()
    node.until("backup")
    assert other.state() == "active"


def test_a_device_that_is_renamed_is_gone_until_it_has_its_name_again(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    pair[0].ip("link set lan down", "link set lan name wan", "link set wan up")
    node.until("fault")
    pair[0].ip("link set wan down", "link set wan name lan", "link set lan up")
    wait_until(lambda: _held(node), "it serves again")
    with Tap(pair[1]) as tap:
        wait_until(lambda: tap.of(51), "it is heard")


def test_a_device_that_takes_the_name_of_one_that_stays_has_the_virtual_mac(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(virtual_mac=1, **QUICK)).prepare().start().until("active")
    pair[0].ip("link set lan down", "link set lan name old")
    node.until("fault")
    pair[0].ip(
        f"link add lan type veth peer name lan2 netns {pair[1].name}",
        "address add 10.9.0.1/24 dev lan",
        "link set lan up",
    )
    pair[1].ip("link set lan2 up")
    wait_until(lambda: _held(node), "it serves")
    assert pair[0].link("hv4-51-lan")["link"] == "lan"
    assert node.codes() == set()


def test_another_mac_address_is_told_to_the_hosts(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    with Tap(pair[1]) as tap:
        pair[0].ip("link set lan address 02:00:00:00:00:99")
        wait_until(lambda: ("020000000099", ADDRESS) in tap.read().announcements, "it is announced")
        wait_until(lambda: any(heard.mac == "020000000099" for heard in tap.of(51)), "it is used")
    assert node.transitions()[-1]["to"] == "active"


def test_an_address_that_somebody_removes_is_put_back_and_announced(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    with Tap(pair[1]) as tap:
        pair[0].ip("address delete %s/32 dev lan" % ADDRESS)
        wait_until(lambda: ADDRESS in pair[0].addresses("lan"), "it is back")
        wait_until(
            lambda: [each for each in tap.read().announcements if each.address == ADDRESS], "announced"
        )
    wait_until(lambda: node.says("lan: addresses were gone from lan; put back"), "it says so")


def test_the_last_own_address_gone_is_a_fault(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    pair[0].ip("address delete 10.9.0.1/24 dev lan")
    node.until("fault")
    assert _faults(node) == ["there is no address on lan to advertise from"]
    assert ADDRESS not in pair[0].addresses("lan")
    pair[0].ip("address add 10.9.0.1/24 dev lan")
    wait_until(lambda: _held(node), "it serves again")


def test_a_macvlan_that_somebody_deletes_is_made_anew(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(virtual_mac=1, **QUICK)).prepare().start().until("active")
    before = pair[0].link("hv4-51-lan")["ifindex"]
    pair[0].ip("link delete hv4-51-lan")
    wait_until(lambda: pair[0].link("hv4-51-lan"), "it is there again")
    wait_until(lambda: pair[0].addresses("hv4-51-lan") == [ADDRESS], "with its address")
    wait_until(lambda: node.router()["address_held"], "status knows it")
    assert pair[0].link("hv4-51-lan")["ifindex"] != before
    assert [each["to"] for each in node.transitions()] == ["backup", "active"]


def test_ipv6_is_heard_again_after_the_kernel_has_dropped_it(pair: Pair, havend: Make) -> None:
    six = {"address": ("fe80::100", "2001:db8::100/64"), **QUICK}
    for machine in pair:
        wait_until(lambda at=machine: _usable_link_local(at), "a link-local address")
    two = havend(pair[1], lan(priority=255, **six)).prepare().start().until("active")
    one = havend(pair[0], lan(priority=1, **six)).prepare().start().until("backup")
    wait_until(lambda: one.router()["counters"]["received"], "it hears")
    # Below 1280 octets there is no IPv6, and the memberships go with it.
    pair[0].ip("link set lan mtu 1000")
    one.until("fault")
    pair[0].ip("link set lan mtu 1500")
    one.until("backup")
    heard = one.router()["counters"]["received"]
    wait_until(lambda: one.router()["counters"]["received"] > heard + 5, "it hears again")
    assert "receive-failed" not in one.codes()
    assert two.state() == "active"


def _usable_link_local(machine: Machine) -> bool:
    argv = ["ip", "-n", machine.name, "-6", "address", "show", "dev", "lan", "-tentative"]
    return "fe80" in subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def test_a_storm_of_changes_is_weathered(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(**QUICK)).prepare().start().until("active")
    since = node.router()["since"]
    many = ["10.8.%d.%d/32" % (high, low) for high in range(8) for low in range(200)]
    with Tap(pair[1]) as tap:
        pair[0].ip(*("address add %s dev lo" % address for address in many))
        pair[0].ip("address flush dev lo", "address delete %s/32 dev lan" % ADDRESS)
        wait_until(lambda: _held(node), "the address is there")
        count = len(tap.of(51))
        wait_until(lambda: len(tap.of(51)) > count + 5, "it advertises")
    assert node.same_since(since)
    assert node.stop() == 0


def test_a_unicast_peer_that_cannot_be_reached_is_a_problem(pair: Pair, havend: Make) -> None:
    for machine in pair:
        wait_until(lambda at=machine: _usable_link_local(at), "a link-local address")
    near = next(address for address in pair[1].addresses("lan") if address.startswith("fe80"))
    router = lan(address=("fe80::100",), unicast_peer=("2001:db8::1", near), **QUICK)
    node = havend(pair[0], router).prepare().start().until("active")
    with Tap(pair[1]) as tap:
        wait_until(lambda: tap.of(51), "the other peer hears it all the same")
    found = [each for each in node.status()["problems"] if each["code"] == "send-failed"]
    assert found[0]["message"] == "The last advertisement could not be sent: Network is unreachable."
    pair[0].ip("route add 2001:db8::/64 dev lan")
    wait_until(lambda: "send-failed" not in node.codes(), "both are reached")


OUTPUT = """
table inet own {
	chain output {
		type filter hook output priority 0
		meta l4proto 112 drop
	}
}
"""


def _drop(machine: Machine, rules: str) -> None:
    subprocess.run(
        ["ip", "netns", "exec", machine.name, "nft", "-f", "-"], input=rules, text=True, check=True
    )


def test_a_rule_for_what_leaves_makes_another_serve_and_is_named(pair: Pair, havend: Make) -> None:
    nodes = [
        havend(pair[0], lan(unicast_peer=("10.9.0.2",), priority=200, **QUICK)).prepare().start(),
        havend(pair[1], lan(unicast_peer=("10.9.0.1",), priority=100, **QUICK)).prepare().start(),
    ]
    nodes[0].until("active"), nodes[1].until("backup")
    _drop(pair[0], OUTPUT)
    nodes[1].until("active"), nodes[0].until("backup")
    wait_until(lambda: nodes[0].codes() == {"link-mute", "priority-lowered"}, "it is named")
    assert nodes[0].router()["priority"] == 1 and nodes[0].router()["counters"]["refused"]


def test_an_active_with_a_fault_that_hears_another_does_not_say_who_it_is(pair: Pair, havend: Make) -> None:
    pair[0].ip("link add uplink type veth peer name modem", "link set uplink up", "link set modem up")
    node = havend(pair[0], lan(track_interface=("uplink",), **QUICK)).prepare().start().until("active")
    other = havend(pair[1], lan(**QUICK)).prepare().start().until("backup")
    pair[0].ip("link set modem down")
    node.until("fault")
    other.until("active")
    before = node.router()["counters"]["received"]
    wait_until(lambda: node.router()["counters"]["received"] > before + 3, "the new Active is heard")
    assert node.router()["active"] == {
        "address": None,
        "priority": None,
        "seen_ms": None,
        "self": False,
        "fresh": False,
    }
