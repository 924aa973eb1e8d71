# SPDX-License-Identifier: GPL-2.0-or-later
"""haven in /etc/config/dhcp: it adds what is asked for, owns exactly that, and takes it back."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.atomic_file import write_whole
from haven.cli.main import main
from haven.config.load import load_text
from haven.config.model import Model
from haven.config.uci.document import parse
from haven.openwrt import applied_files as applying
from haven.openwrt.applied_files import ApplyError, RouterFiles, apply, look, take_back

DHCP = """
config dnsmasq
	option domainneeded '1'

config dhcp 'lan'
	option interface 'lan'
	option start '100'
	list dhcp_option '42,192.168.1.9'

config dhcp
	option interface 'guest'
	option start '10'
"""
CONFIG = """
config haven 'main'
	option enabled '%(enabled)s'
%(main)s
config virtual_router 'lan'
	option interface 'lan'
	option vrid '51'
	list address '%(address)s/24'
%(more)s
"""
CLIENTS = "config dhcp 'clients'\n\toption interface 'lan'\n"


def model(more: str = CLIENTS, address: str = "192.168.1.1", enabled: int = 1, main: str = "") -> Model:
    """Check a configuration with one LAN."""
    values = {"more": more, "address": address, "enabled": enabled, "main": main}
    found, problems = load_text(CONFIG % values, "haven", "r1")
    assert found is not None, problems
    return found


class Machine(RouterFiles):
    """A router in a folder, with a uci."""

    def __init__(self, root: Path, uci: list[str]) -> None:
        super().__init__(str(root), uci)
        self.path = root / "etc/config/dhcp"
        self.told = 0

    def tell_dnsmasq(self) -> None:
        """Count."""
        self.told += 1

    def lan(self, option: str, section: int = 0) -> list[str]:
        """Read the values of an option of a LAN, as dnsmasq's init script would."""
        lans = [each for each in parse(self.path.read_text(), "", "dhcp")[0] if each.type == "dhcp"]
        return [entry.value for entry in lans[section].entries if entry.name == option]

    def write(self, text: str) -> None:
        """Put a configuration in place."""
        self.path.write_text(text)


