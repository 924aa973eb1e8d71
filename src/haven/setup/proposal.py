# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts and answers to a proposal: what every question is answered with, and what that changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from haven.config.load import load_text
from haven.config.model import Model, advertising
from haven.contract.diagnostics import Diagnostic
from haven.contract.setup import VERSION, SetupRefused
from haven.openwrt.dhcp_difference import difference as dhcp_difference
from haven.setup.changes import UciChange, changed_packages, difference
from haven.setup.facts import RouterFacts
from haven.setup.first_questions import FIRST, lan_of
from haven.setup.first_router import first_packages
from haven.setup.packages import DHCP, ENCODING, ERRORS, HAVEN, Packages, config_path
from haven.setup.questions import Answered, Answers, Ask, ask_all, take_proposal

FIRST_ROLE, SECOND_ROLE = "first", "second"


@dataclass(frozen=True)
class Reach:
    """How the router is reached on its LAN: by its own address, by the gateway's, and meanwhile by guards.

    A guard is an address of before that no interface has afterwards: sessions stand on it.
    """

    device: str
    own: IPv4Address
    gateway: IPv4Address
    guards: tuple[IPv4Interface, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What a router is to become: the answered questions, its packages now and then, and haven's model."""

    role: str
    answered: tuple[Answered, ...]
    answers: Answers
    before: Packages
    after: Packages
    model: Model
    reach: Reach

    def changed(self) -> list[str]:
        """Return the packages that are written."""
        return changed_packages(self.before, self.after)

    def changes(self) -> list[UciChange]:
        """Return the difference, with what haven itself adds to DHCP."""
        silenced = advertising(self.model)
        found = dhcp_difference(self.model.dhcps, self.after[DHCP].sections, {}, silenced)
        dhcp = [UciChange("-", DHCP, *each) for each in found.removed]
        dhcp += [UciChange("+", DHCP, *each) for each in found.added]
        return [*difference(self.before, self.after), *dhcp]

    def warnings(self) -> list[str]:
        """Return what haven would warn of in this configuration, in words."""
        return [_placed(each) for each in self.model.warnings]

    def as_dict(self) -> dict[str, Any]:
        """Return it as a document (contract/setup.py)."""
        asked = [each for each in self.answered if each.asked]
        return {
            "version": VERSION,
            "role": self.role,
            "questions": [each.as_dict() for each in self.answered],
            "answers": {each.question.name: each.answer for each in asked},
            "changes": [{**change._asdict(), "value": change.shown} for change in self.changes()],
            "warnings": self.warnings(),
        }


def _placed(warning: Diagnostic) -> str:
    """Return a warning with its section; the lines of a file that is not written yet say nothing."""
    place = warning.section[0] if warning.section else HAVEN
    option = ", option '%s'" % warning.option if warning.option else ""
    return "%s%s: %s" % (place, option, warning.message)


def first_proposal(
    facts: RouterFacts, given: Mapping[str, str] | None = None, ask: Ask = take_proposal
) -> Proposal:
    """Return what makes a router the first one of a pair. Raises SetupRefused."""
    check_new(facts.packages)
    answers = Answers(facts, given or {})
    answered = ask_all(FIRST, answers, ask)
    return finished(FIRST_ROLE, answered, answers, first_packages, _first_reach(answers))


def _first_reach(answers: Answers) -> Reach:
    before, gateway = lan_of(answers), IPv4Interface(answers["lan_address"]).ip
    own = IPv4Address(answers["own_address"])
    device = answers.facts.interfaces[answers["lan"]].device
    if before.ip == own:
        return Reach(device, own, gateway)
    # As haven itself takes it: by itself, so that the network's route stays with the own address.
    return Reach(device, own, gateway, (IPv4Interface(before.ip) if before.ip == gateway else before,))


def check_new(packages: Packages) -> None:
    """Make sure that haven is not set up yet. Raises SetupRefused."""
    if packages[HAVEN].of_type("virtual_router"):
        raise SetupRefused("already-set-up")


def finished(
    role: str,
    answered: list[Answered],
    answers: Answers,
    make: Callable[[Answers], Packages],
    reach: Reach,
) -> Proposal:
    """Return the proposal that answers make, which haven itself has checked. Raises SetupRefused."""
    before, after = answers.facts.packages, make(answers)
    text = after[HAVEN].encoded().decode(ENCODING, ERRORS)
    model, problems = load_text(text, config_path("", HAVEN), answers["node"])
    if model is None:
        raise SetupRefused("config-refused", problem=str(problems[0]))
    return Proposal(role, tuple(answered), answers, before, after, model, reach)
