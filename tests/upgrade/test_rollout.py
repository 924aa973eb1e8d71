# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade of both routers: its order, and that at the first trouble one of them serves as before."""

from pathlib import Path
from typing import Any

import pytest

from haven.contract.channel import OLDEST_PROTOCOL, PROTOCOL, incompatibility
from haven.contract.upgrade import UpgradeStopped
from haven.upgrade import rollout, routers
from tests.upgrade.pretend_pair import NEW, OLD, PretendPair, refusal, silent


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretendPair:
    for name in ("READY_S", "HANDOVER_S", "INSTALL_S", "BACK_S", "ROLES_S"):
        monkeypatch.setattr(rollout, name, 0.1)
    monkeypatch.setattr(routers, "POLL_S", 0.01)
    return PretendPair(tmp_path)


def stop(pair: PretendPair, *options: str) -> str:
    with pytest.raises(UpgradeStopped) as found:
        pair.rollout(*options).run()
    return found.value.code


def versions(pair: PretendPair) -> list[str]:
    return [router.installed["haven"] for router in pair.routers.values()]


def test_the_standby_is_first_and_roles_are_as_before(pair: PretendPair) -> None:
    upgrade = pair.rollout()
    upgrade.run()
    assert versions(pair) == [NEW, NEW] and pair.active == "r1"
    assert [each for each in pair.said if each.startswith("installs")] == ["installs r2", "installs r1"]
    assert all(router.received == Path(pair.package.path).read_bytes() for router in pair.routers.values())
    assert not any(router.maintenance for router in pair.routers.values())
    assert upgrade.roles == "everybody is what it was" and pair.notes.read() is None


def test_it_does_not_matter_who_is_active(pair: PretendPair) -> None:
    pair.active = "r2"
    pair.rollout().run()
    assert [each for each in pair.said if each.startswith("installs")] == ["installs r1", "installs r2"]
    assert versions(pair) == [NEW, NEW] and pair.active == "r2"


@pytest.mark.parametrize("active", ["r1", "r2", "r3"])
def test_of_three_the_active_is_last_and_is_active_again_whatever_it_ranks(
    tmp_path: Path, pair: PretendPair, active: str
) -> None:
    three = PretendPair(tmp_path, "r3")
    three.active = active
    upgrade = three.rollout()
    upgrade.run()
    assert versions(three) == [NEW] * 3 and three.active == active
    order = [each for each in three.said if each.startswith("installs")]
    assert len(order) == 3 and order[-1] == f"installs {active}"
    assert not any(router.maintenance for router in three.routers.values())
    assert upgrade.roles == "everybody is what it was" and three.notes.read() is None


def test_of_three_those_after_the_one_in_trouble_are_not_touched(tmp_path: Path, pair: PretendPair) -> None:
    three = PretendPair(tmp_path, "r3")
    three.routers["r2"].goes_wrong["upgrade-install"] = refusal("upgrade-busy")
    assert stop(three) == "refused"
    assert versions(three) == [OLD, OLD, NEW] and three.active == "r1"
    del three.routers["r2"].goes_wrong["upgrade-install"]
    three.rollout().run()
    assert versions(three) == [NEW] * 3 and three.active == "r1"


def test_whoever_is_active_at_the_end_stays_so_if_that_is_wanted(pair: PretendPair) -> None:
    upgrade = pair.rollout("stay")
    upgrade.run()
    assert pair.active == "r2" and upgrade.roles == "r2 is Active for gateway now"


