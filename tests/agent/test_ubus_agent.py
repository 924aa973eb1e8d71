# SPDX-License-Identifier: GPL-2.0-or-later
"""The object `haven` of a whole agent beside a whole havend: every method, and the event."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import GROUP_V4
from haven.ubus.codec import ARRAY, BOOL, INT32, STRING
from haven.ubus.server import INVALID_ARGUMENT, METHOD_NOT_FOUND, OK, UNKNOWN_ERROR
from tests.agent.agents import AgentProcess
from tests.bus.ubus_broker import KINDS, Broker, make_broker
from tests.bus.ubus_caller import Caller
from tests.havend.machines import Havend, Machine, cable
from tests.havend.plans import MAIN, lan
from tests.lab.wait import wait_until

SESSION = {"ubus_rpc_session": "00000000000000000000000000000000"}
PASSWORD = "s3cretpw"
# Version 2 counts in seconds, and only it has passwords.
SECTION = lan(version=2, advert_interval=1000, auth_pass=PASSWORD)


@pytest.fixture(scope="module")
def machines() -> Iterator[tuple[Machine, Machine]]:
    made = Machine(), Machine()
    cable(*made)
    yield made
    for each in made:
        each.close()


@pytest.fixture(scope="module", params=KINDS)
def world(
    request: pytest.FixtureRequest,
    machines: tuple[Machine, Machine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Broker, Havend, AgentProcess]]:
    folder = tmp_path_factory.mktemp("world")
    broker = make_broker(request.param, folder / "ubus.sock").start()
    node = Havend(machines[0], folder / "node", SECTION)
    agent = AgentProcess(node, broker.path)
    node.prepare().start().until("active")
    agent.start()
    yield broker, node, agent
    agent.kill()
    node.close()
    broker.kill()


@pytest.fixture
def node(world: tuple[Broker, Havend, AgentProcess]) -> Havend:
    return world[1]


@pytest.fixture
def caller(world: tuple[Broker, Havend, AgentProcess]) -> Iterator[Caller]:
    with Caller(world[0].path) as made:
        yield made.wait_for("haven")


def _asked(caller: Caller, method: str, **arguments: object) -> dict:
    status, document = caller.call("haven", method, {**arguments, **SESSION})
    assert status == OK, document
    return document


def test_it_says_what_can_be_called_and_how(caller: Caller):
    assert caller.signature("haven") == {
        "status": {"node": STRING},
        "events": {"node": STRING},
        "plan": {"text": STRING, "node": STRING},
        "validate": {"text": STRING},
        "heard": {"devices": ARRAY},
        "metrics": {"form": STRING},
        "doctor": {"begin": BOOL},
        "drill": {"drill": STRING, "back": BOOL, "node": STRING},
        "history": {"days": INT32},
        "switchover": {"group": STRING, "node": STRING},
        "maintenance": {"on": BOOL, "node": STRING},
        "reload": {"begin": BOOL},
        "peers": {},
        "pair": {},
        "unpair": {"node": STRING},
        "sync": {},
        "sync_diff": {},
        "sync_history": {},
        "sync_now": {},
        "sync_take": {"node": STRING, "path": STRING},
        "sync_undo": {"number": INT32},
    }


def test_it_is_asked_by_its_own_name_as_well_and_nobody_is_paired_yet(caller: Caller, node: Havend):
    assert _asked(caller, "status", node="r1")["node"] == "r1"
    assert _asked(caller, "events", node="r1")["events"]
    assert _asked(caller, "peers") == {"peers": []}
    status, document = caller.call("haven", "status", {"node": "r2", **SESSION})
    assert (status, document["code"]) == (UNKNOWN_ERROR, "peer-unknown")
    status, document = caller.call("haven", "sync", SESSION)
    assert (status, document["code"]) == (UNKNOWN_ERROR, "sync-off")


def test_status_is_the_document_of_the_command(caller: Caller, node: Havend):
    found, asked = _asked(caller, "status"), node.status()
    # Times are told to the microsecond of two moments.
    for changing in ("at", "uptime", "since", "virtual_routers", "groups", "plan"):
        assert type(found.pop(changing)) is type(asked.pop(changing))
    assert found == asked and found["node"] == "r1"


def test_events_are_those_of_the_command(caller: Caller, node: Havend):
    found, asked = _asked(caller, "events")["events"], node.ask("events")["result"]
    assert [each["text"] for each in found] == [each["text"] for each in asked][: len(found)]
    assert any(each["kind"] == "transition" and each["to"] == "active" for each in found)


def test_the_plan_is_the_commands_without_the_password(caller: Caller, node: Havend):
    plan = _asked(caller, "plan")
    assert [each["name"] for each in plan["virtual_routers"]] == ["lan"]
    assert plan["virtual_routers"][0]["takeover"] and plan["config"] == str(node.config)
    assert plan["virtual_routers"][0]["auth"] == "hidden"


def test_no_read_method_tells_the_password(caller: Caller, node: Havend):
    broken = [
        node.text.replace("auth_pass", "auth_pas"),
        node.text.replace(f"'{PASSWORD}'", f"'{PASSWORD}"),
        node.text.replace(PASSWORD, f"{PASSWORD} too long"),
        node.text.replace("version '2'", "version '3'"),
        node.text.replace(f"'{PASSWORD}'", f"'{PASSWORD}' more"),
        node.text.replace(f"option auth_pass '{PASSWORD}'", f"{PASSWORD} '1'"),
    ]
    told = [caller.call("haven", method) for method in ("status", "events", "plan", "validate")]
    told += [
        caller.call("haven", method, {"text": text}) for text in broken for method in ("plan", "validate")
    ]
    assert [status for status, _document in told] == [OK] * 4 + [UNKNOWN_ERROR, OK] * len(broken)
    # The last one is a name, not a value, to all who read it.
    assert [PASSWORD in json.dumps(document) for _status, document in told[:-2]] == [False] * (len(told) - 2)
    assert PASSWORD.encode().hex() not in json.dumps(told)
    assert all(document["problems"] for _status, document in told[4:])


def test_the_configuration_in_place_is_valid(caller: Caller):
    assert _asked(caller, "validate") == {"valid": True, "problems": [], "warnings": []}


def test_a_candidate_is_checked_and_nothing_is_left_of_it(caller: Caller, node: Havend):
    before = sorted(node.run_dir.iterdir())
    text = MAIN + lan(vrid=512, divice="lan")
    for method, expected in (("validate", OK), ("plan", UNKNOWN_ERROR)):
        status, document = caller.call("haven", method, {"text": text})
        assert status == expected
        found = {(each["section"], each["option"]) for each in document["problems"]}
        assert document["valid"] is False
        assert ("virtual_router 'lan'", "vrid") in found and len(found) >= 2
        assert {each["file"] for each in document["problems"]} == {str(node.config)}
    assert _asked(caller, "validate", text=MAIN + lan()) == {"valid": True, "problems": [], "warnings": []}
    assert _asked(caller, "plan", text=MAIN + lan("other"))["virtual_routers"][0]["name"] == "other"
    assert sorted(node.run_dir.iterdir()) == before
    assert node.router()["vrid"] == 51


def test_a_candidate_of_half_a_megabyte_is_checked(caller: Caller):
    text = MAIN + lan() + "# " + "x" * 500_000 + "\n"
    assert _asked(caller, "validate", text=text)["valid"] is True


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("maintenance", {}),
        ("maintenance", {"on": 1}),
        ("maintenance", {"on": "yes"}),
        ("switchover", {"grup": "lan"}),
        ("switchover", {"group": 1}),
        ("validate", {"text": {"lan": {}}}),
        ("status", {"text": "?"}),
    ],
)
def test_arguments_that_are_not_understood_are_refused(caller: Caller, method: str, arguments: dict):
    assert caller.call("haven", method, arguments) == (INVALID_ARGUMENT, {})


def test_there_is_no_other_method(caller: Caller):
    assert caller.call("haven", "stop") == (METHOD_NOT_FOUND, {})


def test_a_refusal_says_why_with_a_status(caller: Caller):
    status, document = caller.call("haven", "switchover", {"group": "wan"})
    assert (status, document["kind"]) == (UNKNOWN_ERROR, "refused")
    assert document["error"] == "there is no group wan"
    assert (document["code"], document["facts"]) == ("no-group", {"group": "wan"})


def test_while_a_handover_waits_others_are_answered(
    caller: Caller, world: tuple[Broker, Havend, AgentProcess]
):
    number = caller.begin("haven", "switchover")
    with Caller(world[0].path) as other:
        groups = []

        def leaving() -> bool:
            groups[:] = other.call("haven", "status")[1]["groups"]
            return groups[0]["leaving"]

        wait_until(leaving, 10, "status shows the handover")
    status, document = caller.finish(number)
    assert status == UNKNOWN_ERROR and "no other router took over" in document["error"]
    assert (document["code"], document["facts"]) == ("nobody-took-over", {"groups": ["lan"]})


def test_maintenance_begins_and_ends(caller: Caller, node: Havend):
    assert _asked(caller, "maintenance", on=True) == {"on": True, "handed_over": [], "still_active": ["lan"]}
    assert node.status()["groups"][0]["maintenance"] is True
    assert _asked(caller, "maintenance", on=False)["on"] is False
    assert node.status()["groups"][0]["maintenance"] is False


def test_reload_takes_the_change_or_names_the_problems(caller: Caller, node: Havend):
    try:
        node.write(SECTION, lan("second", vrid="99x"))
        status, document = caller.call("haven", "reload")
        assert status == UNKNOWN_ERROR and document["valid"] is False
        assert "vrid" in [each["option"] for each in document["problems"]]
        assert len(node.status()["virtual_routers"]) == 1 and node.status()["problems"]
        node.write(SECTION, lan("second", vrid=52, address=("10.9.0.101/24",)))
        assert _asked(caller, "reload") == {"text": "reloaded: 2 virtual routers"}
        assert len(node.status()["virtual_routers"]) == 2
    finally:
        node.write(SECTION)
    assert _asked(caller, "reload") == {"text": "reloaded: 1 virtual router"}


def test_every_change_of_state_is_an_event(caller: Caller, node: Havend, machines: tuple[Machine, Machine]):
    caller.listen("haven.state")
    began = time.time()
    machines[1].ip("link set lan down")
    name, event = caller.next_event()
    assert name == "haven.state"
    assert began - 1 < event.pop("since") < time.time() + 1
    lost = {"group": "lan", "from": "active", "to": "fault", "reason": "fault", "node": "r1"}
    assert event == lost
    machines[1].ip("link set lan up")
    changes = [caller.next_event()[1] for _ in range(2)]
    assert [(each["from"], each["to"]) for each in changes] == [("fault", "backup"), ("backup", "active")]
    node.until("active")


def test_many_calls_at_once_are_all_answered(caller: Caller):
    numbers = [caller.begin("haven", method) for method in ("status", "events") * 8]
    assert [caller.finish(number)[0] for number in numbers] == [OK] * 16


def test_without_havend_the_answer_says_so_and_the_object_stays(
    caller: Caller, world: tuple[Broker, Havend, AgentProcess]
):
    _broker, node, agent = world
    caller.listen("haven.state")
    node.kill()
    status, document = caller.call("haven", "status")
    said = {"error": "havend is not running", "kind": "havend", "code": "not-running", "facts": {}}
    assert status != OK and document == said
    # Long enough away for the addresses to be another's.
    wait_until(lambda: time.time() - (node.run_dir / "alive").stat().st_mtime > 4, 20, "the Active is over")
    before = agent.processor_seconds()
    node.start().until("active")
    wait_until(lambda: caller.call("haven", "status")[0] == OK, 10, "havend answers again")
    assert caller.next_event()[1]["to"] in ("backup", "active")
    assert agent.processor_seconds() - before < 2


def test_what_others_advertise_is_heard_without_another_process(
    caller: Caller, machines: tuple[Machine, Machine], world: tuple[Broker, Havend, AgentProcess]
):
    source = bytes((10, 9, 0, 2))
    message = encode(Advert(3, 60, 100, 1_000_000, (bytes((10, 9, 0, 9)),)), source, GROUP_V4)
    frame = multicast_frame(bytes((2, 0, 0, 0, 0, 2)), source, GROUP_V4, message)
    with machines[1].inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as wire:
        wire.bind(("lan", 0))
        stop, children = threading.Event(), set(world[2].children())

        def send() -> None:
            while not stop.wait(0.1):
                wire.send(frame)
                children.update(world[2].children())

        sender = threading.Thread(target=send)
        sender.start()
        answer = _asked(caller, "heard", devices=["lan", "nowhere"])
        stop.set()
        sender.join()
    assert children == set()
    theirs = {"vrid": 60, "source": "10.9.0.2", "priority": 100, "addresses": ["10.9.0.9"]}
    assert answer == {"heard": {"lan": [theirs], "nowhere": None}}


def test_at_the_end_the_object_is_gone(caller: Caller, world: tuple[Broker, Havend, AgentProcess]):
    agent = world[2]
    assert agent.stop() == 0
    assert caller.signature("haven") is None
    agent.start()
    caller.wait_for("haven")


def test_the_log_has_no_traceback(world: tuple[Broker, Havend, AgentProcess], caller: Caller):
    # As often as this worker's tests have started it.
    assert set(Path(world[2].log).read_text().splitlines()) == {"haven-agent: started"}
