# SPDX-License-Identifier: GPL-2.0-or-later
"""havend is killed, or hangs, and comes back."""

import resource
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.havend.machines import Havend, Machine, cable, wait_until
from tests.havend.plans import document, lan, section

Make = Callable[..., Havend]
Pair = tuple[Machine, Machine]

ADDRESS = "10.9.0.100"
# Time enough for a restart on a busy machine.
SLOW = {"advert_interval": 3000, "announce_refresh": 0}


@contextmanager
def never_without(machine: Machine, device: str = "lan") -> Iterator[None]:
    """Watch what the kernel tells of the address while something happens: it must not be removed."""

    def listen() -> socket.socket:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        sock.bind((0, 0x10))
        return sock

    sock = machine.inside(listen)
    assert isinstance(sock, socket.socket)
    sock.setblocking(False)
    yield
    removed = []
    while True:
        try:
            octets = sock.recv(65536)
        except BlockingIOError:
            break
        kind = struct.unpack_from("@IH", octets)[1]
        if kind == 21 and socket.inet_aton(ADDRESS) in octets:
            removed.append(octets)
    sock.close()
    assert not removed


def _wait_alive_older(node: Havend, microseconds: int) -> None:
    stamp = int((node.run_dir / "alive").read_text().split()[0])
    wait_until(lambda: time.monotonic_ns() // 1000 > stamp + microseconds, "the last advert is long ago", 15)


def test_back_in_time_it_goes_on_and_nobody_notices(pair: Pair, havend: Make) -> None:
    one = havend(pair[0], lan(priority=255, **SLOW)).prepare().start().until("active")
    two = havend(pair[1], lan(priority=100, **SLOW)).prepare().start().until("backup")
    since = two.router()["since"]
    one.kill()
    with never_without(pair[0]):
        one.start()
        assert one.router()["last_transition"]["reason"] == "adopted"
        assert one.router()["address_held"]
    assert one.state() == "active" and two.same_since(since)
    assert one.stop() == 0


def test_back_too_late_it_steals_nothing(pair: Pair, havend: Make) -> None:
    # Preempting would be wished for at any other time; here the addresses are not ours any more.
    one = havend(pair[0], lan(priority=200, advert_interval=100)).prepare().start().until("active")
    two = havend(pair[1], lan(priority=100, advert_interval=100)).prepare().start().until("backup")
    one.kill()
    two.until("active")
    assert ADDRESS in pair[0].addresses("lan")
    one.start()
    assert one.state() == "backup" and ADDRESS not in pair[0].addresses("lan")
    since = two.router()["since"]
    heard = one.router()["counters"]["received"]
    wait_until(lambda: one.router()["counters"]["received"] > heard + 10, "ten advertisements")
    assert one.state() == "backup" and two.same_since(since)
    assert [each["reason"] for each in one.transitions()] == ["startup"]


def test_a_late_start_removes_what_a_killed_process_left(pair: Pair, havend: Make) -> None:
    route = "10.7.0.0/16 via 10.9.0.2"
    old = lan(address=(ADDRESS + "/24", "10.9.0.101/24"), route=(route,), virtual_mac=1, advert_interval=100)
    node = havend(pair[0], old).prepare().start().until("active")
    device = "hv4-51-lan"
    node.kill()
    assert set(pair[0].addresses(device)) == {ADDRESS, "10.9.0.101"}
    _wait_alive_older(node, 300000)
    # With another configuration, which knows nothing of the old.
    node.write(lan("other", vrid=52, address=("10.9.0.102/24",), advert_interval=3000))
    node.start()
    assert node.state("other") == "backup"
    assert pair[0].link(device) is None
    assert pair[0].addresses("lan").count(ADDRESS) == 0


def test_disabled_after_a_kill_it_still_tidies_up(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(virtual_mac=1, advert_interval=10)).prepare().start().until("active")
    node.kill()
    node.write(lan(), main=section("haven", "main", enabled=0))
    assert node.begin().wait(60) == 0
    assert pair[0].link("hv4-51-lan") is None


SETTINGS = lan(virtual_mac=1, advert_interval=10)


def _setting(place: Machine, name: str, value: str = "") -> str:
    code = f"echo {value} >/proc/sys/{name}; " if value else ""
    argv = ["ip", "netns", "exec", place.name, "sh", "-c", code + f"cat /proc/sys/{name}"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


IGNORE = "net/ipv4/conf/lan/arp_ignore"


def _left_behind(pair: Pair, havend: Make) -> Havend:
    """Kill an Active that has changed a setting of the user's."""
    _setting(pair[0], IGNORE, "2")
    route = "10.7.0.0/16 via 10.9.0.2"
    node = havend(pair[0], lan(virtual_mac=1, advert_interval=10, route=(route,))).prepare().start()
    node.until("active")
    assert _setting(pair[0], IGNORE) == "1"
    node.kill()
    assert _setting(pair[0], IGNORE) == "1"
    return node


def test_what_a_setting_was_outlives_a_killed_process(pair: Pair, havend: Make) -> None:
    node = _left_behind(pair, havend)
    for _ in range(2):
        node.start().until("active")
        node.kill()
    node.start().until("active")
    assert node.stop() == 0
    assert _setting(pair[0], IGNORE) == "2"
    assert sorted(path.name for path in node.run_dir.iterdir()) == ["lock", "plan.json"]


def test_a_setting_goes_back_when_the_configuration_after_a_kill_does_not_want_it(
    pair: Pair, havend: Make
) -> None:
    node = _left_behind(pair, havend)
    node.write(lan(advert_interval=10))
    node.start()
    assert _setting(pair[0], IGNORE) == "2"
    assert node.stop() == 0


def _is_clean(node: Havend, place: Machine) -> bool:
    rules = subprocess.run(["ip", "netns", "exec", place.name, "nft", "list", "ruleset"], capture_output=True)
    return (
        place.link("hv4-51-lan") is None
        and _setting(place, IGNORE) == "2"
        and rules.stdout == b""
        and sorted(path.name for path in node.run_dir.iterdir()) == ["lock", "plan.json"]
    )


def _guard_is_left(node: Havend, place: Machine) -> None:
    """Leave what an agent that was killed leaves."""
    (node.run_dir / "tcp_loose").write_text("1")
    text = "table inet haven_guard { chain output { type filter hook output priority 0; }; }"
    argv = ["ip", "netns", "exec", place.name, "nft", "-f", "-"]
    subprocess.run(argv, input=text.encode(), check=True)


def test_disabled_after_a_kill_nothing_is_left(pair: Pair, havend: Make) -> None:
    node = _left_behind(pair, havend)
    _guard_is_left(node, pair[0])
    node.write(lan(), main=section("haven", "main", enabled=0))
    assert node.begin().wait(60) == 0
    assert _is_clean(node, pair[0])


def test_what_a_killed_process_left_is_cleared_on_request_and_nothing_else_is(
    pair: Pair, havend: Make
) -> None:
    node = _left_behind(pair, havend)
    _guard_is_left(node, pair[0])
    assert node.begin("--clear").wait(60) == 0
    assert _is_clean(node, pair[0])
    assert node.begin("--clear").wait(60) == 0
    node.start().until("active")
    other = havend(pair[0], lan())
    other.run_dir = node.run_dir
    assert other.begin("--clear").wait(60) == 1
    assert node.state() == "active" and pair[0].link("hv4-51-lan")
    assert node.stop() == 0


def test_without_rights_nothing_is_cleared_and_that_is_said(pair: Pair, havend: Make) -> None:
    node = _left_behind(pair, havend)
    usual = node.program
    node.program = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *usual]
    assert node.begin("--clear").wait(60) == 1
    assert node.says("havend: not cleared: Operation not permitted") and not node.says("Traceback")
    # What there is to remove is not forgotten.
    node.program = usual
    assert node.begin("--clear").wait(60) == 0
    assert _is_clean(node, pair[0])


@pytest.mark.parametrize(
    "note",
    [
        b"{",
        b"[]",
        b'{"../../../etc/motd": "x", "net/ipv4/conf/lan/arp_ignore": 3}',
        b"null",
        b"\xff",
        b'{"net/\\u0000": "1"}',
        b'{"net/ipv4/ip_forward": "\\ud800"}',
        100000 * b"[",
    ],
    ids=lambda note: repr(note[:20]),
)
def test_a_note_that_is_damaged_changes_nothing(pair: Pair, havend: Make, note: bytes) -> None:
    node = havend(pair[0], SETTINGS).prepare()
    for name in ("settings.json", "alive", "tcp_loose"):
        (node.run_dir / name).write_bytes(note)
    node.start().until("active")
    assert node.stop() == 0 and _setting(pair[0], IGNORE) == "0"
    (node.run_dir / "alive").write_bytes(note)
    assert node.begin("--clear").wait(60) == 0 and not node.says("Traceback")


def test_only_the_groups_that_were_active_are_taken_up_again(havend: Make) -> None:
    one, two = Machine(), Machine()
    try:
        cable(one, two)
        cable(one, two, "wan", "10.8.0")
        wan = {"device": "wan", "vrid": 52, "address": ("10.8.0.100/24",)}
        second = havend(two, lan("wan", **wan, priority=255, **SLOW)).prepare().start().until("active", "wan")
        first = havend(one, lan(priority=255, **SLOW), lan("wan", **wan, **SLOW)).prepare().start()
        first.until("active").until("backup", "wan")
        wait_until(lambda: first.router("wan")["active"]["address"], "the Active on the WAN is known")
        first.kill()
        first.start()
        assert (first.state(), first.state("wan")) == ("active", "backup")
        assert second.state("wan") == "active"
        second.close()
        first.close()
    finally:
        one.close()
        two.close()


def test_one_that_hung_too_long_yields_to_whoever_serves_now(pair: Pair, havend: Make) -> None:
    # The one that hung ranks higher: it would win every argument, but it has been replaced.
    one = havend(pair[0], lan(priority=200, advert_interval=100)).prepare().start().until("active")
    two = havend(pair[1], lan(priority=100, advert_interval=100)).prepare().start().until("backup")
    one.signal(signal.SIGSTOP)
    two.until("active")
    _wait_alive_older(one, 1000000)
    one.signal(signal.SIGCONT)
    one.until("backup")
    assert one.transitions()[-1]["reason"] == "stalled"
    assert two.state() == "active" and ADDRESS not in pair[0].addresses("lan")
    heard = one.router()["counters"]["received"]
    wait_until(lambda: one.router()["counters"]["received"] > heard + 10, "ten advertisements")
    assert (one.state(), two.state()) == ("backup", "active")


def test_a_short_hang_is_nobodys_business(pair: Pair, havend: Make) -> None:
    one = havend(pair[0], lan(priority=255, **SLOW)).prepare().start().until("active")
    two = havend(pair[1], lan(**SLOW)).prepare().start()
    since = one.router()["since"]
    one.signal(signal.SIGSTOP)
    wait_until(lambda: _is_stopped(one), "it has stopped")
    one.signal(signal.SIGCONT)
    assert one.state() == "active" and one.same_since(since) and two.state() == "backup"


def _is_stopped(node: Havend) -> bool:
    with open("/proc/%d/stat" % node.process.pid) as file:
        return file.read().rsplit(")")[1].split()[0] == "T"


def test_the_addresses_leave_a_machine_where_nobody_renews_them(
    pair: Pair, havend: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haven.plan.virtual_routers.ADDRESS_LIFETIME_US", 2000000)
    node = havend(pair[0], lan(advert_interval=10))
    node.give_plan(document(lan(advert_interval=10)))
    node.start().until("active")
    node.signal(signal.SIGSTOP)
    wait_until(lambda: ADDRESS not in pair[0].addresses("lan"), "the lifetime has ended", 15)
    node.signal(signal.SIGCONT)
    # Nobody else is there, so that it serves again.
    wait_until(lambda: ADDRESS in pair[0].addresses("lan"), "the address is back")
    wait_until(lambda: node.says("lan: addresses were gone from lan; put back"), "it says so")


def test_maintenance_that_is_on_already_is_no_second_event(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(advert_interval=10)).prepare().start().until("active")
    for on in (False, True, True, False, False):
        assert node.ask("maintenance", on=on)["ok"]
    codes = [event["code"] for event in node.ask("events")["result"]]
    assert [code for code in codes if code.startswith("maintenance")] == ["maintenance-on", "maintenance-off"]


def test_maintenance_outlives_a_restart(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(advert_interval=10)).prepare().start().until("active")
    assert node.ask("maintenance", on=True)["result"] == {
        "on": True,
        "handed_over": [],
        "still_active": ["lan"],
    }
    assert node.router()["priority"] == 1
    node.kill()
    node.start()
    assert node.status()["groups"][0]["maintenance"]
    node.until("active")
    ended = {"on": False, "handed_over": [], "still_active": []}
    assert node.ask("maintenance", on=False)["result"] == ended
    assert node.stop() == 0
    assert not (node.run_dir / "maintenance").exists()


def test_a_router_that_joins_others_waits_for_their_word(pair: Pair, havend: Make) -> None:
    node = havend(pair[0], lan(priority=100, advert_interval=100)).prepare()
    (node.run_dir / "newcomer").touch()
    node.start().until("backup")
    time.sleep(1.5)
    # Without the note it is Active after 0.4 s.
    assert node.status()["state"] == "backup"


def test_maintenance_that_a_full_disk_has_no_room_for_is_not_on_after_a_restart_only(
    pair: Pair, havend: Make
) -> None:
    """Either it is noted and on, or it is refused and leaves no note."""
    node = havend(pair[0], lan(advert_interval=10)).prepare().start().until("active")
    limits = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    is_on = node.ask("maintenance", on=True)["ok"]
    assert (node.run_dir / "maintenance").exists() == is_on
    assert node.status()["groups"][0]["maintenance"] == is_on
