# SPDX-License-Identifier: GPL-2.0-or-later
"""How well a standby hears the Active: what is missing, and what only was late or from another router."""

import select
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from haven.agent.history.link_quality import AWAY, MINUTES, Link, LinkQuality
from haven.core.vrrp.constants import PROTOCOL
from haven.paths import DRILL_NOTE
from tests.lab.wait import wait_until

ONE, OTHER = bytes((10, 0, 0, 2)), bytes((10, 0, 0, 3))


@pytest.fixture
def link() -> Link:
    made = Link("nosuch0", 4, {51: 1_000_000})
    assert made.socket is None
    return made


def say(link: Link, times: list[float], source: bytes = ONE, priority: int = 100) -> None:
    for at in times:
        link.hear(source, 51, priority, at)


def test_what_comes_evenly_has_no_jitter_and_no_loss(link: Link):
    say(link, [float(second) for second in range(60)])
    told = link.account()
    assert (told["heard"], told["lost"], told["jitter_ms"], told["worst_ms"]) == (60, 0, 0.0, 0.0)


def test_what_is_missing_is_counted_one_by_one(link: Link):
    say(link, [0.0, 1.0, 3.0, 4.0, 8.0])
    assert (link.account()["heard"], link.account()["lost"]) == (5, 4)


def test_what_is_early_or_late_is_jitter(link: Link):
    say(link, [0.0, 1.1, 2.0, 3.0])
    told = link.account()
    assert told["lost"] == 0 and told["worst_ms"] == pytest.approx(100, abs=0.1)
    assert told["jitter_ms"] == pytest.approx(50, abs=0.1)


def test_an_active_that_was_away_has_lost_nothing_and_neither_has_another(link: Link):
    say(link, [0.0, 1.0])
    say(link, [3.5, 4.5], OTHER)
    say(link, [1.0 + AWAY])
    assert link.account()["lost"] == 0
    # Who says goodbye is expected no more.
    say(link, [12.0], priority=0)
    say(link, [15.0])
    assert link.account()["lost"] == 0


def test_a_router_that_was_silent_while_another_served_has_lost_nothing(link: Link):
    """As in a hard drill: nobody says goodbye, and the same one speaks again soon."""
    say(link, [0.0, 1.0])
    link.begin_anew()
    say(link, [6.0, 7.0])
    assert (link.account()["heard"], link.account()["lost"]) == (4, 0)


def test_a_change_of_the_active_begins_anew(link: Link):
    """The one that comes back speaks on another schedule, and says so twice where it relieves another."""
    say(link, [0.0, 1.0])
    say(link, [4.0, 5.0], OTHER)
    say(link, [5.3])
    say(link, [5.3004], OTHER)
    say(link, [5.301, 6.3, 7.3])
    told = link.account()
    assert (told["heard"], told["lost"]) == (9, 0)
    assert told["worst_ms"] == pytest.approx(1, abs=0.1)


def test_an_active_that_answers_a_rival_at_once_was_not_early(link: Link):
    """As the one that was relieved hears it: the first one, the answer to its own, and the schedule."""
    say(link, [0.0, 0.001, 1.0, 2.0])
    told = link.account()
    assert (told["worst_ms"], told["lost"]) == (0.0, 0)


def _until_heard(link: Link, count: int, act: Callable[[], None]) -> None:
    """Do this as soon as something is there, which a busy machine delivers later."""

    def is_heard() -> bool:
        if select.select([link.socket], [], [], 0)[0]:
            act()
        return bool(link.account()["heard"] == count)

    wait_until(is_heard, 30, f"{count} are heard")


def test_what_came_in_before_a_change_was_told_is_measured_by_nobody():
    # What other tests say meanwhile on the loopback of this machine has other numbers.
    heard = Link("lo", 4, {61: 10_000})
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL) as sender:
        sender.sendto(bytes((0x31, 61, 100, 1, 0, 100, 0, 0)), ("127.0.0.1", 0))
        _until_heard(heard, 1, heard.drain)
        # An Active that is gone, and back before the change is told.
        time.sleep(0.03)
        sender.sendto(bytes((0x31, 61, 100, 1, 0, 100, 0, 0)), ("127.0.0.1", 0))
    _until_heard(heard, 2, heard.begin_anew)
    heard.close()
    assert heard.account()["heard"] == 2 and heard.account()["lost"] == 0


