# SPDX-License-Identifier: GPL-2.0-or-later
"""Why havend is not there, as far as its configuration tells."""

import os

from haven import paths
from haven.cli.errors import Failed, Unanswered
from haven.cli.usage import Request


def explained(why: Unanswered, request: Request) -> Failed:
    """Return a failure with its reason, where that is that haven is switched off."""
    if why.refusal.code != "not-running" or not _is_disabled(request.config):
        return why
    start = "'service haven start'" if on_openwrt(request) else "start it"
    return Failed(
        "havend is not running, because haven is disabled: set option enabled '1' in section haven "
        f"of {request.config}, then {start}"
    )


def on_openwrt(request: Request) -> bool:
    """Tell whether the request is about the service that procd keeps running."""
    return request.is_of_service() and os.access(paths.SERVICE, os.X_OK)


def _is_disabled(config: str) -> bool:
    # Here, because a command that is answered must not wait for it.
    from haven.config.load import load

    model, _problems = load(config)
    return model is not None and not model.main.enabled
