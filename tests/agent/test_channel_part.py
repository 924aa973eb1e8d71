# SPDX-License-Identifier: GPL-2.0-or-later
"""The part for the other routers: its replica is this router's, whatever the plan called it before."""

import time
from pathlib import Path

import pytest

from haven.agent.channel.part import VOUCH_S, ChannelPart
from haven.agent.part import Places, Surroundings
from haven.agent.roles import Roles
from haven.contract.pairing import PairingRefusal
from haven.paths import AGENT_SOCKET
from tests.agent.turns import Turns


def _replica_of(part: ChannelPart) -> str:
    """Return in whose name a part's replica writes."""
    assert part._replication is not None
    return str(part._replication._replica.summary()["node"])


def test_a_replica_writes_under_the_name_that_the_plan_has_now(tmp_path: Path, turns: Turns) -> None:
    (tmp_path / "etc/config").mkdir(parents=True)
    (tmp_path / "etc/config/haven").write_text("config sync\n\toption enabled '1'\n")
    places = Places(str(tmp_path), str(tmp_path / "etc/config/haven"), str(tmp_path))
    around = Surroundings(turns.scope, places, Roles(), lambda: None)
    part = ChannelPart(around)
    assert (tmp_path / AGENT_SOCKET).exists()
    exchange = Carried()
    for node in ("r1", "r2", "r2"):
        around.take_plan({"node": node, "parts": {"sync": {}}})
        part._replicate(exchange)  # type: ignore[arg-type]
        assert _replica_of(part) == node
    assert len(set(map(id, exchange.carried))) == 2
    # What two routers write in one name could not be told apart.
    exchange.twin = object()
    part._replicate(exchange)  # type: ignore[arg-type]
    assert exchange.carried[-1] is None
    part._exchange = exchange  # type: ignore[assignment]
    with pytest.raises(PairingRefusal, match="of the name 'r2' already"):
        part._asked({"command": "sync"}, lambda answer: None)
    part._exchange = exchange.twin = None
    part._replicate(exchange)  # type: ignore[arg-type]
    assert exchange.carried[-1] is not None
    around.take_plan({"node": "r2", "parts": {}})
    part._replicate(exchange)  # type: ignore[arg-type]
    assert exchange.carried[-1] is None
    part.close()


def test_a_router_without_another_says_so_and_what_to_do(tmp_path: Path, turns: Turns) -> None:
    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    around = Surroundings(turns.scope, places, Roles(), lambda: None)
    around.take_plan({"node": "r1", "parts": {"sync": {}}})
    part = ChannelPart(around)
    part._beat()
    assert part.account()["sync"]["alone"] is True
    # As after a parting: the replica is there, and nobody to have one configuration with.
    part._replicate(Carried())  # type: ignore[arg-type]
    for command in ("sync", "sync-now"):
        with pytest.raises(PairingRefusal, match="as soon as another router is paired \\('haven pair'\\)"):
            part._asked({"command": command}, lambda answer: None)
    told: list[dict] = []
    part._asked({"command": "sync-history"}, told.append)
    assert told[0]["ok"]
    part.close()


class Carried:
    """Stands for the exchange: notes what it is given."""

    def __init__(self) -> None:
        self.carried: list[object] = []
        self.twin: object | None = None

    def carry(self, replication: object) -> None:
        """Note it."""
        self.carried.append(replication)

    def namesake(self) -> object | None:
        """Return nobody, unless a test says otherwise."""
        return self.twin


@pytest.mark.parametrize("answer", [{"ok": True}, {"ok": True, "result": 5}, {"ok": True, "result": []}])
def test_what_is_no_word_for_a_router_is_nobodys_failure(tmp_path: Path, turns: Turns, answer: dict) -> None:
    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    part = ChannelPart(Surroundings(turns.scope, places, Roles(), lambda: None))
    exchange = Carried()
    exchange.ask_all = lambda _request, _limit, take: take(answer)  # type: ignore[attr-defined]
    part._exchange = exchange  # type: ignore[assignment]
    part.take_doubt([])
    part._exchange = None
    part.close()


@pytest.mark.parametrize("stood_still", [False, True])
def test_what_a_router_said_before_this_agent_stood_still_is_no_word(
    tmp_path: Path, turns: Turns, monkeypatch: pytest.MonkeyPatch, stood_still: bool
) -> None:
    places = Places(str(tmp_path), str(tmp_path / "haven"), str(tmp_path))
    part = ChannelPart(Surroundings(turns.scope, places, Roles(), lambda: None))
    exchange, taken = Carried(), []
    exchange.ask_all = lambda _request, _limit, take: taken.append(take)  # type: ignore[attr-defined]
    part._exchange = exchange  # type: ignore[assignment]
    part.take_doubt([])
    told: list[bytes] = []
    monkeypatch.setattr(turns.scope, "ask_havend", lambda line, _done, _limit: told.append(line))
    later = time.monotonic() + (2 * VOUCH_S if stood_still else 0)
    monkeypatch.setattr("haven.agent.channel.part.time.monotonic", lambda: later)
    advert = {"family": 4, "vrid": 51, "addresses": ["192.0.2.1"]}
    advert.update({"source": "192.0.2.2", "to": "224.0.0.18", "message": "31"})
    taken[0]({"ok": True, "result": {"adverts": [advert]}})
    assert bool(told) is not stood_still
    monkeypatch.undo()
    part._exchange = None
    part.close()
