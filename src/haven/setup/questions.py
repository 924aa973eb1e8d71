# SPDX-License-Identifier: GPL-2.0-or-later
"""A question of setup, and the answers so far: each is proposed from the facts and those before it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from haven.config.options import VIRTUAL_ROUTER
from haven.config.options.kinds import BadValue, Node
from haven.contract.setup import NONE, QUESTIONS, SetupRefused, why
from haven.core.vrrp.constants import is_link_local
from haven.inet import octets_of
from haven.setup.facts import RouterFacts, is_yes

NO_WORDS = ("0", "off", "false", "no", "disabled")
LAST_VRID = 255


@dataclass
class Answers:
    """The facts of the router and what was answered so far; `given` stands for what was told before."""

    facts: RouterFacts
    given: Mapping[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, NONE)

    def has(self, name: str) -> bool:
        """Tell whether a question was asked and has an answer other than none."""
        return self[name] != NONE


@dataclass(frozen=True)
class Proposed:
    """A proposed answer with its reason; None where only a person can know it."""

    answer: str | None
    why: dict[str, Any]


def proposed(answer: str | None, code: str, **facts: Any) -> Proposed:
    """Return a proposal with its reason by code."""
    return Proposed(answer, why(code, **facts))


def always(_answers: Answers) -> bool:
    """Ask in any case."""
    return True


def any_word(_answers: Answers) -> list[str]:
    """Offer nothing in particular."""
    return []


@dataclass(frozen=True)
class Question:
    """One question: what is proposed, what an answer may be (returned as it counts), and when it is asked."""

    name: str
    propose: Callable[[Answers], Proposed]
    check: Callable[[Answers, str], str]
    asked: Callable[[Answers], bool] = always
    choices: Callable[[Answers], list[str]] = any_word

    @property
    def text(self) -> str:
        """The question in words."""
        return QUESTIONS[self.name]


@dataclass(frozen=True)
class Answered:
    """A question with its answer, as it stands in a proposal."""

    question: Question
    answer: str
    asked: bool
    choices: list[str]
    why: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return it as a document."""
        return {
            "name": self.question.name,
            "text": self.question.text,
            "answer": self.answer,
            "choices": self.choices,
            "asked": self.asked,
            "why": self.why,
        }


# Asked for an answer to a question with its proposal; what comes back has passed the check.
Ask = Callable[[Question, Answers, Proposed], str]


def take_proposal(question: Question, answers: Answers, made: Proposed) -> str:
    """Answer with the proposal. Raises SetupRefused where there is none, or where it will not do."""
    if made.answer is None:
        raise SetupRefused("answer-needed", question=question.name)
    return question.check(answers, made.answer)


def ask_all(table: Iterable[Question], answers: Answers, ask: Ask = take_proposal) -> list[Answered]:
    """Go through the questions in their order; what was given is not asked again. Raises SetupRefused."""
    table = list(table)
    for name in answers.given:
        if name not in [question.name for question in table]:
            raise SetupRefused("answer-unknown", name=name)
    return [_ask_one(question, answers, ask) for question in table]


def _ask_one(question: Question, answers: Answers, ask: Ask) -> Answered:
    given = answers.given.get(question.name)
    if not question.asked(answers):
        if given is not None and given != NONE:
            question.check(answers, given)
        return Answered(question, NONE, False, [], why("only-usual"))
    if given is not None:
        reason, answer = why("given"), question.check(answers, given)
    else:
        made = question.propose(answers)
        reason, answer = made.why, ask(question, answers, made)
        if answer != made.answer:
            reason = why("given")
    answers.values[question.name] = answer
    return Answered(question, answer, True, question.choices(answers), reason)


def flag_answer(name: str) -> Callable[[Answers, str], str]:
    """Return the check of a yes or a no."""

    def check(_answers: Answers, text: str) -> str:
        if not is_yes(text) and text not in NO_WORDS:
            raise SetupRefused("not-flag", question=name, value=text)
        return "1" if is_yes(text) else "0"

    return check


def option_answer(name: str) -> Callable[[Answers, str], str]:
    """Return the check of an option of a virtual router, by its row of the option table."""
    option = VIRTUAL_ROUTER.option(name)

    def check(_answers: Answers, text: str) -> str:
        if option is not None:
            _parse(name, option.kind.parse, text)
        return text

    return check


def is_node(text: str) -> bool:
    """Tell whether a router can be called so."""
    try:
        Node().parse(text)
    except BadValue:
        return False
    return True


def node_answer(_answers: Answers, text: str) -> str:
    """Check the name of a router."""
    _parse("node", Node().parse, text)
    return text


def _parse(name: str, parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except BadValue as error:
        raise SetupRefused("bad-value", question=name, error=str(error)) from None


def link_local_answer(_answers: Answers, text: str) -> str:
    """Check an IPv6 link-local address, or none."""
    bare, _slash, length = text.partition("/")
    if text == NONE:
        return text
    try:
        good = is_link_local(octets_of(bare)) and length in ("", "64")
    except (OSError, ValueError):
        good = False
    if not good:
        raise SetupRefused("not-link-local", question="lan6_address", value=text)
    return bare + "/64"


def vrid_answer(name: str, interface: str) -> Callable[[Answers, str], str]:
    """Return the check of a virtual router ID on the interface that another question names."""

    def check(answers: Answers, text: str) -> str:
        if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= LAST_VRID:
            raise SetupRefused("not-vrid", question=name, value=text)
        text = str(int(text))
        for router in answers.facts.heard_on(answers[interface]) if answers.has(interface) else ():
            if router.vrid == int(text):
                raise SetupRefused("vrid-heard", question=name, value=text, source=router.source)
        # One device may carry both interfaces, as VLANs: two numbers are never wrong.
        if name != "lan_vrid" and text == answers["lan_vrid"]:
            raise SetupRefused("vrid-twice", question=name, value=text)
        return text

    return check


def propose_vrid(interface: str, first: int) -> Callable[[Answers], Proposed]:
    """Return what proposes a virtual router ID that nobody was heard with, from a first one on."""

    def propose(answers: Answers) -> Proposed:
        used = {router.vrid for router in answers.facts.heard_on(answers[interface])}
        used |= {int(answers["lan_vrid"])} if answers.has("lan_vrid") else set()
        for number in [*range(first, LAST_VRID + 1), *range(1, first)]:
            if number not in used:
                return proposed(str(number), "vrid-free")
        raise SetupRefused("no-free-vrid", device=answers.facts.interfaces[answers[interface]].device)

    return propose
