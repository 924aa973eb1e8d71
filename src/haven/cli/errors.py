# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a command could not do what it was asked."""

from haven.cli.text import printable
from haven.contract.control import Refusal


class Failed(Exception):
    """A command failed; the text says why."""


class Unanswered(Failed):
    """havend did not answer, or what came is no answer; `refusal` says which."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(printable(str(refusal)))
        self.refusal = refusal


class RequestRefused(Unanswered):
    """havend answered that it will not, or cannot."""
