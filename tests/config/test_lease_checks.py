# SPDX-License-Identifier: GPL-2.0-or-later
"""What `haven validate` says of common leases: of the section, and of what stands beside it."""

from pathlib import Path

import pytest

from haven.config.load import load, load_text

HAVEN = """
config virtual_router 'lan'
	option interface 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
config dhcp 'clients'
	option interface 'lan'
"""
HOSTS = """
config host
	option name 'printer'
	option ip '192.168.1.9'
	option mac '02:00:00:00:00:01 02:00:00:00:00:02'
config host
	option name 'printer'
	option ip '192.168.1.%d'
	option mac '02:00:00:00:00:%s'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "etc/config"
    folder.mkdir(parents=True)
    (tmp_path / "etc/haven/peers").mkdir(parents=True)
    return folder


def codes(config: Path, more: str = "\toption leases '1'\n") -> list[str]:
    (config / "haven").write_text(HAVEN + more)
    model, problems = load(config / "haven")
    assert model is not None, problems
    return [warning.code for warning in model.warnings]


def test_a_router_that_is_not_paired_is_told_so(config: Path):
    assert codes(config, "") == []
    assert codes(config) == ["leases-unpaired"]
    (config.parent / "haven/peers/peers.json").write_text("{}")
    assert codes(config) == []


@pytest.mark.parametrize(("ip", "mac", "count"), [(9, "03", 1), (10, "02", 1), (9, "01", 2), (10, "03", 0)])
def test_static_leases_that_clash_are_named(config: Path, ip: int, mac: str, count: int):
    (config.parent / "haven/peers/peers.json").write_text("{}")
    (config / "dhcp").write_text(HOSTS % (ip, mac))
    assert codes(config) == ["dhcp-host-clash"] * count


@pytest.mark.parametrize("more", ["\toption leases 'perhaps'\n", "\toption lease_file 'here'\n"])
def test_values_that_mean_nothing_are_refused(config: Path, more: str):
    (config / "haven").write_text(HAVEN + more)
    assert load(config / "haven")[0] is None


@pytest.mark.parametrize(
    ("leases", "serve", "codes"),
    [
        ("1", "both", ["dhcp-serve-both"]),
        ("1", "active", []),
        ("0", "both", []),
        ("0", "active", ["dhcp-serve-active"]),
        ("0", "halves", ["value-choice"]),
        ("maybe", "active", ["value-flag"]),
    ],
)
def test_who_serves_has_to_go_with_the_leases(leases: str, serve: str, codes: list[str]):
    text = HAVEN + f"\toption leases '{leases}'\n\toption serve '{serve}'\n"
    assert [each.code for each in load_text(text, "haven", "r1")[1]] == codes
