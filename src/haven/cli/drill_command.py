# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven drill`: a failover rehearsed on the living pair."""

import os
import signal
import subprocess
import sys
import time

from haven.arguments import UsageError
from haven.cli.agent_client import ask_node, other_nodes
from haven.cli.control_client import ask
from haven.cli.errors import Failed, RequestRefused, Unanswered
from haven.cli.own_words import print_json, status_of
from haven.cli.text import printable
from haven.cli.usage import Request
from haven.cli.wait import missing_in
from haven.contract.drill_outcomes import MISSING, OUTCOMES
from haven.contract.drill_words import HARD, SWITCHOVER, DrillFailed
from haven.contract.message import render
from haven.drill.asker import Asker, go_first
from haven.drill.dead_kernel import FORWARD, PREPARE, REMOVE, die
from haven.drill.drill_course import Drill, Refusing, Silent
from haven.drill.volunteer import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NFT_S = 10.0
CLIENT_S = 120.0


def drill(request: Request) -> int:
    """Make a drill; 1 when it was refused or has failed."""
    if {"--hard", "--switchover"} <= request.flags:
        raise UsageError("drill: --hard and --switchover do not go together")
    # A switchover may move the address through which somebody is logged in.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    world = RouterWorld(request)
    kind = HARD if "--hard" in request.flags else SWITCHOVER
    try:
        world.own = status_of(request, "")["node"]
        if "--client" in request.flags:
            world.wait_for_client()
        back = "--back" in request.flags
        made = Drill(world, world.own, kind, request.argument, back, _sayer(request.json))
        result = {**made.run(), "noted": True}
    except DrillFailed as why:
        if not request.json:
            raise Failed(printable(str(why))) from None
        result = {"ok": False, "code": why.code, "facts": why.facts, "error": str(why), "noted": False}
    finally:
        world.close()
    return _tell(result, request.json)


def _sayer(is_json: bool) -> "Any":
    def say(text: str) -> None:
        # Whoever was logged in may be gone by now.
        try:
            print(f"{time.strftime('%H:%M:%S')}  {printable(text)}", flush=True)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return (lambda text: None) if is_json else say


def _tell(result: "dict[str, Any]", is_json: bool) -> int:
    if is_json:
        print_json(result)
        return 0 if result["ok"] else 1
    if not result["ok"]:
        raise Failed(f"the drill failed: {printable(outcome_text(result))}")
    print("the drill went well")
    return 0


def outcome_text(result: "dict[str, Any]") -> str:
    """Return in English what became of a drill."""
    return render(OUTCOMES[result["code"]], result["facts"], {"missing": MISSING})


class RouterWorld:
    """Does for a drill what it takes on this router."""

    def __init__(self, request: Request) -> None:
        self._run_dir, self._request = request.run_dir, request
        self.own = ""
        self._is_dead = False
        self._client: Client | None = None

    def ask(self, node: str, command: str, **arguments: "Any") -> "Any":
        """Return what a router answers. Raises Silent or Refusing."""
        try:
            if node == self.own and command in ("status", "events", "switchover", "rehearse"):
                # Without the detour by the agent, which may be the one that dies.
                return ask(self._run_dir, command, **arguments)
            return ask_node(self._run_dir, node, command, **arguments)
        except RequestRefused as why:
            raise Refusing(why.refusal.code, str(why)) from None
        except Unanswered as why:
            raise Silent(str(why)) from None

    def peers(self) -> list[str]:
        """Return the names of the routers that are paired. Raises Silent."""
        try:
            return other_nodes(self._run_dir)
        except Unanswered as why:
            raise Silent(str(why)) from None

    def missing_in(self, status: "dict[str, Any]") -> list[str]:
        """Return what keeps a router from being well, as phrases."""
        return missing_in(printable(status), time.time())

    def prepare_death(self) -> None:
        """Make ready what does not take effect yet. Raises DrillFailed."""
        self._is_dead = True
        error = _nft(PREPARE)
        if error:
            raise DrillFailed("no-nft", error=error)

    def play_dead(self, forwarding: list[str], devices: list[str], silent_s: float, deaf_s: float) -> None:
        """Let the kernel forward and answer nothing for so long. Raises DrillFailed."""
        try:
            die(forwarding, devices, silent_s, deaf_s)
        except OSError as why:
            raise DrillFailed("no-nft", error=str(why)) from None

    def come_alive(self, forwarding_only: bool) -> None:
        """Let the kernel forward again, or do everything again."""
        if self._is_dead:
            self._is_dead = forwarding_only
            # What runs out by itself needs no second try.
            _nft(FORWARD if forwarding_only else REMOVE)

    def asker(self, routers: "list[dict[str, Any]]") -> Asker:
        """Return the probe, which has begun."""
        # This process notes the moment of the fall, and is to be there for it.
        go_first()
        return Asker(routers)

    def wait_for_client(self) -> None:
        """Print the line for a client and wait until one has begun. Raises Failed."""
        routers = status_of(self._request, "")["virtual_routers"]
        try:
            self._client = Client([each for each in routers if each["state"] == "active"])
        except (OSError, StopIteration) as why:
            raise Failed(f"no client can measure: {why or 'no IPv4 address is Active here'}") from None
        print("Paste this on a machine of the LAN that has Python 3:")
        print(f"\n{self._client.line}\n", flush=True)
        if not self._client.wait(CLIENT_S):
            raise Failed(f"no client has begun within {CLIENT_S:g} s")
        print("A client measures.", flush=True)

    def client_ms(self) -> float | None:
        """Return the longest outage that a client has seen since the last call, where one volunteers."""
        return None if self._client is None else self._client.longest_ms()

    def close(self) -> None:
        """Let go of what is open."""
        self.come_alive(False)
        if self._client is not None:
            self._client.close()


def _nft(text: str) -> str:
    """Let nft do something; return why it could not."""
    try:
        done = subprocess.run(
            ["nft", "-f", "-"], input=text, capture_output=True, text=True, timeout=NFT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        return str(why)
    return done.stderr.strip() if done.returncode else ""