@pytest.fixture(params=["stand-in", "uci"])
def router(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A router with the stand-in, and the same with the real uci where there is one."""
    uci = [sys.executable, str(Path(__file__).parent / "fake_uci.py")]
    if request.param == "uci":
        if shutil.which("uci") is None:
            pytest.skip("uci is not here: its stand-in alone was tried")
        uci = ["uci"]
    (tmp_path / "etc/config").mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(Path(applying.__file__).parents[2]))
    machine = Machine(tmp_path, uci)
    machine.write(DHCP)
    return machine


def test_the_clients_get_the_virtual_address_as_gateway_and_dns(router: Machine):
    assert apply(model(), router) == []
    assert router.lan("force") == ["1"]
    assert router.lan("dhcp_option") == ["42,192.168.1.9", "3,192.168.1.1", "6,192.168.1.1"]
    assert router.lan("start") == ["100"] and router.lan("dhcp_option", 1) == []
    assert router.told == 1


def test_the_difference_is_shown_before_it_is_made(router: Machine):
    found = look(model(), router)
    assert found.batch() == [
        "add_list dhcp.lan.dhcp_option='3,192.168.1.1'",
        "add_list dhcp.lan.dhcp_option='6,192.168.1.1'",
        "set dhcp.lan.force='1'",
    ]
    assert router.path.read_text() == DHCP and not Path(router.note).exists()


def test_applied_twice_changes_nothing(router: Machine):
    apply(model(), router)
    before = router.path.read_text(), Path(router.note).read_text()
    assert apply(model(), router) == [] and look(model(), router).batch() == []
    assert (router.path.read_text(), Path(router.note).read_text()) == before
    assert router.told == 1


def test_another_virtual_address_changes_the_options(router: Machine):
    apply(model(), router)
    assert apply(model(address="192.168.1.7"), router) == []
    assert router.lan("dhcp_option") == ["42,192.168.1.9", "3,192.168.1.7", "6,192.168.1.7"]


def test_other_options_that_are_asked_for(router: Machine):
    apply(model(CLIENTS + "\tlist dhcp_option '3'\n\tlist dhcp_option '42'\n"), router)
    assert "3,192.168.1.1" in router.lan("dhcp_option") and "6,192.168.1.1" not in router.lan("dhcp_option")


SIX = """
config virtual_router 'lan6'
	option interface 'lan'
	option vrid '51'
	option ra '%d'
	list address 'fe80::1/64'
"""
SERVES = DHCP.replace("option start '100'", "option ra 'server'\n\toption start '100'")


@pytest.mark.parametrize("with_clients", [False, True])
def test_odhcpd_is_silent_where_haven_advertises_and_gets_its_value_back(router: Machine, with_clients: bool):
    clients = CLIENTS if with_clients else ""
    router.write(SERVES)
    assert apply(model(clients + SIX % 1), router) == []
    assert router.lan("ra") == ["disabled"] and router.lan("ra", 1) == []
    assert (
        apply(model(clients + SIX % 1), router) == [] and look(model(clients + SIX % 1), router).batch() == []
    )
    assert apply(model(clients + SIX % 0), router) == []
    assert router.lan("ra") == ["server"]
    apply(model(SIX % 1), router)
    assert take_back(router) == []
    assert [_lines(each) for each in router.dhcp()] != [] and router.lan("ra") == ["server"]
    assert router.lan("force") == [] and not Path(router.note).exists()


def test_what_the_user_says_of_advertisements_is_the_users(router: Machine):
    router.write(SERVES.replace("'server'", "'disabled'"))
    assert look(model(SIX % 1), router).batch() == []
    router.write(SERVES)
    apply(model(SIX % 1), router)
    # Of late: it stands against ours, and is named.
    router.write(router.path.read_text().replace("option ra 'disabled'", "option ra 'relay'"))
    (told,) = apply(model(SIX % 1), router)
    assert "hands on another router's advertisements" in told
    assert apply(model(SIX % 0), router) == [] and router.lan("ra") == ["relay"]


def test_a_router_without_odhcpd_needs_no_configuration_of_it(router: Machine):
    router.path.unlink()
    assert apply(model(SIX % 1), router) == []


def test_a_note_of_something_else_is_refused(router: Machine):
    router.write(SERVES)
    Path(router.note).parent.mkdir(parents=True, exist_ok=True)
    Path(router.note).write_text('{"dhcp": {"lan": {"ra": 1}}}')
    (told,) = set(apply(model(SIX % 1), router))
    assert "it is no note of haven's" in told and router.lan("ra") == ["server"]


@pytest.mark.parametrize("less", [{"more": ""}, {"enabled": 0}])
def test_it_is_taken_back_with_the_section_or_the_switch(router: Machine, less: dict):
    before = parse(DHCP, "", "dhcp")[0]
    apply(model(), router)
    assert apply(model(**less), router) == []
    after = parse(router.path.read_text(), "", "dhcp")[0]
    assert [_lines(each) for each in after] == [_lines(each) for each in before]
    assert not Path(router.note).exists()


def _lines(section: object) -> list[tuple[str, str, bool]]:
    return [(entry.name, entry.value, entry.listed) for entry in section.entries]


def test_what_the_user_had_already_is_not_ours_to_take(router: Machine):
    router.write(DHCP.replace("'42,192.168.1.9'", "'3,192.168.1.1'\n\toption force '1'"))
    apply(model(), router)
    assert router.lan("dhcp_option") == ["3,192.168.1.1", "6,192.168.1.1"]
    take_back(router)
    assert router.lan("dhcp_option") == ["3,192.168.1.1"] and router.lan("force") == ["1"]


def test_what_stands_against_it_is_said_and_left(router: Machine):
    router.write(DHCP.replace("'42,192.168.1.9'", "'3,192.168.1.99'\n\toption force '0'"))
    problems = apply(model(), router)
    assert len(problems) == 2
    place = "/etc/config/dhcp: dhcp 'lan', option "
    what = "'dhcp_option': '3,192.168.1.99' stands against '3,192.168.1.1'; remove one of them"
    assert problems[0] == place + what
    assert problems[1].startswith(place + "'force': '0' keeps dnsmasq")
    found = [each.as_dict() for each in look(model(), router).conflicts]
    assert [(each["code"], each["section_name"], each["option"]) for each in found] == [
        ("dhcp-option-other", "lan", "dhcp_option"),
        ("dhcp-force-off", "lan", "force"),
    ]
    assert router.lan("dhcp_option") == ["3,192.168.1.99", "6,192.168.1.1"] and router.lan("force") == ["0"]
    take_back(router)
    assert router.lan("dhcp_option") == ["3,192.168.1.99"] and router.lan("force") == ["0"]


def test_the_command_tells_programs_codes_and_facts(
    router: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    router.write(DHCP.replace("'42,192.168.1.9'", "'3,192.168.1.99'"))
    monkeypatch.setattr(applying, "RouterFiles", lambda: router)
    config = tmp_path / "haven"
    config.write_text(CONFIG % {"more": CLIENTS, "address": "192.168.1.1", "enabled": 1, "main": ""})
    assert main(["dhcp", "--json", "--config", str(config)]) == 1
    document = json.loads(capsys.readouterr().out)
    (conflict,) = document["conflicts"]
    assert (conflict["code"], conflict["section_name"]) == ("dhcp-option-other", "lan")
    assert ["lan", "dhcp_option", "6,192.168.1.1"] in document["added"]


def test_what_the_user_removed_is_put_back_and_what_he_made_of_it_stays(router: Machine):
    apply(model(), router)
    router.write(router.path.read_text().replace("'3,192.168.1.1'", "'3,10.0.0.1'"))
    assert "stands against" in apply(model(), router)[0]
    take_back(router)
    assert router.lan("dhcp_option") == ["42,192.168.1.9", "3,10.0.0.1"]


def test_a_lan_without_a_name_of_its_section(router: Machine):
    more = "\nconfig virtual_router 'guest'\n\toption interface 'guest'\n\toption vrid '9'\n"
    more += "\tlist address '10.1.1.1/24'\nconfig dhcp\n\toption interface 'guest'\n"
    assert apply(model(more), router) == []
    assert router.lan("dhcp_option", 1) == ["3,10.1.1.1", "6,10.1.1.1"]
    take_back(router)
    assert router.lan("dhcp_option", 1) == [] and router.lan("force", 1) == []


def test_a_lan_that_is_not_there_is_said(router: Machine):
    router.write("config dnsmasq\n")
    assert apply(model(), router) == [
        "/etc/config/dhcp: has no section with option interface 'lan': nothing to add to"
    ]


def test_without_the_file_or_uci_the_note_stays_as_it_was(router: Machine):
    apply(model(), router)
    before = Path(router.note).read_text()
    router.path.unlink()
    assert apply(model(), router)[0].startswith("uci export: ")
    assert Path(router.note).read_text() == before
    with pytest.raises(ApplyError, match="uci cannot be run"):
        RouterFiles(str(router.path.parents[2]), ["/nowhere/uci"]).dhcp()


def test_a_power_cut_between_note_and_change_leaves_nothing_that_is_not_known(
    router: Machine, monkeypatch: pytest.MonkeyPatch
):
    """The note comes first: after it, done or not, everything can still be taken back."""

    class PowerCut(Exception):
        pass

    def cut(self: RouterFiles, octets: bytes) -> None:
        raise PowerCut

    whole = RouterFiles.write_dhcp
    monkeypatch.setattr(RouterFiles, "write_dhcp", cut)
    with pytest.raises(PowerCut):
        apply(model(), router)
    monkeypatch.setattr(RouterFiles, "write_dhcp", whole)
    assert router.path.read_text() == DHCP
    assert apply(model(), router) == [] and "3,192.168.1.1" in router.lan("dhcp_option")
    take_back(router)
    assert router.lan("dhcp_option") == ["42,192.168.1.9"] and router.lan("force") == []


def _plant(folder: Path) -> None:
    """Put a change into a folder as another user could, in the words of uci."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dhcp").write_text("dhcp.@dnsmasq[0].dhcpscript='/tmp/evil'\n")


