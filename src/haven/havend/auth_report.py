# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shown of keys, and of words that are odd and cannot be refused without one."""

from haven.contract.problems import problem
from haven.core.auth.auth_spec import ENFORCE
from haven.core.clock import SECOND
from haven.inet import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.auth.authenticator import Authenticator

    Document = dict[str, Any]

RECENT = 15 * SECOND


def problems(name: str, auth: "Authenticator", now: int) -> "list[Document]":
    """Return what is the matter with the words that a virtual router lets in."""
    found = []
    assert auth.spec is not None
    if auth.lenient is not None and auth.spec.mode != ENFORCE and now - auth.lenient[2] < RECENT:
        reason, source, _when = auth.lenient
        code = "auth-unsigned" if reason == "auth_missing" else "auth-would-drop"
        found.append(problem(code, name, peer=text_of(source)))
    if auth.skew is not None and now - auth.skew[2] < RECENT:
        source, skew_us, _when = auth.skew
        found.append(problem("auth-clock", name, peer=text_of(source), skew_s=abs(skew_us) // SECOND))
    return found


def account(auth: "Authenticator") -> "Document":
    """Return what the status shows."""
    spec = auth.spec
    assert spec is not None
    return {
        "mode": spec.mode,
        "replay": spec.replay,
        "key_id": spec.keys[0][0],
        "key_ids": [number for number, _secret in spec.keys],
        "heard_key_id": auth.heard_key,
        "verified": auth.verified,
        "lenient": auth.unsigned,
        "lenient_reason": None if auth.lenient is None else auth.lenient[0],
    }
