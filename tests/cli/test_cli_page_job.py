# SPDX-License-Identifier: GPL-2.0-or-later
"""The job of a page: it is told by a file, tells by another, and goes by what both tables allow."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from haven.cli import page_job
from haven.cli.join_attempt import Make
from haven.cli.page_job import Page, carry_out
from haven.contract.page_words import JOB_FILE, STATES, WORD_FILE
from haven.contract.pairing import REFUSALS
from haven.contract.setup import REFUSALS as SETUP_REFUSALS
from haven.setup.proposal import Proposal, first_proposal
from haven.setup.trial import Trial
from tests.lab.wait import wait_until
from tests.setup.factory import router, static_wan


class Browser:
    """What the page does: it leaves words, and reads where the job stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def say(self, word: object) -> None:
        (self.folder / WORD_FILE).write_text(word if isinstance(word, str) else json.dumps(word))

    def told(self) -> dict:
        path = self.folder / JOB_FILE
        return dict(json.loads(path.read_text())) if path.exists() else {"state": ""}

    def until(self, condition: Callable[[dict], object], what: str) -> dict:
        wait_until(lambda: condition(self.told()), 20, what)
        return self.told()


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


class Asked(threading.Thread):
    """A page that is asked for its agreement."""

    def __init__(self, page: Page, make: Make) -> None:
        super().__init__(daemon=True)
        self.page, self.make, self.agreed = page, make, None
        self.start()

    agreed: Proposal | None

    def run(self) -> None:
        self.agreed = self.page.agree(self.make)


def test_what_is_no_word_is_read_and_removed_and_nothing_comes_of_it(browser: Browser, tmp_path: Path):
    page = Page(str(tmp_path))
    assert page.heard() is None
    for text in ("", "{", "[]", '{"command": "halt"}', '{"command": "join", "address": "x"}', "\xff" * 9):
        browser.say(text)
        assert page.heard() is None and not (tmp_path / WORD_FILE).exists()
    browser.say({"command": "join", "address": "fe80::1%eth0", "code": "X", "ubus_rpc_session": "0"})
    assert (page.heard() or {})["code"] == "X" and not (tmp_path / WORD_FILE).exists()


def test_answers_make_another_proposal_and_those_that_will_not_do_leave_it(browser: Browser, tmp_path: Path):
    facts = router()
    asked = Asked(Page(str(tmp_path)), lambda given, ask: first_proposal(facts, given, ask))
    told = browser.until(lambda told: told["state"] == "asks", "it asks")
    assert told["own_address"] == "192.168.1.2" and told["refusal"] is None
    browser.say({"command": "answers", "answers": {"own_address": "192.168.9.9"}})
    told = browser.until(lambda told: told["refusal"], "it is refused")
    assert told["refusal"]["code"] == "outside" and told["refusal"]["facts"]["question"] == "own_address"
    assert told["proposal"]["answers"]["own_address"] == "192.168.1.2" and told["words"] == 1
    browser.say({"command": "answers", "answers": {"own_address": "192.168.1.9", "dhcp": False}})
    told = browser.until(lambda told: told["words"] == 2, "it is heard")
    assert told["proposal"]["answers"]["own_address"] == "192.168.1.9" and told["refusal"] is None
    assert told["proposal"]["answers"]["dhcp"] == "0"
    browser.say({"command": "go"})
    asked.join(60)
    assert asked.agreed is not None and asked.agreed.answers["own_address"] == "192.168.1.9"
    assert (tmp_path / JOB_FILE).stat().st_mode & 0o777 == 0o600


def test_what_only_a_person_can_know_is_asked_for_and_go_alone_does_nothing(browser: Browser, tmp_path: Path):
    facts = router(network=static_wan())

    def make(given: dict, ask: object) -> Proposal:
        if "wan_address" not in given:
            raise page_job.SetupRefused("answer-needed", question="wan_address")
        return first_proposal(facts, given)

    asked = Asked(Page(str(tmp_path)), make)
    told = browser.until(lambda told: told["state"] == "asks", "it asks")
    assert told["refusal"]["facts"] == {"question": "wan_address"} and "proposal" not in told
    browser.say({"command": "go"})
    wait_until(lambda: not (tmp_path / WORD_FILE).exists(), 20, "it is heard")
    browser.say({"command": "answers", "answers": {"wan_address": "203.0.113.3"}})
    browser.until(lambda told: told.get("proposal"), "there is a proposal")
    browser.say({"command": "leave"})
    asked.join(60)
    assert asked.agreed is None and not asked.is_alive()


def test_a_code_that_cannot_be_one_is_refused_by_its_code_and_is_left_nowhere(
    browser: Browser, tmp_path: Path
):
    (tmp_path / "etc/config").mkdir(parents=True)
    page, trial = Page(str(tmp_path)), Trial(str(tmp_path), str(tmp_path))
    for typed, code in (("ABC", "code-length"), ("000000000000", "code-mistyped")):
        carry_out(page, trial, {"command": "join", "address": "192.0.2.1", "code": typed})
        told = browser.told()
        assert (told["kind"], told["state"], told["refusal"]["code"]) == ("join", "refused", code)
        assert code in REFUSALS and typed not in (tmp_path / JOB_FILE).read_text()


def test_a_setup_that_cannot_be_is_refused_with_its_reason(browser: Browser, tmp_path: Path):
    page, trial = Page(str(tmp_path)), Trial(str(tmp_path), str(tmp_path))
    carry_out(page, trial, {"command": "setup"})
    told = browser.told()
    assert told["state"] == "refused" and told["refusal"]["code"] in SETUP_REFUSALS


def test_a_setup_needs_no_tls():
    said = "import sys, haven.cli.page_job; sys.exit('ssl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", said], check=False).returncode == 0


def test_every_state_that_is_told_is_in_the_table():
    source = (
        Path(page_job.__file__).read_text() + Path(page_job.__file__).with_name("join_attempt.py").read_text()
    )
    told = {state for state in STATES if f'tell("{state}"' in source or f'begins("{state}")' in source}
    assert told | {"done"} == set(STATES)
