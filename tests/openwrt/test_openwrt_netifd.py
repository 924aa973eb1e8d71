# SPDX-License-Identifier: GPL-2.0-or-later
"""netifd's entries for our devices, against a stand-in that keeps them as netifd does."""

from pathlib import Path
from typing import Any

import pytest

from haven.config.load import load, load_text
from haven.openwrt import service_facts
from haven.openwrt.netifd import FIREWALL, Claim, claims, hold
from haven.plan.machine import InterfaceError
from haven.ubus.client import NoUbusError, UbusError

CONFIG = """
config haven 'main'
	option enabled '%d'
config virtual_router 'lan'
	option interface 'lan'
	option vrid '51'
	option virtual_mac '1'
	list address '192.168.1.1/24'
config virtual_router 'dmz'
	option device 'eth2'
	option vrid '52'
	list address '192.168.2.1/24'
"""
BRIDGE, MACVLAN = Claim("br-lan"), Claim("hv4-51-br-lan", "br-lan")


class Netifd:
    """Interfaces by their names; `calls` are those that change something."""

    def __init__(self) -> None:
        self.interfaces: dict[str, dict[str, Any]] = {
            "lan": {"device": "br-lan", "dynamic": False},
            "haven_of_the_user": {"device": "eth5", "dynamic": False},
        }
        self.calls: list[tuple[str, str]] = []

    def call(self, path: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
        name = path.removeprefix("network.interface.")
        if method == "dump":
            return {"interface": [{"interface": key, **each} for key, each in self.interfaces.items()]}
        self.calls.append((path, method))
        if method == "add_dynamic":
            assert arguments is not None
            self.interfaces[arguments["name"]] = {"dynamic": True, **arguments}
        elif method == "set_data":
            self.interfaces[name]["data"] = arguments
        elif method == "remove":
            del self.interfaces[name]
        else:
            assert (path, method, arguments) == ("service", "event", FIREWALL)
        return {}


def _zone(device: str) -> str:
    return {"br-lan": "lan"}.get(device, "")


def _model(enabled: int = 1) -> Any:
    model, problems = load_text(CONFIG % enabled, "/etc/config/haven")
    assert problems == []
    return model


def test_the_bridge_and_the_macvlan_are_claimed_where_netifd_has_the_device() -> None:
    assert claims(_model(), lambda name: {"lan": "br-lan"}[name]) == [BRIDGE, MACVLAN]
    assert claims(_model(0), lambda name: name) == []


def test_a_macvlan_is_in_the_zone_of_its_parent_and_never_set_up() -> None:
    netifd = Netifd()
    assert hold([BRIDGE, MACVLAN], netifd.call, _zone) == []
    assert "auto" not in netifd.interfaces["haven_br_lan"]
    entry = netifd.interfaces["haven_hv4_51_br_lan"]
    assert (entry["device"], entry["auto"], entry["data"]) == ("hv4-51-br-lan", False, {"zone": "lan"})
    assert netifd.calls[-1] == ("service", "event")


def test_doing_it_again_asks_for_nothing() -> None:
    netifd = Netifd()
    hold([BRIDGE, MACVLAN], netifd.call, _zone)
    netifd.calls.clear()
    assert hold([BRIDGE, MACVLAN], netifd.call, _zone) == []
    assert netifd.calls == []


def test_another_zone_of_the_parent_is_followed() -> None:
    netifd = Netifd()
    hold([MACVLAN], netifd.call, _zone)
    hold([MACVLAN], netifd.call, lambda device: "guest")
    assert netifd.interfaces["haven_hv4_51_br_lan"]["data"] == {"zone": "guest"}


def test_what_is_not_wanted_any_more_goes_and_the_users_own_stays() -> None:
    netifd = Netifd()
    before = set(netifd.interfaces)
    hold([BRIDGE, MACVLAN], netifd.call, _zone)
    hold([], netifd.call, _zone)
    assert set(netifd.interfaces) == before


def test_a_device_that_netifd_does_not_have_is_left_alone() -> None:
    netifd = Netifd()
    assert hold([Claim("pppoe-wan")], netifd.call, _zone) == []
    assert netifd.calls == []


def test_without_a_zone_there_is_nothing_to_join() -> None:
    netifd = Netifd()
    hold([Claim("hv4-52-eth2", "eth2")], netifd.call, _zone)
    assert netifd.calls == []


def test_a_netifd_that_does_not_answer_is_a_problem_only_where_it_is_needed() -> None:
    def refuse(path: str, method: str, arguments: Any = None) -> Any:
        raise NoUbusError("ubus is not here")

    assert hold([], refuse, _zone) == []
    assert hold([BRIDGE], refuse, _zone) == ["netifd cannot be asked to keep our devices: ubus is not here"]


def test_a_refused_entry_is_told_and_the_rest_is_done() -> None:
    netifd = Netifd()

    def call(path: str, method: str, arguments: Any = None) -> Any:
        if method == "add_dynamic" and arguments["device"] == "br-lan":
            raise UbusError("ubus: status 9")
        return netifd.call(path, method, arguments)

    assert hold([BRIDGE, MACVLAN], call, _zone) == ["network add_dynamic: ubus: status 9"]
    assert netifd.interfaces["haven_hv4_51_br_lan"]["data"] == {"zone": "lan"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"interface": 5},
        {"interface": [{}]},
        {"interface": [5]},
        {"interface": [{"interface": 5}]},
        [],
        "x",
        5,
    ],
)
def test_an_answer_of_netifds_that_is_none_is_a_problem(answer: object) -> None:
    def ask(path: str, method: str, arguments: dict[str, Any] | None = None) -> Any:
        return answer

    assert hold([BRIDGE, MACVLAN], ask, _zone) == [
        "netifd cannot be asked to keep our devices: its answer is not understood"
    ]
    assert hold([], ask, _zone) == []


