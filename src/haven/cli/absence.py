# SPDX-License-Identifier: GPL-2.0-or-later
"""Why havend is not there, as far as its configuration tells."""

import os

from haven import paths
from haven.cli.errors import Failed, Unanswered
from haven.cli.text import count
from haven.cli.usage import Request

# Of a router as the package leaves it.
NOT_SET_UP = (
    "haven is not set up on this router yet. 'haven setup' makes it the first one of a pair; 'haven join "
    "CODE' lets it join one, with the code that 'haven pair' shows on a router of that pair"
)


def explained(why: Unanswered, request: Request) -> Failed:
    """Return a failure with its reason, where that is the configuration's or a service that was stopped.

    An Unanswered that comes back as it is may be answered in a moment.
    """
    if why.refusal.code != "not-running":
        return why
    # Here, because a command that is answered must not wait for it.
    from haven.config.load import load

    model, problems = load(request.config)
    if model is None:
        return _wrong(request, len(problems)) if os.path.exists(request.config) else why
    if not model.virtual_routers:
        return Failed(f"havend is not running: {NOT_SET_UP}")
    return why if model.main.enabled else _disabled(request)


def stopped(why: Unanswered, request: Request) -> Failed:
    """Return a failure as `explained` does, and what starts a service that nothing keeps from running."""
    found = explained(why, request)
    if found is not why or why.refusal.code != "not-running" or not on_openwrt(request):
        return found
    return Failed("havend is not running; 'service haven start' starts it, 'logread -e haven' tells more")


def _disabled(request: Request) -> Failed:
    start = "'service haven start'" if on_openwrt(request) else "start it"
    return Failed(
        "havend is not running, because haven is disabled: set option enabled '1' in section haven "
        f"of {request.config}, then {start}"
    )


def _wrong(request: Request, number: int) -> Failed:
    return Failed(
        f"havend is not running, and cannot start: {count(number, 'problem')} in {request.config}"
        "; 'haven validate' names them"
    )


def on_openwrt(request: Request) -> bool:
    """Tell whether the request is about the service that procd keeps running."""
    return request.is_of_service() and os.access(paths.SERVICE, os.X_OK)
