# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven setup` through a session that stands on the very address that moves: it lives, both ways."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.setup.trial_folder import BEFORE, PENDING, TrialFolder
from tests.lab.factory_router import KINDS, FactoryRouter, short_folder
from tests.lab.namespace import Namespace, lab_number
from tests.lab.wait import wait_until
from tests.setup.factory import HAVEN, NETWORK

# One port is enough, and the WAN has no server.
LAN_OF_ONE = NETWORK.replace("\tlist ports 'lan2'\n\tlist ports 'lan3'\n\tlist ports 'lan4'\n", "")
STAYS = "confirmed: the new configuration stays\n"
# As ssh does: a session is asked for by the router's address, and echoes what is typed.
SERVER = """
import socket
listener = socket.create_server(("192.168.1.1", 22))
session, _ = listener.accept()
while octets := session.recv(64):
    session.sendall(octets)
"""
# Types a letter every 20 ms and notes the longest time until one came back.
CLIENT = """
import socket, sys, time
session = socket.create_connection(("192.168.1.1", 22), 20)
session.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
session.settimeout(60)
longest, path = 0.0, sys.argv[1]
while True:
    typed = time.monotonic()
    session.sendall(b"x")
    assert session.recv(1) == b"x"
    longest = max(longest, time.monotonic() - typed)
    open(path, "w").write("%f %f" % (longest, time.monotonic()))
    time.sleep(0.02)
"""


class Session:
    """A session from a computer on the LAN to the address that the router has from the factory."""

    def __init__(self, router: FactoryRouter, computer: Namespace, path: Path) -> None:
        self._path = path
        router.namespace.spawn([sys.executable, "-c", SERVER])
        listens = ("ss", "-Hltn", "src", "192.168.1.1:22")
        wait_until(lambda: router.namespace.run(*listens), 10, "the router listens")
        self._client = computer.spawn([sys.executable, "-c", CLIENT, str(path)])
        wait_until(lambda: path.exists() and path.read_text(), 20, "the session stands")

    def goes_on(self) -> float:
        """Make sure that what is typed now is echoed; return the longest time that it took so far."""
        before = self._path.read_text()
        wait_until(lambda: self._path.read_text() not in ("", before), 60, "the session goes on")
        assert self._client.poll() is None
        return float(self._path.read_text().split()[0])


@pytest.fixture
def computer(lab: None) -> Iterator[Namespace]:
    """A computer on the router's LAN."""
    made = Namespace("pc", lab_number())
    yield made
    made.delete()


@pytest.fixture(params=KINDS)
def router(computer: Namespace, request: pytest.FixtureRequest) -> Iterator[FactoryRouter]:
    """A router in its factory state."""
    with short_folder() as folder:
        made = FactoryRouter(folder / "r1", "r1", lab_number(), request.param, network=LAN_OF_ONE)
        try:
            made.boot(computer, "eth0")
            computer.ip("address add 192.168.1.100/24 dev eth0")
            yield made
        finally:
            made.print_logs()
            made.namespace.delete()


@pytest.fixture
def session(router: FactoryRouter, computer: Namespace, tmp_path: Path) -> Session:
    """Somebody is logged in."""
    return Session(router, computer, tmp_path / "typed")


def status(router: FactoryRouter) -> dict:
    """Return haven's own word."""
    return json.loads(router.haven("--run-dir", str(router.run_dir), "status", "--json").stdout)