def test_a_foreign_vrid_is_nobodys(link: Link):
    link.hear(ONE, 52, 100, 1.0)
    assert link.account()["heard"] == 0


def test_an_hour_is_remembered_and_no_more(link: Link):
    say(link, [0.0, 2.0])
    for _ in range(MINUTES - 1):
        link.turn()
    assert link.account()["lost"] == 1
    link.turn()
    assert (link.account()["lost"], link.account()["minutes"]) == (0, MINUTES)


def test_the_kernels_time_stamps_are_read_whatever_a_word_has():
    heard = Link("lo", 4, {62: 1_000_000})
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL) as sender:
        sender.sendto(bytes((0x31, 62, 100, 1, 0, 100, 0, 0)), ("127.0.0.1", 0))
    _until_heard(heard, 1, heard.drain)
    heard.close()
    assert heard.account()["heard"] and heard.account()["lost"] == 0


def test_a_clock_that_is_set_back_makes_nothing_early(link: Link):
    say(link, [7200.0, 7201.0, 5.0, 6.0])
    told = link.account()
    assert (told["lost"], told["worst_ms"]) == (0, 0.0)


class Links:
    """All links of a router; `look` is what the agent does once a second."""

    def __init__(self, folder: Path, *devices: str) -> None:
        routers = [
            {"device": each, "family": family, "vrid": 51, "advert_interval_us": 1_000_000}
            for each in devices
            for family in (4, 6)
        ]
        scope = SimpleNamespace(every=lambda _seconds, act: setattr(self, "look", act))
        around = SimpleNamespace(scope=scope, document={"virtual_routers": routers}, run_dir=str(folder))
        self.quality = LinkQuality(around)  # type: ignore[arg-type]
        self.quality.take_plan()
        self.by_place = self.quality._links

    def miss(self, device: str, every: int) -> None:
        """Let one in so many be missing on a device, for both families."""
        for family in (4, 6):
            times = [float(each) for each in range(1000) if not every or each % every]
            say(self.by_place[device, family], times)

    def blamed(self) -> set[str]:
        return {each["about"] for each in self.quality.problems()}


def test_a_link_that_loses_is_named_and_a_router_that_sends_late_on_all_is_no_bad_cable(tmp_path: Path):
    one_is_bad = Links(tmp_path, "lan", "wan")
    one_is_bad.miss("lan", 20)
    one_is_bad.miss("wan", 0)
    assert one_is_bad.blamed() == {"lan"}
    held_up = Links(tmp_path, "lan", "wan")
    held_up.miss("lan", 20)
    held_up.miss("wan", 20)
    assert held_up.blamed() == set()
    assert held_up.quality.account()[0]["lost"] > 40
    # With one cable there is nothing to compare it with.
    alone = Links(tmp_path, "lan")
    alone.miss("lan", 20)
    assert alone.blamed() == {"lan"}


def test_a_link_that_loses_says_so_of_each_family_in_words_of_its_own(tmp_path: Path):
    links = Links(tmp_path, "lan")
    links.miss("lan", 20)
    texts = [each["message"] for each in links.quality.problems()]
    assert [sum(f"IPv{family}" in text for text in texts) for family in (4, 6)] == [1, 1]


def test_nothing_is_measured_while_a_drill_holds_the_router(tmp_path: Path):
    links = Links(tmp_path, "lo")
    note = tmp_path / DRILL_NOTE
    heard = []
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, PROTOCOL) as sender:
        for is_drilled in (False, True, False):
            if is_drilled:
                note.touch()
            sender.sendto(bytes((0x31, 51, 100, 1, 0, 100, 0, 0)), ("127.0.0.1", 0))
            links.look()
            note.unlink(missing_ok=True)
            heard.append(links.by_place["lo", 4].account()["heard"])
    links.quality.close()
    assert heard == [1, 1, 2]
