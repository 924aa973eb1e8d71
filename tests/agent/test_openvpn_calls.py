# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom the new Active calls back, with a stand-in for OpenVPN's management socket; the lab has a real one."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent.loop import Loop, Scope
from haven.agent.openvpn import called_server
from haven.agent.openvpn.part import OpenvpnPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.status import check_account
from tests.lab.wait import wait_until

LOADED = """
import sys
import haven.agent.main
print([name for name in sorted(sys.modules) if "openvpn" in name])
"""
GREETING = b"\x40hello"
REFUSED = (
    ">LOG:1795363443,N,me/%s TLS Error: Cannot accept new session request from [AF_INET]%s "
    "(via [AF_INET]192.0.2.254%%lan) due to session context expire or --single-session"
)
FIRST, OTHER, THIRD = "192.0.2.1:4711", "192.0.2.2:4712", "192.0.2.3:4713"


class Openvpn:
    """Listens at a management socket; `clients` are (number, real address, address inside)."""

    def __init__(self, path: Path) -> None:
        self.clients: list[tuple[int, str, str]] = []
        self.told: list[str] = []
        self.version = 5
        self._listener = socket.create_server(str(path), family=socket.AF_UNIX)
        self._listener.setblocking(False)
        self._talk: socket.socket | None = None

    def turn(self) -> None:
        """Answer what was asked meanwhile."""
        try:
            if self._talk is None:
                self._talk, _address = self._listener.accept()
                self._talk.setblocking(False)
                self.say(f">INFO:OpenVPN Management Interface Version {self.version} -- type 'help'")
            asked = self._talk.recv(65536).decode().splitlines()
        except BlockingIOError:
            return
        self.told += asked
        for line in asked:
            self.say(self._listing() if line == "status 3" else "SUCCESS: done")

    def _listing(self) -> str:
        rows = [
            f"CLIENT_LIST\tme, myself\t{real}\t{inside}\t\t1\t1\tx\t1\tme\t{number}\t0\tAES"
            for number, real, inside in self.clients
        ]
        return "\r\n".join(["TITLE\tOpenVPN", "HEADER\tCLIENT_LIST", *rows, "END"])

    def say(self, text: str) -> None:
        assert self._talk is not None
        self._talk.sendall(text.encode() + b"\r\n")

    def hang_up(self) -> None:
        assert self._talk is not None
        self._talk.close()
        self._talk = None


class Desk:
    """The part beside a stand-in, a line to another router, and what was sent to clients."""

    def __init__(self, tmp_path: Path, protocol: str) -> None:
        self.failures: list[BaseException] = []
        self.loop = Loop()
        self.openvpn = Openvpn(tmp_path / "road.sock")
        self.sent: list[tuple[object, ...]] = []
        self.said: list[dict] = []
        places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
        scope = Scope(self.loop, str(tmp_path), self.failures.append)
        self.around = Surroundings(scope, places, Roles(), lambda: None)
        self.line = SimpleNamespace(is_open=True, peer=SimpleNamespace(node="r2"), say=self._hear)
        self.around.carrier.lines = lambda: [self.line]
        self.part = OpenvpnPart(self.around)
        server = {"name": "road", "group": "gateway", "protocol": protocol, "port": 1194, "section": ""}
        server |= {"addresses": ["192.0.2.254"], "management": str(tmp_path / "road.sock"), "file": "/x"}
        self.around.take_plan({"node": "r1", "parts": {"openvpn": {"servers": [server]}}})
        self.part.take_plan()

    def _hear(self, _kind: str, servers: list[dict]) -> bool:
        self.said += servers
        return True

    def role(self, state: str) -> None:
        self.around.roles.states["gateway"] = state
        self.part.take_roles()

    def hear(self, *clients: str) -> None:
        message = {"kind": "openvpn", "servers": [{"name": "road", "clients": list(clients)}]}
        self.around.carrier.take(self.line, message)

    def until(self, condition: Callable[[], object], what: str) -> None:
        def turned() -> object:
            self.loop.turn()
            self.openvpn.turn()
            return condition()

        wait_until(turned, 20, what)
        assert self.failures == []

    def shown(self) -> dict:
        (server,) = check_account(self.part.account())["openvpn"]["servers"]
        return server


