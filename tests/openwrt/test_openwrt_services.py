# SPDX-License-Identifier: GPL-2.0-or-later
"""What OpenWrt starts at boot while haven starts it by role: away, remembered, and put back as it was."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.atomic_file import write_whole
from haven.config.load import load_text
from haven.config.model import Model
from haven.openwrt import applied_files, boot_start
from haven.openwrt.applied_files import RouterFiles, apply, give_back_boot, take_back

CONFIG = """
config haven 'main'
	option enabled '{enabled}'
config virtual_router 'lan'
	option device 'lan'
	option vrid '51'
	list address '192.168.1.1/24'
{more}
"""
DNS = "config service 'dns'\n\toption profile 'dnsmasq'\n"
VPN = "config service 'vpn'\n\toption profile 'openvpn'\n"
LINKS = {
    "K10openvpn": "../init.d/openvpn",
    "S19dnsmasq": "../init.d/dnsmasq",
    "S20network": "../init.d/network",
    "S22haven": "../init.d/haven",
    "S90openvpn": "../init.d/openvpn",
    "S98sysntpd": "../init.d/sysntpd",
}


def model(more: str = DNS + VPN, enabled: int = 1) -> Model:
    """Check a configuration."""
    found, problems = load_text(CONFIG.format(more=more, enabled=enabled), "haven", "r1")
    assert found is not None, problems
    return found


class Boots:
    """A router whose folder of links is looked at."""

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "etc/rc.d"
        self.folder.mkdir(parents=True)
        (root / "etc/init.d").mkdir()
        for link, target in LINKS.items():
            (self.folder / link).symlink_to(target)
            (root / "etc/init.d" / link[3:]).touch()
        self.files = RouterFiles(str(root))

    def links(self) -> dict[str, str]:
        """Return the links, and where they lead."""
        return {name: os.readlink(self.folder / name) for name in sorted(os.listdir(self.folder))}

    def starts(self) -> list[str]:
        """Return what is started at boot, of what is not the system's own."""
        own = ("network", "haven", "sysntpd")
        return [name for name in self.links() if name[0] == "S" and name[3:] not in own]


@pytest.fixture
def router(tmp_path: Path) -> Boots:
    return Boots(tmp_path)


def test_what_runs_by_role_is_not_started_at_boot(router: Boots):
    assert apply(model(), router.files) == []
    assert router.starts() == []
    # What stops it at a shutdown stays.
    assert "K10openvpn" in router.links()


def test_what_runs_on_all_routers_is(router: Boots):
    more = "config service 'ntp'\n\toption profile 'sysntpd'\n" + DNS.replace(
        "\n\t", "\n\toption role 'both'\n\t"
    )
    apply(model(more), router.files)
    assert router.links() == LINKS


@pytest.mark.parametrize(
    "change",
    [
        lambda files: apply(model(""), files),
        lambda files: apply(model(enabled=0), files),
        lambda files: give_back_boot(files),
        lambda files: take_back(files),
        lambda files: apply(model((DNS + VPN).replace("\n\t", "\n\toption enabled '0'\n\t")), files),
    ],
)
def test_it_is_given_back_as_it_was(router: Boots, change: Callable[[RouterFiles], list[str]]):
    for _ in range(2):
        apply(model(), router.files)
    assert change(router.files) == []
    assert router.links() == LINKS
    assert not os.path.exists(router.files.note)


def test_one_that_leaves_is_given_back_alone(router: Boots):
    apply(model(), router.files)
    apply(model(DNS), router.files)
    assert router.starts() == ["S90openvpn"]


def test_one_that_was_not_started_at_boot_is_not_afterwards(router: Boots):
    (router.folder / "S90openvpn").unlink()
    apply(model(), router.files)
    give_back_boot(router.files)
    assert router.starts() == ["S19dnsmasq"]


def test_what_a_user_enables_meanwhile_is_taken_again_and_given_back(router: Boots):
    apply(model(), router.files)
    (router.folder / "S60openvpn").symlink_to("../init.d/openvpn")
    apply(model(), router.files)
    assert router.starts() == []
    give_back_boot(router.files)
    assert router.starts() == ["S19dnsmasq", "S60openvpn"]


def test_one_whose_package_is_gone_leaves_no_link(router: Boots):
    apply(model(), router.files)
    (router.root / "etc/init.d/openvpn").unlink()
    give_back_boot(router.files)
    assert router.starts() == ["S19dnsmasq"]


def test_another_with_a_like_name_is_left_alone(router: Boots):
    (router.folder / "S90dnsmasq-full").symlink_to("../init.d/dnsmasq-full")
    apply(model(), router.files)
    assert router.starts() == ["S90dnsmasq-full"]


def test_a_power_cut_at_any_step_leaves_nothing_that_is_not_known(
    router: Boots, monkeypatch: pytest.MonkeyPatch
):
    """Each write, removal and link may be the last thing that happens."""
    for what in (lambda: apply(model(), router.files), lambda: apply(model(""), router.files)):
        for last in range(12):
            steps = [0]

            def step(act: Callable[..., object], steps: list[int] = steps, last: int = last):
                def stepped(*words: object, **more: object) -> object:
                    steps[0] += 1
                    if steps[0] > last:
                        raise KeyboardInterrupt
                    return act(*words, **more)

                return stepped

            with monkeypatch.context() as patch:
                patch.setattr("haven.openwrt.owned.write_whole", step(write_whole))
                patch.setattr(boot_start.os, "symlink", step(os.symlink))
                patch.setattr(boot_start.os, "unlink", step(os.unlink))
                with contextlib.suppress(KeyboardInterrupt):
                    what()
            known = applied_files.owned.read(router.files.note).get("boot", {})
            present = [name for name in LINKS if name in router.links()]
            assert all(name in present or name in known.values() for name in LINKS)
    apply(model(""), router.files)
    assert router.links() == LINKS


def test_a_folder_that_cannot_be_written_is_said(router: Boots, monkeypatch: pytest.MonkeyPatch):
    def refuse(_path: str) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(boot_start.os, "unlink", refuse)
        assert apply(model(), router.files) == ["/etc/rc.d: cannot be written: Read-only file system"]


def test_a_router_without_such_a_folder_has_nothing_to_give(tmp_path: Path):
    files = RouterFiles(str(tmp_path))
    assert apply(model(), files) == [] and give_back_boot(files) == []


@pytest.mark.parametrize("note", ['{"boot": []}', '{"boot": {"dnsmasq": 5}}'])
def test_a_damaged_note_is_said_and_nothing_is_changed(router: Boots, note: str):
    Path(router.files.note).parent.mkdir(parents=True)
    Path(router.files.note).write_text(note)
    assert "owned.json: cannot be read" in apply(model(), router.files)[0]
    assert router.links() == LINKS
