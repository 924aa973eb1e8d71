# SPDX-License-Identifier: GPL-2.0-or-later
"""The part that looks after WireGuard: what it tells `wg`, netifd, havend and the other routers, and when."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent import havend_watch
from haven.agent.loop import Loop, Scope
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.agent.wireguard import tunnel, tunnels
from haven.agent.wireguard.part import WireguardPart
from haven.ubus.caller import UbusFailure
from tests.agent.test_wireguard_words import DUMP, OTHER_PRIVATE, PRIVATE, ROAD, word
from tests.lab.wait import wait_until

LOADED = """
import sys
import haven.agent.main
print([name for name in sorted(sys.modules) if name.startswith(("haven.agent.wireguard.", "hashlib"))])
"""
WG = """#!/bin/sh
echo "$*" >>{folder}/told
case $4$3 in
/proc/self/fd/0*) cat >>{folder}/keys; echo >>{folder}/keys ;;
dump*) cat {folder}/dump ;;
esac
"""
NFT = "#!/bin/sh\ncat >{folder}/rules\n"
UP, DOWN = "0x1003", "0x1002"
ENDED = ["set wg0 private-key /proc/self/fd/0"] * 2


class Line:
    """A line to a paired router that is heard."""

    is_open = True

    def __init__(self, node: str) -> None:
        self.peer = SimpleNamespace(node=node)
        self.said: list[dict] = []

    def say(self, kind: str, **fields: object) -> bool:
        self.said.append({"kind": kind, **fields})
        return True

    def words(self) -> list[dict]:
        return [each for message in self.said for each in message["tunnels"]]


class World:
    """A router with programs that write down what they are told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, interface: str = "") -> None:
        self.folder = folder
        for name, text in (("wg", WG), ("nft", NFT)):
            (folder / name).write_text(text.format(folder=folder))
            (folder / name).chmod(0o755)
        (folder / "dump").write_text(DUMP)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setattr(tunnel, "FLAGS", str(folder / "flags-%s"))
        monkeypatch.setattr(tunnel.caller, "call", self._call)
        self.netifd: dict | UbusFailure = UbusFailure("no such object", is_absent=True)
        self.orders: list[str] = []
        self.failures: list[BaseException] = []
        self.loop = Loop()
        self.scope = Scope(self.loop, str(folder), self.failures.append)
        places = Places(str(folder), str(folder / "haven"), str(folder))
        self.around = Surroundings(self.scope, places, Roles(), lambda: None)
        self.line = Line("r2")
        self.around.carrier.lines = lambda: [self.line]
        self.section = {"name": "vpn", "interface": interface, "device": "wg0", "group": "gateway"}
        routers = [{"group": "gateway", "family": 4, "device": "eth1", "addresses": ["198.51.100.1/24"]}]
        parts = {"wireguard": {"tunnels": [self.section]}}
        self.around.take_plan({"node": "r1", "virtual_routers": routers, "parts": parts})
        self.part = WireguardPart(self.around)

    def _call(self, _scope: object, _path: str, method: str, _arguments: dict, done: Callable) -> None:
        if method != "status":
            self.orders.append(method)
        done(self.netifd if method == "status" else {})

    def link(self, flags: str) -> None:
        (self.folder / "flags-wg0").write_text(flags)

    def role(self, state: str) -> None:
        self.around.roles.states["gateway"] = state
        self.part.take_roles()

    def told(self, what: str = "set") -> list[str]:
        path = self.folder / "told"
        return (
            [line for line in path.read_text().splitlines() if line.startswith(what)] if path.exists() else []
        )

    def until(self, condition: Callable[[], object], what: str) -> None:
        def turned() -> object:
            waking = self.loop.at(time.monotonic() + 0.02, lambda: None)
            self.loop.turn()
            waking.cancel()
            assert self.failures == []
            return condition()

        wait_until(turned, 20, what, interval=0)

    def hear(self, **more: object) -> None:
        peers = word((ROAD, "192.0.2.77:7", 3))
        clock = int(time.time() * 1000)
        told = {"name": "vpn", "is_up": True, "key": "", "clock_ms": clock, "peers": peers, **more}
        self.around.carrier.take(self.line, {"kind": "wireguard", "tunnels": [told]})

    def codes(self) -> list[str]:
        return [each["code"] for each in self.part.problems()]

    @property
    def state(self) -> str:
        return self.part.account()["wireguard"]["tunnels"][0]["state"]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.fixture
