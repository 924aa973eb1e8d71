# SPDX-License-Identifier: GPL-2.0-or-later
"""What LuCI asks while haven-agent does not run, through the very program that rpcd calls."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haven.core.frame import multicast_frame
from haven.core.vrrp.advert import Advert, encode
from haven.core.vrrp.constants import GROUP_V4
from tests.lab.namespace import Namespace
from tests.lab.wait import wait_until

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "openwrt-feed/luci-app-haven/root/usr/libexec/rpcd/luci.haven"
CONFIG = """
config haven 'main'
	option enabled '1'
config virtual_router 'lan'
	option device 'lo'
	option version '2'
	option auth_pass 'geheim'
	option vrid '51'
	list address '192.168.1.1/24'
"""


def ask(method: str, *, inside: list[str] | None = None, **arguments: object) -> Any:
    """Ask as rpcd does: the method in the argument, the arguments and the answer as JSON."""
    argv = [*(inside or []), sys.executable, "-m", "haven.openwrt.luci_calls", method]
    done = subprocess.run(
        argv,
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def test_rpcd_is_told_all_methods_with_their_arguments() -> None:
    listed = subprocess.run([PROGRAM, "list"], capture_output=True, text=True, check=True).stdout
    assert json.loads(listed) == {
        "state": {},
        "plan": {"text": ""},
        "validate": {"text": ""},
        "heard": {"devices": []},
        "offers": {},
        "begin": {"command": "", "address": "", "code": ""},
        "tell": {"command": "", "answers": {}},
        "job": {},
    }


def test_a_candidate_is_checked_and_compiled() -> None:
    assert ask("validate", text=CONFIG) == {"valid": True, "problems": [], "warnings": []}
    plan = ask("plan", text=CONFIG)
    assert [router["vrid"] for router in plan["virtual_routers"]] == [51]
    assert plan["groups"][0]["sequences"]["takeover"][0]["say"] == "advertisement for lan"
    assert "geheim" not in json.dumps(plan)


def test_a_wrong_candidate_is_answered_with_its_problems() -> None:
    for method in ("validate", "plan"):
        answer = ask(method, text=CONFIG.replace("'51'", "'999'"))
        assert not answer["valid"]
        (problem,) = answer["problems"]
        place = (problem["file"], problem["section"], problem["option"])
        assert place == ("/etc/config/haven", "virtual_router 'lan'", "vrid")
        assert (problem["section_type"], problem["section_name"]) == ("virtual_router", "lan")
        assert (problem["code"], problem["facts"]["value"]) == ("value-whole", "999")
        assert problem["text"].endswith(problem["message"])


def test_a_call_that_is_not_understood_fails() -> None:
    assert "'text' is missing" in ask("validate")
    assert "'devices' is no list" in ask("heard", devices="lo")
    assert "erase" in ask("erase", text="")


@pytest.fixture
def link() -> Iterator[Namespace]:
    """A machine whose devices `here` and `there` are the two ends of one cable."""
    namespace = Namespace("heard")
    namespace.ip("link add here type veth peer name there", "link set here up", "link set there up")
    yield namespace
    namespace.delete()


SEND = """
import socket, sys, time
frames = [bytes.fromhex(line) for line in sys.argv[1:]]
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    wire.bind(("there", 0))
    while True:
        for frame in frames:
            wire.send(frame)
        time.sleep(0.1)
"""


def _received(link: Namespace) -> int:
    (found,) = link.ip_json("-s", "link", "show", "dev", "here")
    return int(found["stats64"]["rx"]["packets"])


def _frame(vrid: int, source: bytes, damage: bool = False) -> str:
    advert = Advert(3, vrid, 150, 1_000_000, (bytes((192, 168, 1, 1)),))
    message = encode(advert, source, GROUP_V4)
    message = message[:-1] + bytes((message[-1] ^ damage,))
    return multicast_frame(bytes((2, 0, 0, 0, 0, 1)), source, GROUP_V4, message).hex()


def test_the_virtual_routers_of_others_are_heard(link: Namespace) -> None:
    frames = [_frame(51, bytes((192, 168, 1, 3))), _frame(60, bytes((192, 168, 1, 9)))]
    frames.append(_frame(70, bytes((192, 168, 1, 9)), damage=True))
    link.spawn([sys.executable, "-c", SEND, *frames])
    # What is asked listens for a moment.
    wait_until(lambda: _received(link) >= len(frames), 20, "the others speak")
    answer = ask("heard", inside=["ip", "netns", "exec", link.name], devices=["here", "there", "nowhere"])
    ours = {"vrid": 51, "source": "192.168.1.3", "priority": 150, "addresses": ["192.168.1.1"]}
    theirs = {**ours, "vrid": 60, "source": "192.168.1.9"}
    assert answer == {"heard": {"here": [ours, theirs], "there": [], "nowhere": None}}