def test_changes_that_another_user_has_planted_are_not_taken(router: Machine):
    _plant(router.path.parents[2] / "tmp/.uci-haven")
    assert apply(model(), router) == []
    assert "evil" not in router.path.read_text() and router.lan("force") == ["1"]
    assert [path.name for path in router.path.parents[2].glob("var/run/haven/*")] == []


def _of_nobody(folder: Path) -> None:
    os.chown(folder, 65534, 65534)


def _behind_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("behind"))
    folder.symlink_to("behind")
    os.chown(folder, 65534, 65534, follow_symlinks=False)


@pytest.mark.parametrize("spoil", [_of_nobody, _behind_a_link, lambda folder: folder.chmod(0o777)])
def test_uci_gets_no_folder_that_others_can_put_changes_into(router: Machine, spoil: Callable[[Path], None]):
    folder = Path(router.run_dir)
    folder.mkdir(parents=True)
    spoil(folder)
    problems = apply(model(), router)
    assert len(problems) == 1 and problems[0].startswith(str(folder) + " cannot be used: ")
    assert router.path.read_text() == DHCP


def test_a_link_beside_a_file_leads_nowhere(tmp_path: Path):
    victim, path = tmp_path / "victim", tmp_path / "dhcp"
    victim.write_text("kept")
    (tmp_path / f"dhcp.{os.getpid()}.new").symlink_to(victim)
    write_whole(str(path), b"new", 0o640)
    assert (victim.read_text(), path.read_text()) == ("kept", "new")
    assert not path.is_symlink() and path.stat().st_mode & 0o777 == 0o640