def of_netifd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch, "wg0")


def test_what_is_not_used_is_not_loaded():
    told = subprocess.check_output([sys.executable, "-c", LOADED], text=True)
    assert told.strip() == "['haven.agent.wireguard.part']"


def test_without_a_tunnel_there_is_nothing_to_say(world: World):
    world.around.take_plan({})
    world.part.take_plan()
    world.part.take_roles()
    done: list[bool] = []
    world.part.end(lambda: done.append(True))
    assert done == [True] and world.part.account() == {} and world.codes() == []
    world.part.close()


def test_a_standby_puts_the_peers_into_its_device_before_it_is_asked_to_be_active(world: World):
    world.link(DOWN)
    world.part.take_plan()
    world.role("backup")
    world.hear()
    world.until(world.told, "wg is told")
    world.until(lambda: "endpoint" in world.told()[-1], "where the peer is")
    # The device of a test is not the kernel's: its sessions are ended first.
    assert world.told() == [*ENDED, f"set wg0 peer {ROAD} endpoint 192.0.2.77:7"]
    assert (world.folder / "keys").read_text().split() == [PRIVATE]
    assert world.state == "down" and world.codes() == []


def test_a_new_active_calls_whom_the_other_router_has_heard(world: World):
    world.link(DOWN)
    world.part.take_plan()
    world.role("backup")
    world.hear()
    world.role("active")
    assert world.state == "comes"
    world.link(UP)
    world.until(lambda: "keepalive 1" in " ".join(world.told()), "the peer is called")
    assert world.told()[-1].startswith(f"set wg0 peer {ROAD} endpoint 192.0.2.77:7 persistent-keepalive 1")
    assert "ip saddr set 198.51.100.1" in (world.folder / "rules").read_text()
    world.until(lambda: any(each["peers"] for each in world.line.words()), "the others are told")


def test_an_active_is_told_nothing_by_who_believes_that_it_is_another(world: World):
    world.link(UP)
    world.part.take_plan()
    world.role("active")
    world.until(lambda: any(each["peers"] for each in world.line.words()), "the others are told")
    world.hear()
    assert world.line.words()[-1]["peers"] == [] or "192.0.2.77:7" not in str(world.line.words())
    assert not [each for each in world.told() if "192.0.2.77" in each]


def test_rubbish_and_strangers_change_nothing(world: World):
    world.link(DOWN)
    world.part.take_plan()
    world.role("backup")
    world.hear(peers=[{"key": "-x"}])
    world.hear(name="other")
    world.around.carrier.take(world.line, {"kind": "wireguard", "tunnels": 5})
    world.hear(peers=word((OTHER_PRIVATE, "192.0.2.77:7", 3)))
    world.until(lambda: any(each["key"] for each in world.line.words()), "the device is looked at")
    # A key that the device does not know would become a peer.
    assert world.told() in ([], ENDED[:1], ENDED)


def test_netifd_is_asked_to_set_it_up_and_down(of_netifd: World):
    of_netifd.part.take_plan()
    of_netifd.role("backup")
    assert of_netifd.codes() == ["wireguard-missing"] and of_netifd.orders == []
    of_netifd.netifd = {"up": False, "autostart": False}
    of_netifd.role("active")
    assert of_netifd.orders == ["up"] and of_netifd.state == "comes"
    of_netifd.netifd = {"up": True, "autostart": True}
    of_netifd.link(UP)
    of_netifd.until(lambda: of_netifd.state == "up", "it is up")
    of_netifd.role("backup")
    assert of_netifd.orders == ["up", "down"] and of_netifd.state == "goes"


def test_one_that_comes_up_by_itself_on_a_standby_is_set_down(of_netifd: World):
    of_netifd.netifd = {"up": True, "autostart": True}
    of_netifd.link(UP)
    of_netifd.part.take_plan()
    assert of_netifd.orders == []
    of_netifd.role("backup")
    assert of_netifd.orders == ["down"]


