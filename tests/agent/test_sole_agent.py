# SPDX-License-Identifier: GPL-2.0-or-later
"""Two agents in one run directory: the second does nothing until the first has ended, however it ends."""

from pathlib import Path

from tests.agent.agents import StartAgent
from tests.lab.wait import wait_until

STARTED = "haven-agent: started"


def test_second_agent_waits_until_the_first_has_ended(start_agent: StartAgent, tmp_path: Path) -> None:
    def said(name: str, text: str) -> None:
        wait_until(lambda: text in (tmp_path / name).read_text(), 30, f"the {name} says '{text}'")

    first = start_agent("first")
    said("first", STARTED)
    # One that is stopped while it waits has nothing to tidy up: what is there is the first one's.
    for name in ("second", "third"):
        process = start_agent(name)
        said(name, f"waiting: another haven-agent runs in {tmp_path / 'run'}")
        if name == "second":
            process.terminate()
            process.wait(30)
    assert (tmp_path / "run" / "agent.sock").exists()
    assert STARTED not in (tmp_path / "third").read_text()
    first.kill()
    said("third", STARTED)


def test_agent_that_cannot_lock_runs_all_the_same(start_agent: StartAgent, tmp_path: Path) -> None:
    (tmp_path / "run" / "agent.lock").mkdir(parents=True)
    start_agent("first")
    wait_until(lambda: STARTED in (tmp_path / "first").read_text(), 30, "it runs")
    assert "is not known: Is a directory" in (tmp_path / "first").read_text()
