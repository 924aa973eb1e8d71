# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls through python3-ubus, as its version 0.1.3 answers on OpenWrt."""

import sys
import types
from typing import Any

import pytest

from haven.ubus.client import NotFoundError, NoUbusError, UbusError, call


class Binding(types.ModuleType):
    """The binding, with one connection and what it is to answer."""

    def __init__(self, answer: Any, refuses: bool = False) -> None:
        super().__init__("ubus")
        self.answer, self.refuses, self.connected = answer, refuses, 0

    def get_connected(self) -> bool:
        return self.connected > 0

    def connect(self) -> None:
        if self.refuses or self.connected:
            raise RuntimeError("Failed to connect to the ubus socket")
        self.connected += 1

    def call(self, path: str, method: str, arguments: dict[str, Any], timeout: int) -> Any:
        assert isinstance(arguments, dict) and timeout >= 1000
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_first_answer_counts_and_the_connection_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([{"up": True}]))
    assert [call("network", "x") for _ in range(2)] == [{"up": True}] * 2


def test_no_answer_is_an_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([]))
    assert call("network", "add_dynamic", {"name": "x"}) == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Object 'network.x' was not found.", NotFoundError),
        ("ubus error occured: Method not found", UbusError),
    ],
)
def test_what_the_binding_raises_is_told_apart(
    text: str, kind: type[UbusError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding(RuntimeError(text)))
    with pytest.raises(UbusError) as refusal:
        call("network.x", "status")
    assert type(refusal.value) is kind


def test_a_bus_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ubus", Binding([], refuses=True))
    with pytest.raises(NoUbusError):
        call("network", "x")
