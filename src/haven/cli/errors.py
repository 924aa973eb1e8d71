# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a command could not do what it was asked."""


class Failed(Exception):
    """A command failed; the text says why."""


class Unanswered(Failed):
    """havend did not answer, or what came is no answer."""


class RequestRefused(Failed):
    """havend answered that it will not, or cannot."""
