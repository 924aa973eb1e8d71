# SPDX-License-Identifier: GPL-2.0-or-later
"""Where this router listens, as the kernel's tables have it."""

import socket
from pathlib import Path

import pytest

from haven.agent.conntrack import listening_ports as module
from haven.agent.conntrack.listening_ports import CLIENTS_PORTS, listening_ports


@pytest.fixture
def listener():
    opened: list[socket.socket] = []

    def listen(address: str, port: int = 0) -> int:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for chosen in [port] if port else range(20000, CLIENTS_PORTS):
            made = socket.socket(family)
            try:
                made.bind((address, chosen))
                made.listen()
            except OSError:
                made.close()
                continue
            opened.append(made)
            return chosen
        raise OSError("no port is free")

    yield listen
    for each in opened:
        each.close()


@pytest.mark.parametrize("address", ["127.0.0.9", "::1"])
def test_a_listener_at_one_of_the_addresses_counts_for_these_alone(listener, address: str) -> None:
    port = listener(address)
    assert port in listening_ports([address, "192.0.2.1"])
    assert port not in listening_ports(["192.0.2.1", "2001:db8::1"])


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_one_at_every_address_counts(listener, address: str) -> None:
    assert listener(address) in listening_ports(["192.0.2.1"])


def test_a_port_that_clients_have_does_not_count(listener) -> None:
    assert listener("127.0.0.9", CLIENTS_PORTS) not in listening_ports(["127.0.0.9"])


def test_a_connection_is_no_listener(listener) -> None:
    port = listener("127.0.0.9")
    with socket.create_connection(("127.0.0.9", port), 5, ("127.0.0.10", 0)) as talk:
        assert talk.getsockname()[1] not in listening_ports(["127.0.0.10"])


def test_without_tables_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "TABLES", (str(tmp_path / "tcp"),))
    assert listening_ports(["127.0.0.1"]) == []
