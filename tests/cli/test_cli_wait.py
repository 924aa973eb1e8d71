# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven status --wait`: it ends when nothing is missing, and says what is when the time is over."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haven.cli import wait
from haven.cli.main import main
from haven.contract.problems import problem
from tests.cli.fake_havend import FakeHavend
from tests.cli.subjects import STATUS
from tests.cli.test_cli_client import ROUTER
from tests.havend.plans import MAIN, lan

Fake = Callable[..., FakeHavend]


def document(name: str) -> dict:
    """Read a recorded status."""
    return json.loads((STATUS.parent / f"{name}.json").read_text())


def well() -> dict:
    """Return the status of an Active whose other routers have all its connections."""
    status = document("copied")
    status["peers"] = [peer for peer in status["peers"] if peer["in_sync"]]
    status["at_risk"] = []
    return status


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a minute here."""
    monkeypatch.setattr(wait, "LIMIT_S", 0.3)
    monkeypatch.setattr(wait, "PERIOD_S", 0.01)


def test_what_is_well_is_shown_at_once(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    havend = fake(status=well())
    assert main(["--run-dir", str(havend.run_dir), "status", "--wait"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("All is well") and not err
    # Once to see that all is well, once to show it.
    assert havend.asked() == ["status", "status"]


def test_it_waits_until_the_node_has_found_its_place(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    answers: Iterator[dict] = iter(
        [document("starting"), document("nobody_heard"), document("copy_not_in_sync")]
    )
    havend = fake(status=lambda request: next(answers, well()))
    assert main(["--run-dir", str(havend.run_dir), "status", "--wait", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == well()
    assert len(havend.asked()) == 5


@pytest.mark.parametrize(
    ("name", "missing"),
    (
        ("starting", ["gateway is not ready yet"]),
        ("nobody_heard", ["lan hears no Active yet"]),
        ("empty", ["no virtual router is configured"]),
        ("copy_not_in_sync", ["not all connections are here yet", "the agent of 10.99.0.2 is not heard"]),
        ("maintenance", ["gateway is in maintenance ('haven maintenance off' ends it)"]),
    ),
)
def test_when_the_time_is_over_it_says_what_is_missing(
    name: str, missing: list[str], fake: Fake, capsys: pytest.CaptureFixture[str]
) -> None:
    havend = fake(status=document(name))
    assert main(["--run-dir", str(havend.run_dir), "status", "--wait"]) == 1
    out, err = capsys.readouterr()
    assert out and err.startswith("haven: not all is well yet: ")
    assert all(each in err for each in missing)


def test_a_problem_is_missing_by_its_message() -> None:
    status = well()
    status["problems"] = [problem("agent-silent", "haven-agent")]
    (missing,) = wait.missing_in(status, time.time())
    assert missing == f"haven-agent: {status['problems'][0]['message']}"


def test_of_an_active_the_copy_is_the_other_routers_business() -> None:
    status = well()
    assert wait.missing_in(status, time.time()) == []
    assert wait.missing_in(document("copy"), time.time()) == []
    status["peers"][0]["in_sync"] = False
    name = status["peers"][0]["node"]
    assert wait.missing_in(status, time.time()) == [f"{name} does not have all connections yet"]


def test_an_agent_that_had_no_time_to_report_is_waited_for() -> None:
    status = document("active")
    loaded = status["plan"]["loaded_at"] = 1_000.0
    assert wait.missing_in(status, loaded + 1) == ["haven-agent has not reported yet"]
    assert wait.missing_in(status, loaded + 6) == []


def test_a_service_that_is_about_to_start_is_waited_for(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "haven"
    config.write_text(MAIN + lan(device="lo"))
    begun = time.monotonic()
    words = ["--run-dir", str(tmp_path / "none"), "--config", str(config), "status", "--wait"]
    assert main(words) == 1
    assert time.monotonic() - begun > 0.3
    assert capsys.readouterr().err == "haven: havend is not running\n"


def test_nobody_waits_for_what_is_disabled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wait, "PERIOD_S", 600)
    config = tmp_path / "haven"
    for text, said in (("option enabled '0'", "haven is disabled"), ("option enabld '1'", "cannot start")):
        config.write_text(f"{ROUTER}config haven 'main'\n\t{text}\n")
        assert main(["--run-dir", str(tmp_path), "--config", str(config), "status", "--wait"]) == 1
        assert said in capsys.readouterr().err