def test_what_is_there_already_is_left_alone(pair: PretendPair) -> None:
    for router in pair.routers.values():
        router.installed, router.running = {"haven": NEW}, "2.0"
    pair.rollout().run()
    asked = {each for router in pair.routers.values() for each in router.asked}
    assert asked == {"status", "upgrade-state"} and pair.notes.read() is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"goes_wrong": {"upgrade-state": silent()}}, "peer-away"),
        ({"goes_wrong": {"upgrade-state": refusal("request-denied")}}, "haven-older"),
        ({"goes_wrong": {"upgrade-offer": refusal("upgrade-off")}}, "refused"),
        ({"goes_wrong": {"upgrade-offer": refusal("room-flash")}}, "refused"),
        ({"state_when_standby": "fault"}, "in-fault"),
        ({"maintenance": True}, "in-maintenance"),
        ({"copies": False}, "not-copied"),
        ({"in_sync": False}, "not-ready"),
    ],
)
def test_a_pair_that_is_not_well_is_not_touched(change: dict[str, Any], code: str, pair: PretendPair) -> None:
    vars(pair.routers["r2"]).update(change)
    assert stop(pair) == code
    assert versions(pair) == [OLD, OLD] and pair.active == "r1" and pair.notes.read() is None
    assert "maintenance_" not in pair.routers["r1"].asked + pair.routers["r2"].asked


def test_connections_are_lost_when_that_is_said_alone(pair: PretendPair) -> None:
    for router in pair.routers.values():
        router.copies = False
    pair.rollout("lose-connections").run()
    assert versions(pair) == [NEW, NEW]


@pytest.mark.parametrize(
    ("request_", "answer", "code"),
    [
        ("upgrade-piece", silent(), "not-sent"),
        ("upgrade-piece", refusal("piece-wrong"), "not-sent"),
        ("upgrade-install", refusal("upgrade-busy"), "refused"),
        ("maintenance_", silent(), "not-handed-over"),
    ],
)
def test_trouble_before_the_installation_leaves_all_as_it_was(
    request_: str, answer: Exception, code: str, pair: PretendPair
) -> None:
    pair.routers["r2"].goes_wrong[request_] = answer
    assert stop(pair) == code
    assert versions(pair) == [OLD, OLD] and pair.active == "r1"
    assert not any(router.maintenance for router in pair.routers.values())


def test_an_installation_that_fails_is_told_in_the_last_words_of_the_package_manager(
    pair: PretendPair,
) -> None:
    standby = pair.routers["r2"]

    def fail(token: str) -> dict[str, Any]:
        standby.stage, standby.words = "failed", "no space left"
        return {}

    standby.goes_wrong["upgrade-install"] = fail
    upgrade = pair.rollout()
    with pytest.raises(UpgradeStopped, match="no space left"):
        upgrade.run()
    assert pair.active == "r1" and not standby.maintenance
    assert upgrade.standing() == "r2 is Backup with haven 1.0; r1 is Active with haven 1.0"
    # With room for it the next one goes on.
    del standby.goes_wrong["upgrade-install"]
    pair.rollout().run()
    assert "goes-on" in pair.said and versions(pair) == [NEW, NEW] and pair.active == "r1"


@pytest.mark.parametrize(
    "change",
    [
        {"state_when_standby": "fault"},
        {"in_sync": False},
        {"problems": [{"code": "plan-refused", "about": "haven", "message": "it is refused"}]},
        {"running": "1.0"},
    ],
)
def test_a_standby_that_does_not_come_back_stays_in_maintenance_and_the_other_serves(
    change: dict[str, Any], pair: PretendPair
) -> None:
    standby = pair.routers["r2"]

    def install(token: str) -> dict[str, Any]:
        standby.upgrade_install(token)
        vars(standby).update(change)
        return {}

    standby.goes_wrong["upgrade-install"] = install
    assert stop(pair) == "not-back"
    assert pair.active == "r1" and standby.maintenance and versions(pair) == [OLD, NEW]
    # What was the matter is mended by hand, and the next one does the rest.
    standby.state_when_standby, standby.in_sync, standby.problems, standby.running = "backup", True, [], "2.0"
    pair.rollout().run()
    assert versions(pair) == [NEW, NEW] and pair.active == "r1" and not standby.maintenance


def test_problems_that_were_there_before_are_in_nobodys_way(pair: PretendPair) -> None:
    for router in pair.routers.values():
        router.problems = [{"code": "flapping", "about": "lan", "message": "it flaps"}]
    pair.rollout().run()
    assert versions(pair) == [NEW, NEW]