def test_a_netifd_that_does_not_answer_is_named(of_netifd: World):
    of_netifd.netifd = UbusFailure("no ubusd")
    of_netifd.part.take_plan()
    of_netifd.role("active")
    assert of_netifd.codes() == ["wireguard-netifd"] and of_netifd.orders == []


def test_what_two_routers_have_differently_is_named(world: World):
    world.link(DOWN)
    world.part.take_plan()
    world.role("backup")
    world.until(lambda: world.told("show"), "the device is looked at")
    world.until(lambda: any(each["key"] for each in world.line.words()), "its key is known")
    world.hear(key="0123456789abcdef")
    assert world.codes() == ["wireguard-differs"]
    world.hear(clock_ms=int((time.time() + 5) * 1000))
    assert world.codes() == ["wireguard-clock"]
    world.hear()
    assert world.codes() == []
    world.around.carrier.lines = list
    assert world.codes() == ["wireguard-unpaired"]


def test_a_wg_that_fails_is_named_and_asked_again(world: World):
    (world.folder / "wg").write_text("#!/bin/sh\necho 'no such device' >&2\nexit 1\n")
    world.link(UP)
    world.part.take_plan()
    world.role("active")
    world.until(lambda: world.codes() == ["wireguard-tool"], "it is named")
    assert "no such device" in world.part.problems()[0]["message"]
    (world.folder / "wg").write_text(WG.format(folder=world.folder))
    world.until(lambda: world.codes() == [], "it is well again")


def test_the_loans_of_all_parts_go_together(world: World, monkeypatch: pytest.MonkeyPatch):
    asked: list[bytes] = []
    monkeypatch.setattr(Scope, "ask_havend", lambda _self, line, _done, _limit: asked.append(line))
    lent = tunnels.Tunnels(world.around)
    world.around.lender.lend("wan", [])
    lent.take_plan([world.section])
    loan = {"name": "x", "group": "gateway", "role": "active", "is_kept": False}
    world.around.lender.lend("wan", [{**loan, "takeover": [], "release": [], "announce": []}])
    world.until(lambda: asked, "havend is told")
    (told,) = [line for line in asked if b'"lend"' in line]
    assert b'"x"' in told and b"wireguard vpn at rest" in told


def test_without_havend_the_tunnel_of_an_active_goes_down(
    world: World, of_netifd: World, monkeypatch: pytest.MonkeyPatch
):
    (world.folder / "ip").write_text(f'#!/bin/sh\necho "ip $*" >>{world.folder}/told\n')
    (world.folder / "ip").chmod(0o755)
    of_netifd.netifd = {"up": True, "autostart": True}
    for each in (world, of_netifd):
        monkeypatch.setattr(havend_watch, "HAVEND_EVERY_S", 0.05)
        monkeypatch.setattr(havend_watch, "HAVEND_AWAY_S", 0.2)
        each.link(UP)
        each.part.take_plan()
        each.role("active")
        each.until(lambda each=each: each.state == "goes", "nobody answers")
    world.until(lambda: world.told("ip"), "the link is told")
    assert world.told("ip")[0] == "ip link set dev wg0 down" and of_netifd.orders[-1] == "down"


def test_a_wg_that_fails_is_not_asked_all_the_time(world: World):
    (world.folder / "wg").write_text(f"#!/bin/sh\necho $* >>{world.folder}/told\nexit 1\n")
    world.link(UP)
    world.part.take_plan()
    world.role("active")
    world.until(lambda: world.told("show"), "it is asked")
    until = time.monotonic() + 1.5
    world.until(lambda: time.monotonic() > until, "a while")
    assert 1 <= len(world.told("show")) <= 4


def test_a_standby_of_netifds_speaks_from_the_virtual_address_from_the_first_word_on(of_netifd: World):
    folder = of_netifd.folder / "etc/config"
    folder.mkdir(parents=True)
    written = f"config interface 'wg0'\n\toption listen_port '4500'\n\toption private_key '{PRIVATE}'\n"
    (folder / "network").write_text(written)
    of_netifd.part.take_plan()
    of_netifd.role("backup")
    rules = of_netifd.folder / "rules"
    of_netifd.until(
        lambda: rules.exists() and "udp sport 4500" in rules.read_text(),
        "the rules are there before the device is",
    )
    of_netifd.hear(key="0123456789abcdef")
    assert "wireguard-differs" in of_netifd.codes()