def test_an_entry_with_odd_values_is_made_anew() -> None:
    netifd = Netifd()
    netifd.interfaces["odd"] = {"device": {}, "dynamic": False}
    netifd.interfaces[MACVLAN.name] = {"device": MACVLAN.device, "dynamic": True, "data": 5}
    assert hold([BRIDGE, MACVLAN], netifd.call, _zone) == []
    assert netifd.interfaces[MACVLAN.name]["data"] == {"zone": "lan"}


@pytest.mark.parametrize(
    ("code", "failures", "asked"),
    [("interface-unresolved", 2, 3), ("interface-unresolved", 9, 3), ("interface-unknown", 1, 1)],
)
def test_a_netifd_that_is_busy_at_a_boot_is_asked_again(code: str, failures: int, asked: int) -> None:
    model, _problems = load_text(CONFIG % 1, "haven")
    assert model is not None
    left, names = [failures], []

    def resolve(name: str) -> str:
        names.append(name)
        left[0] -= 1
        if left[0] >= 0:
            raise InterfaceError(code, interface=name, error="ubus did not answer in 5 s")
        return "br-lan"

    said = service_facts.lines(model, "haven", lambda name: service_facts.resolve_patiently(name, resolve))
    assert len(names) == asked and ("run havend" in said) == (failures < asked)


def test_what_the_service_needs_is_said_before_other_services_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "haven"
    config.write_text(CONFIG.replace("option interface 'lan'", "option device 'eth1'") % 1)

    def fail(*_what: object) -> list[str]:
        raise ValueError("a mistake")

    monkeypatch.setattr(service_facts, "apply", fail)
    monkeypatch.setattr(service_facts.sys, "argv", ["service-facts", str(config)])
    with pytest.raises(ValueError, match="a mistake"):
        service_facts.main()
    assert {"run havend", "run haven-agent"} <= set(capsys.readouterr().out.splitlines())


def test_paired_routers_are_let_in_by_every_link_of_the_gateway_and_nobody_else(tmp_path: Path) -> None:
    config = tmp_path / "haven"
    config.write_text(CONFIG.replace("option interface 'lan'", "option device 'eth1'") % 1)
    model, _problems = load(str(config))
    assert model is not None
    unpaired = service_facts.lines(model, str(config))
    paired = service_facts.lines(model, str(config), paired=["192.0.2.7", "fd00::7"])
    assert set(paired) - set(unpaired) == {
        f"rule device={device} family={source} dest_port=3781"
        for device in ("eth1", "eth2")
        for source in ("ipv4 proto=tcp src_ip=192.0.2.7", "ipv6 proto=tcp src_ip=fd00::7")
    }


LINK = """
config conntrack 'c'
	option enabled '1'
	option device '%s'
	option address '192.168.255.2'
	list peer_address '192.168.255.3'
%s"""
NEIGHBOURS = [f"family=ipv6 proto=icmp icmp_type={kind}/0" for kind in (135, 136)]
SECRET = "\toption protect 'nobody-else-knows-this-secret-of-two'\n"


@pytest.mark.parametrize(
    ("device", "more", "expected"), [("eth5", "", True), ("eth5", SECRET, False), ("eth2", "", False)]
)
def test_who_joins_is_let_in_by_the_cable_between_the_routers_alone(
    device: str, more: str, expected: bool
) -> None:
    model, problems = load_text(CONFIG % 1 + LINK % (device, more), "haven")
    assert model is not None, problems
    said = service_facts.lines(model, "haven", lambda _name: "br-lan")
    wide = [line for line in said if "src_ip=fe80::/10 dest_port=378" in line]
    assert wide == [
        f"rule device=eth5 family=ipv6 proto={proto} src_ip=fe80::/10 dest_port={port}"
        for proto, port in (("udp", 3783), ("tcp", 3781))
        if expected
    ]
    # A link in no zone: without these the kernel never learns whom to answer.
    assert _neighbours(said) == (["rule device=eth5 " + each for each in NEIGHBOURS] if expected else [])


@pytest.mark.parametrize("secret", ["", SECRET])
def test_a_peer_of_ipv6_on_a_link_in_no_zone_is_found(secret: str) -> None:
    link = (LINK % ("eth5", secret)).replace("192.168.255.", "fd99::")
    model, problems = load_text(CONFIG % 1 + link, "haven")
    assert model is not None, problems
    said = service_facts.lines(model, "haven", lambda _name: "br-lan")
    assert _neighbours(said) == ["rule device=eth5 " + each for each in NEIGHBOURS]


def _neighbours(said: list[str]) -> list[str]:
    return [line for line in said if "icmp_type=135/" in line or "icmp_type=136/" in line]


def test_hosts_that_ask_for_their_routers_are_let_in_where_haven_answers() -> None:
    six = "config virtual_router 'six'\n\toption interface 'lan'\n\toption vrid '51'\n"
    six += "\tlist address 'fe80::1/64'\n"
    for ra in (0, 1):
        text = CONFIG % 1 + six + "\toption ra '%d'\n" % ra
        model, problems = load_text(text, "/etc/config/haven")
        assert model is not None, problems
        said = service_facts.lines(model, "haven", lambda _name: "br-lan")
        assert said.count("rule device=br-lan family=ipv6 proto=icmp icmp_type=133/0") == ra
        # odhcpd's configuration is ours, too: the service looks again when it changes.
        assert said.count("package dhcp") == ra