def test_the_session_lives_through_a_setup_and_its_undo(router: FactoryRouter, session: Session):
    before = {path.name: path.read_bytes() for path in (router.root / "etc/config").iterdir()}
    done = router.setup("--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "- network.lan.ipaddr=192.168.1.1/24" in done.stdout
    assert "Confirm within 90 s with 'haven setup --confirm'" in done.stdout
    assert sorted(router.addresses("br-lan")) == ["192.168.1.1", "192.168.1.2"]
    assert status(router)["state"] == "active"
    longest = session.goes_on()
    print(f"longest stall in the setup: {longest:.2f} s")
    confirmed = router.setup("--confirm")
    assert confirmed.returncode == 0 and confirmed.stdout.startswith(STAYS)
    assert TrialFolder(str(router.root)).is_there(BEFORE)
    undone = router.setup("--undo", "--yes")
    assert (undone.returncode, undone.stdout) == (0, "everything is as it was before\n")
    session.goes_on()
    assert router.addresses("br-lan") == ["192.168.1.1"]
    assert {path.name: path.read_bytes() for path in (router.root / "etc/config").iterdir()} == before


def answer(person: "subprocess.Popen[bytes]", answers: list[str]) -> str:
    """Give these answers, then take the proposals, and say yes to the difference; return what was asked."""
    assert person.stdin is not None and person.stdout is not None
    said = b""
    while not said.endswith(b"[y/N] "):
        if said.endswith(b"): "):
            person.stdin.write((answers.pop(0) if answers else "").encode() + b"\n")
            person.stdin.flush()
        octet = person.stdout.read(1)
        assert octet, said.decode()
        said += octet
    person.stdin.write(b"y\n")
    person.stdin.flush()
    return said.decode()


def test_a_person_answers_sees_the_difference_and_confirms(router: FactoryRouter, session: Session):
    person = router.person()
    assert person.stdin is not None and person.stdout is not None
    # Every proposal, but the own address, of which the first answer will not do.
    asked = answer(person, ["", "", "192.168.1.1", "192.168.1.7"])
    wait_until(lambda: router.note() == "waiting", 120, "the new configuration is in force")
    session.goes_on()
    person.stdin.write(b"\n")
    person.stdin.flush()
    assert person.wait(30) == 0
    said = asked + person.stdout.read().decode()
    assert "own_address: 192.168.1.1 is the answer to lan_address already" in said
    difference = said.index("+ network.lan.ipaddr=192.168.1.7/24")
    assert said.index("[192.168.1.2]") < difference < said.index("Or press Enter here")
    assert STAYS in said and "Next: 'haven pair'" in said
    assert "192.168.1.7" in router.addresses("br-lan")


def test_a_session_that_ends_in_the_middle_leaves_everything_to_the_keeper(router: FactoryRouter):
    person = router.person("--yes")
    folder = TrialFolder(str(router.root))
    wait_until(lambda: folder.is_there(PENDING), 120, "it has begun", interval=0.0001)
    # What a closed terminal does to everything in it.
    os.killpg(person.pid, signal.SIGHUP)
    os.killpg(person.pid, signal.SIGKILL)
    person.wait()
    wait_until(lambda: router.note() == "waiting", 120, "the new configuration is in force")
    assert folder.is_there(PENDING)
    done = router.setup("--undo", "--json")
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "undone")
    assert router.addresses("br-lan") == ["192.168.1.1"]


def test_an_address_that_somebody_has_is_neither_proposed_nor_taken(
    router: FactoryRouter, computer: Namespace
):
    computer.ip("address add 192.168.1.2/24 dev eth0")
    document = json.loads(router.setup("--json").stdout)
    assert document["answers"]["own_address"] == "192.168.1.3"
    # The LAN has a link-local address by now.
    assert document["answers"]["lan6_address"] == "fe80::1/64"
    refused = router.setup("--json", "--answers", "-", stdin='{"own_address": "192.168.1.2"}')
    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (1, "address-answers")
    assert (router.root / "etc/config/haven").read_text() == HAVEN


def test_a_router_that_is_set_up_or_about_to_be_is_not_set_up_again(router: FactoryRouter):
    assert router.setup("--yes").returncode == 0
    again = router.setup("--yes")
    assert again.returncode == 1 and "a setup waits for 'haven setup --confirm'" in again.stderr
    assert router.setup("--confirm").returncode == 0
    again = router.setup("--yes")
    assert again.returncode == 1 and "haven is set up on this router already" in again.stderr
