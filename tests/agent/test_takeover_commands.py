# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of a takeover, by the manual's own examples, against a server that behaves like two clouds."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.config.load import load_text
from haven.plan.takeover_commands import takeover_steps
from tests.agent.stand_in_cloud import CALLS, TOKEN, StandInCloud
from tests.agent.test_service_part import Shop, settled, shop
from tests.agent.turns import Turns

__all__ = ["shop"]

PAGE = Path(__file__).parents[2] / "docs/cloud.md"
CONFIG = """config haven 'main'
	option node 'r1'
config group 'gateway'
%s	option takeover_timeout '1'
config virtual_router 'wan'
	option group 'gateway'
	option device 'lo'
	option vrid '51'
	list address '203.0.113.10/32'
"""
HETZNER, OCEAN = CALLS
NAME = "gateway takeover 1"


@pytest.fixture
def cloud() -> Iterator[StandInCloud]:
    made = StandInCloud()
    yield made
    made.close()


def script(name: str, cloud: StandInCloud, folder: Path, token: str = TOKEN) -> str:
    """Write a script of the manual's with the stand-in's address and a token, and return its path."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    (text,) = [block for block in blocks if f"# float-{name} " in block]
    (folder / "token").write_text(token)
    text = re.sub(r"https?://[\w.]+", cloud.url, text).replace(
        "/etc/haven/cloud-token", str(folder / "token")
    )
    path = folder / f"float-{name}"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def offer(shop: Shop, *commands: str) -> None:
    """Take the plan of a configuration with these takeover commands."""
    lines = "".join(f"\tlist takeover_command '{command}'\n" for command in commands)
    model, problems = load_text(CONFIG % lines, "")
    assert model is not None and problems == []
    shop.offer(*takeover_steps(model))


@pytest.mark.parametrize(
    ("name", "word", "path", "machine"),
    [("hetzner", "4711", HETZNER, 1001), ("digitalocean", "203.0.113.10", OCEAN, 2002)],
)
def test_the_active_calls_for_the_address_on_every_takeover(
    name: str,
    word: str,
    path: str,
    machine: int,
    shop: Shop,
    turns: Turns,
    cloud: StandInCloud,
    tmp_path: Path,
) -> None:
    offer(shop, f"{script(name, cloud, tmp_path)} {word}")
    shop.role("backup")
    settled(turns, shop, NAME, "stopped")
    assert cloud.calls == []
    for count in (1, 2):
        shop.role("active")
        settled(turns, shop, NAME, "running")
        assert cloud.calls == [(path, machine)] * count and cloud.holders == {path: machine}
        shop.role("backup")
        settled(turns, shop, NAME, "stopped")
        # The other router has it meanwhile.
        cloud.holders[path] = 3003


@pytest.mark.parametrize("refusal", [(423, "locked"), (429, "rate_limit_exceeded"), (500, "server_error")])
@pytest.mark.parametrize(("name", "word"), [("hetzner", "4711"), ("digitalocean", "203.0.113.10")])
def test_a_refusal_is_told_with_its_words_and_tried_again(
    refusal: tuple[int, str],
    name: str,
    word: str,
    shop: Shop,
    turns: Turns,
    cloud: StandInCloud,
    tmp_path: Path,
) -> None:
    cloud.refusals = [refusal]
    offer(shop, f"{script(name, cloud, tmp_path)} {word}")
    shop.role("active")
    turns.until(lambda: shop.state(NAME)["failure"] is not None, "the refusal is told")
    failure = shop.state(NAME)["failure"]
    assert failure["code"] == "status" and str(refusal[0]) in failure["words"]
    turns.advance(4)
    turns.settle()
    assert len(cloud.calls) == 1
    turns.advance(1.1)
    settled(turns, shop, NAME, "running")
    assert len(cloud.calls) == 2 and len(cloud.holders) == 1


@pytest.mark.parametrize(("name", "word"), [("hetzner", "4711"), ("digitalocean", "203.0.113.10")])
def test_an_address_that_is_here_already_is_well(
    name: str, word: str, shop: Shop, turns: Turns, cloud: StandInCloud, tmp_path: Path
) -> None:
    cloud.holders = {HETZNER: 1001, OCEAN: 2002}
    offer(shop, f"{script(name, cloud, tmp_path)} {word}")
    shop.role("active")
    settled(turns, shop, NAME, "running")
    assert shop.state(NAME)["failure"] is None


def test_an_address_that_is_said_to_be_assigned_and_is_not_here_is_no_success(
    shop: Shop, turns: Turns, cloud: StandInCloud, tmp_path: Path
) -> None:
    cloud.holders, cloud.refusals = {HETZNER: 3003}, [(422, "floating_ip_assigned")]
    offer(shop, f"{script('hetzner', cloud, tmp_path)} 4711")
    shop.role("active")
    turns.until(lambda: shop.state(NAME)["failure"] is not None, "the refusal is told")
    assert "floating_ip_assigned" in shop.state(NAME)["failure"]["words"]


def test_a_wrong_token_is_named_and_nothing_moves(
    shop: Shop, turns: Turns, cloud: StandInCloud, tmp_path: Path
) -> None:
    offer(shop, f"{script('hetzner', cloud, tmp_path, 'wrong')} 4711")
    shop.role("active")
    turns.until(lambda: shop.state(NAME)["failure"] is not None, "the refusal is told")
    assert "unauthorized" in shop.state(NAME)["failure"]["words"] and cloud.holders == {}


def test_one_that_hangs_is_killed_and_the_next_one_runs(
    shop: Shop, turns: Turns, cloud: StandInCloud, tmp_path: Path
) -> None:
    cloud.refusals = [StandInCloud.HANG]
    offer(
        shop,
        f"{script('hetzner', cloud, tmp_path)} 4711",
        f"{script('digitalocean', cloud, tmp_path)} 203.0.113.10",
    )
    shop.role("active")
    turns.until(lambda: cloud.calls, "the call is made")
    turns.advance(1.1)
    turns.until(lambda: OCEAN in cloud.holders, "the second one has run")
    assert shop.state(NAME)["failure"]["code"] == "late" and HETZNER not in cloud.holders


def test_the_order_is_that_of_the_configuration_and_before_every_service(
    shop: Shop, turns: Turns, tmp_path: Path, command: Callable[[str], str]
) -> None:
    model, _ = load_text(
        CONFIG % "".join(f"\tlist takeover_command '{command(each)}'\n" for each in "ab"), ""
    )
    assert model is not None
    shop.offer(*takeover_steps(model), shop.service("vpn"))
    shop.role("active")
    settled(turns, shop, "vpn", "running")
    assert (tmp_path / "order").read_text().split() + shop.told() == ["a", "b", "vpn start active"]


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    return lambda word: f"echo {word} >>{tmp_path}/order"