def test_nothing_asked_for_and_nothing_ours_touches_nothing(router: Machine):
    router.path.unlink()
    assert apply(model(""), router) == [] and not Path(router.note).parent.exists()


@pytest.mark.parametrize(
    "note",
    [
        "{",
        "[]",
        '{"dhcp": []}',
        '{"dhcp": null}',
        '{"dhcp": {"lan": 5}}',
        '{"dhcp": {"lan": {"dhcp_option": 5}}}',
        '{"dhcp": {"lan": {"dhcp_option": [5]}}}',
        '{"keep": 5}',
        '{"keep": {"a": 1}}',
        '{"keep": [5]}',
        "[" * 100000,
        "\xff",
    ],
)
def test_a_damaged_note_is_said_and_nothing_is_changed(router: Machine, note: str):
    Path(router.note).parent.mkdir(parents=True)
    Path(router.note).write_bytes(note.encode("latin1"))
    assert "owned.json: cannot be read" in apply(model(), router)[0]
    assert router.path.read_text() == DHCP


KEEP = "\tlist keep '/etc/conntrackd'\n\tlist keep '/root/notes'\n"


def test_what_a_sysupgrade_keeps_is_added_once_and_goes_with_the_option(router: Machine):
    path = Path(router.sysupgrade)
    path.write_text("## This file\n# contains\n/etc/mine\n/root/notes\n")
    for _ in range(2):
        assert apply(model("", main=KEEP), router) == []
        assert path.read_text() == "## This file\n# contains\n/etc/mine\n/root/notes\n/etc/conntrackd\n"
    assert apply(model(""), router) == []
    assert path.read_text() == "## This file\n# contains\n/etc/mine\n/root/notes\n"
    assert not Path(router.note).exists()


def test_the_package_takes_its_sysupgrade_lines_with_it(router: Machine):
    apply(model(main=KEEP), router)
    assert take_back(router) == []
    assert Path(router.sysupgrade).read_text() == ""
    assert not Path(router.note).parent.exists()