class Sender:
    """What is sent to clients, in place of a raw socket."""

    sent: list[tuple[object, ...]] = []

    def datagram(self, *words: object) -> None:
        self.sent.append(words)

    def doubt(self, *words: object) -> None:
        self.sent.append(("doubt", *words))

    def close(self) -> None:
        return


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Desk]:
    def make_greeting(_scope: object, _file: str, _section: str, done: Callable[[bytes], None]) -> None:
        done(GREETING)

    Sender.sent = []
    monkeypatch.setattr(called_server, "ClientSender", Sender)
    monkeypatch.setattr(called_server, "make_greeting", make_greeting)
    return lambda protocol: Desk(tmp_path, protocol)


def test_what_is_not_used_is_not_loaded() -> None:
    told = subprocess.check_output([sys.executable, "-c", LOADED], text=True)
    assert told.strip() == "['haven.agent.openvpn', 'haven.agent.openvpn.part', 'haven.contract.openvpn']"


def test_an_active_tells_who_is_connected_and_who_comes(desk: Callable[[str], Desk]) -> None:
    made = desk("udp")
    made.openvpn.clients = [(0, FIRST, "10.8.0.2"), (1, OTHER, "")]
    made.role("active")
    made.until(lambda: made.said[-1:] == [{"name": "road", "clients": [FIRST]}], "who is ready is told")
    made.openvpn.clients[1] = (1, OTHER, "10.8.0.3")
    made.openvpn.clients.append((2, "2001:db8::1", "10.8.0.4"))
    made.openvpn.say(">BYTECOUNT_CLI:2,10,10")
    made.until(lambda: made.said[-1]["clients"] == [FIRST, OTHER], "who is new is told")
    asked = made.openvpn.told.count("status 3")
    made.openvpn.say(">BYTECOUNT_CLI:2,20,20")
    made.openvpn.say(">BYTECOUNT_CLI:0,20,20")
    made.loop.turn()
    made.openvpn.turn()
    assert made.openvpn.told.count("status 3") == asked, "who is known is asked about"
    assert Sender.sent == [] and not any("client-kill" in each for each in made.openvpn.told)
    assert made.shown()["heard"] and made.shown()["clients"] == 2 and made.part.problems() == []


