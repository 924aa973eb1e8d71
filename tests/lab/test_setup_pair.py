# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers from their factory state: one is set up, the other joins, and both say that all is well."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.factory_router import KINDS, FactoryRouter, short_folder
from tests.lab.namespace import Namespace, lab_number
from tests.lab.wait import wait_until
from tests.setup.factory import NETWORK

LAN_OF_ONE = NETWORK.replace("\tlist ports 'lan2'\n\tlist ports 'lan3'\n\tlist ports 'lan4'\n", "")
# What a command that joins does with setup's room: ROOT of the second, ROOT of the first, its answers.
JOIN = """
import json, sys, time
from haven.setup.live_facts import read_facts
from haven.setup.packages import documents, read_packages
from haven.setup.second_router import second_proposal
from haven.setup.trial import Trial, read_note

root, first, given = sys.argv[1:]
texts = documents(read_packages(first))
trial = Trial(root, root + "/var/run/haven")
trial.begin(second_proposal(texts, read_facts(root), json.loads(given)))
while read_note(trial.run_dir)["state"] == "preparing":
    time.sleep(0.1)
trial.confirm()
"""


@pytest.fixture(params=KINDS)
def pair(lab: None, request: pytest.FixtureRequest) -> Iterator[list[FactoryRouter]]:
    """Two routers, each with a LAN of its own so far, and a cable between them."""
    number = lab_number()
    switch = Namespace("sw", number)
    with short_folder() as folder:
        routers = [
            FactoryRouter(folder / word, word, number, request.param, network=LAN_OF_ONE)
            for word in ("r1", "r2")
        ]
        try:
            connect(routers, switch)
            yield routers
        finally:
            for router in routers:
                router.print_logs()
                router.namespace.delete()
            switch.delete()


def connect(routers: list[FactoryRouter], switch: Namespace) -> None:
    """Lay the cables and bring both networks up."""
    first, second = (router.namespace for router in routers)
    first.ip(f"link add eth7 type veth peer name eth7 netns {second.name}")
    for router in routers:
        router.namespace.ip("link set eth7 up")
        router.boot(switch, router.namespace.word)
    switch.ip("link add lan type bridge", "link set lan up", "link set r1 master lan")


def join(router: FactoryRouter, first: FactoryRouter, **answers: str) -> None:
    """Let a router become the second one."""
    words = [str(router.root), str(first.root), json.dumps(answers)]
    argv = ["ip", "netns", "exec", router.namespace.name, sys.executable, "-c", JOIN, *words]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **router.environment}
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


def waits_until_well(router: FactoryRouter) -> str:
    """Return what `haven status --wait` says in the end."""
    where = ["--config", f"{router.root}/etc/config/haven", "--run-dir", str(router.run_dir)]
    done = router.haven(*where, "status", "--wait")
    if done.returncode:
        # A minute is little on a busy machine.
        done = router.haven(*where, "status", "--wait")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_two_routers_from_the_factory_are_a_pair(pair: list[FactoryRouter]):
    first, second = pair
    answers = '{"sync": "eth7"}'
    done = first.setup("--yes", "--answers", "-", stdin=answers)
    assert (done.returncode, done.stderr) == (0, "")
    assert first.setup("--confirm").returncode == 0
    switch = first.namespace.name.replace("r1", "sw")
    subprocess.run(["ip", "-n", switch, "link", "set", "r2", "master", "lan"], check=True)
    # The first one is heard: this is not the place to set up another first one.
    refused = second.setup("--json")
    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (1, "advertised")
    join(second, first, sync="eth7")
    joined = time.monotonic()
    said = [waits_until_well(router) for router in pair]
    print(f"all is well {time.monotonic() - joined:.1f} s after the confirmation of the second")
    assert [text.startswith("All is well: ") for text in said] == [True, True]
    assert "r1 is Active" in said[0] and "r2 is Backup" in said[1]
    assert second.addresses("br-lan") == ["192.168.1.3"] and "192.168.1.1" in first.addresses("br-lan")
    done = second.setup("--undo", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    wait_until(lambda: second.addresses("br-lan") == ["192.168.1.1"], 30, "the second is what it was")


# Of a package that setup has nothing to do with.
LOGIN = "config dropbear 'main'\n\toption Port '%s'\n\toption ed25519keyfile '%s'\n"


def test_two_commands_on_each_router_make_a_pair(pair: list[FactoryRouter]):
    first, second = pair
    for router, port in ((first, "2201"), (second, "2202")):
        login(router).write_text(LOGIN % (port, router.namespace.word))
    assert first.setup("--yes", "--answers", "-", stdin='{"sync": "eth7"}').returncode == 0
    assert first.setup("--confirm").returncode == 0
    waits_until_active(first)
    # The second was begun as a first one, which was not meant.
    for words in (("--yes", "--answers", "-"), ("--confirm",), ("--undo", "--yes")):
        assert second.setup(*words, stdin='{"sync": "eth7"}').returncode == 0
    shown = json.loads(asked(first, "pair", "--json"))
    # Both LANs are 192.168.1.0/24 still, and have nothing to do with each other: it is found by the cable.
    said = asked(second, "join", "--yes", shown["code"])
    assert "joined r1" in said
    # Where it is afterwards is said before the change ends the session.
    assert said.index("address becomes 192.168.1.3: a session to") < said.index("joined r1")
    # Its LAN is by itself still: the channel alone says that there is an Active.
    assert "-> Active" not in asked(second, "events")
    switch = first.namespace.name.replace("r1", "sw")
    subprocess.run(["ip", "-n", switch, "link", "set", "r2", "master", "lan"], check=True)
    found = [waits_until_well(router) for router in pair]
    assert [text.startswith("All is well: ") for text in found] == [True, True]
    (peer,) = json.loads(asked(first, "peers", "--json"))
    assert peer["state"] == "backup"
    assert second.addresses("br-lan") == ["192.168.1.3"]
    # What was different is the first one's by now, and no conflict; what is a router's own stays so.
    assert login(second).read_text().split() == (LOGIN % ("2201", "r2")).split()
    assert [json.loads(asked(router, "sync", "--json"))["in_sync"] for router in pair] == [True, True]
    done = second.haven(*where(second), "undo", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Warning: 192.168.1.1 becomes this router's own again, and r1 goes on with it" in done.stdout
    assert login(second).read_text().split() == (LOGIN % ("2202", "r2")).split()
    assert login(first).read_text().split() == (LOGIN % ("2201", "r1")).split()
    wait_until(lambda: json.loads(asked(first, "peers", "--json")) == [], 20, "the two have parted")


def login(router: FactoryRouter) -> Path:
    return router.root / "etc/config/dropbear"


def waits_until_active(router: FactoryRouter) -> None:
    wait_until(
        lambda: '"state": "active"' in router.haven(*where(router), "status", "--json").stdout,
        60,
        "it is Active",
    )


def asked(router: FactoryRouter, *words: str) -> str:
    """Return what a command on a router says."""
    done = router.haven(*where(router), *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def where(router: FactoryRouter) -> tuple[str, ...]:
    return "--root", str(router.root), "--run-dir", str(router.run_dir)