def test_the_active_one_stays_when_nobody_takes_over(pair: PretendPair) -> None:
    standby = pair.routers["r2"]
    upgrade = standby.upgrade_install

    def install(token: str) -> dict[str, Any]:
        upgrade(token)
        pair.routers["r1"].goes_wrong["maintenance_"] = lambda on: {"still_active": ["gateway"] if on else []}
        return {}

    standby.goes_wrong["upgrade-install"] = install
    assert stop(pair) == "not-handed-over"
    assert pair.active == "r1" and versions(pair) == [OLD, NEW]


class PowerCut(BaseException):
    """Ends whoever carries it out, wherever it is."""


def test_a_power_cut_at_any_request_is_gone_on_from(pair: PretendPair, tmp_path: Path) -> None:
    places = 0
    for number in range(200):
        pair = PretendPair(tmp_path)
        left = [number]
        plain = pair.ask

        def ask(node: str, command: str, plain: Any = plain, left: list[int] = left, **arguments: Any) -> Any:
            if left[0] == 0:
                raise PowerCut
            left[0] -= 1
            return plain(node, command, **arguments)

        pair.ask = ask  # type: ignore[method-assign]
        try:
            pair.rollout().run()
            break
        except PowerCut:
            places += 1
        pair.ask = plain  # type: ignore[method-assign]
        assert pair.active in pair.routers
        pair.rollout().run()
        assert versions(pair) == [NEW, NEW] and pair.active == "r1", number
        assert not any(router.maintenance for router in pair.routers.values()), number
        assert pair.notes.read() is None
    assert places > 30


def test_a_note_that_cannot_be_written_stops_it_before_anything_is_done(
    pair: PretendPair, tmp_path: Path
) -> None:
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/haven").write_text("no folder")
    assert stop(pair) == "not-noted"
    assert versions(pair) == [OLD, OLD]


def test_a_file_that_changed_meanwhile_is_not_installed(pair: PretendPair) -> None:
    Path(pair.package.path).write_bytes(b"short")
    assert stop(pair) == "file-changed"
    assert versions(pair) == [OLD, OLD]


def test_versions_that_do_not_understand_each_other_say_which_to_upgrade() -> None:
    hello = {"protocol": PROTOCOL, "version": "3.1"}
    assert incompatibility(hello, "2.0") == ""
    assert incompatibility({**hello, "oldest": PROTOCOL}, "2.0") == ""
    newer = incompatibility({**hello, "oldest": PROTOCOL + 1}, "2.0")
    assert newer == "haven 2.0 is too old for its 3.1: upgrade this router"
    older = incompatibility({**hello, "protocol": OLDEST_PROTOCOL - 1}, "2.0")
    assert older == "its haven 3.1 is too old for 2.0 here: upgrade that router"


def test_an_installation_that_somebody_else_has_begun_is_waited_for_and_done_again(pair: PretendPair) -> None:
    standby = pair.routers["r2"]
    standby.stage = "installing"
    states = iter(["installing", "installing", "failed", "failed"])

    def state() -> dict[str, Any]:
        standby.stage = next(states, standby.stage if standby.stage != "failed" else "idle")
        return standby.upgrade_state()

    standby.goes_wrong["upgrade-state"] = state
    pair.rollout().run()
    assert "waits-installing r2" in pair.said and versions(pair) == [NEW, NEW]


def test_what_is_installed_nowhere_is_no_upgrade(pair: PretendPair) -> None:
    for router in pair.routers.values():
        router.installed = {"luci-app-haven": OLD}
    assert stop(pair) == "nowhere"
    assert pair.said == ["left-out r2", "left-out r1"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": 5}', '{"step": "sends"}', '{"more": 1}'])
def test_a_note_that_is_none_is_in_nobodys_way(text: str, pair: PretendPair) -> None:
    path = Path(pair.notes.path)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert pair.notes.read() is None
    pair.rollout().run()
    assert versions(pair) == [NEW, NEW] and not path.exists()