def test_after_a_takeover_clients_by_udp_are_greeted_and_begin_anew(
    desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(called_server, "GREET_AGAIN_S", 1.0)
    made = desk("udp")
    made.role("backup")
    made.hear(FIRST, OTHER, THIRD)
    # It has begun anew by itself.
    made.openvpn.clients = [(4, THIRD, "10.8.0.9")]
    assert made.shown()["clients"] == 3 and made.openvpn.told == []
    made.role("active")
    made.until(lambda: len(Sender.sent) >= 2, "both are greeted")
    assert Sender.sent[:2] == [
        ("192.0.2.254", 1194, ("192.0.2.1", 4711), GREETING),
        ("192.0.2.254", 1194, ("192.0.2.2", 4712), GREETING),
    ]
    # One has a session beside its old one, the other is about to.
    made.openvpn.clients += [(5, FIRST, "10.8.0.2"), (6, OTHER, "")]
    wanted = 'client-kill 5 "RESTART,[P]"'
    made.until(lambda: wanted in made.openvpn.told, "the one begins anew")
    made.until(lambda: made.openvpn.told.count("status 3") > 15, "the other one is waited for")
    assert [each for each in made.openvpn.told if "kill" in each] == [wanted]
    assert len(Sender.sent) == 2, "somebody is greeted in the middle of a handshake"
    assert made.shown()["called"] == 3


@pytest.mark.parametrize(("version", "kill"), [(5, f"kill {FIRST}"), (6, f"kill udp:{FIRST}")])
def test_one_that_begins_anew_from_the_same_port_is_let_in(
    desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch, version: int, kill: str
) -> None:
    monkeypatch.setattr(called_server, "GREET_AGAIN_S", 60.0)
    made = desk("udp")
    made.openvpn.version = version
    made.role("backup")
    made.hear(FIRST, OTHER)
    made.role("active")
    made.until(lambda: len(Sender.sent) == 2, "both are greeted")
    made.openvpn.clients = [(5, FIRST, "10.8.0.2")]
    made.until(lambda: 'client-kill 5 "RESTART,[P]"' in made.openvpn.told, "the one begins anew")
    # The session that it has left would keep it out for five seconds; that of the other is somebody's.
    for place in (FIRST, OTHER, FIRST):
        made.openvpn.say(REFUSED % (place, place))
    made.until(lambda: len(Sender.sent) == 3, "it is greeted again, so that it says at once what it said")
    assert Sender.sent[2] == ("192.0.2.254", 1194, ("192.0.2.1", 4711), GREETING)
    assert [each for each in made.openvpn.told if each.startswith("kill")] == [kill]
    assert "log on" in made.openvpn.told and "log off" not in made.openvpn.told
    # What it does after ten seconds.
    made.part._callbacks._servers["road"]._give_up()
    made.until(lambda: "log off" in made.openvpn.told, "what OpenVPN logs is heard no more")


def test_a_server_that_begins_too_late_for_a_call_is_not_made_to_tell_its_log(
    desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told every line for good: what ends that after ten seconds had been before."""
    monkeypatch.setattr(called_server, "ASK_S", 0.0)
    monkeypatch.setattr(called_server, "LOOK_S", 0.1)
    made = desk("udp")
    made.role("backup")
    made.hear(FIRST)
    made.role("active")
    made.part._callbacks._servers["road"]._give_up()
    made.until(lambda: made.shown()["heard"], "it is heard")
    made.until(
        lambda: made.part._callbacks._servers["road"]._greeted_at is not None, "nobody is left to call"
    )
    made.until(lambda: made.openvpn.told.count("status 3") > 20, "it is asked on")
    assert "log on" not in made.openvpn.told and Sender.sent == []


def test_clients_by_tcp_are_made_to_ask_at_once(desk: Callable[[str], Desk]) -> None:
    made = desk("tcp")
    made.role("backup")
    made.hear(FIRST)
    made.role("active")
    made.until(lambda: len(Sender.sent) == 3, "it is asked three times")
    assert set(Sender.sent) == {("doubt", "192.0.2.254", 1194, ("192.0.2.1", 4711))}
    made.openvpn.clients = [(0, FIRST, "10.8.0.2")]
    made.openvpn.say(">BYTECOUNT_CLI:0,10,10")
    made.until(lambda: made.shown()["clients"] == 1, "it is back")
    assert not any("client-kill" in each for each in made.openvpn.told)


def test_a_server_that_ends_is_looked_for_again(desk: Callable[[str], Desk]) -> None:
    made = desk("udp")
    made.role("active")
    made.until(lambda: made.shown()["heard"], "it is heard")
    made.openvpn.hang_up()
    made.until(lambda: not made.shown()["heard"], "that it ended is seen")
    made.until(lambda: made.shown()["heard"], "it is heard again")


def test_one_that_nobody_hears_is_a_problem(
    desk: Callable[[str], Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = desk("udp")
    made.around.plan["openvpn"]["servers"][0] |= {"management": "/nowhere"}
    made.part.take_plan()
    monkeypatch.setattr(called_server, "PATIENCE_S", 0.0)
    made.role("active")
    (problem,) = made.part.problems()
    assert problem["code"] == "openvpn-unheard" and problem["facts"] == {"server": "road", "path": "/nowhere"}
    made.role("backup")
    assert made.part.problems() == []


@pytest.mark.parametrize(
    "servers",
    [
        [{"name": "road"}],
        [{"name": "road", "clients": ["x"]}],
        [{"name": "road", "clients": ["192.0.2.1/24:4711", "192.0.2.2:1"]}],
        [7],
    ],
)
def test_what_is_no_list_of_clients_changes_nothing(desk: Callable[[str], Desk], servers: list) -> None:
    made = desk("udp")
    made.role("backup")
    made.hear(FIRST)
    made.around.carrier.take(made.line, {"kind": "openvpn", "servers": servers})
    assert made.shown()["clients"] == 1 and made.failures == []
