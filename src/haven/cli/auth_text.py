# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of the status document as text: a line for all virtual routers of which the same is to say."""

from haven.cli.text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]

MODES = {
    "receive": "signs nothing yet, and hears others without a signature (receive)",
    "permissive": "signs with key {key_id}, and hears others without (permissive)",
    "enforce": "signs with key {key_id}, and hears nobody without (enforce)",
}
REFUSED = {
    "auth_missing": "not signed",
    "auth_hash": "of another key, or altered",
    "auth_key": "of an unknown key id",
    "auth_malformed": "malformed",
    "auth_stale": "too old",
    "auth_replay": "said again",
    "auth_unwanted": "signed, without a key here",
}


def signatures(status: "Document", width: int) -> list[str]:
    """Return who signs and hears by which keys, and what was refused; nothing where there is neither."""
    same: dict[str, list[str]] = {}
    for router in status["virtual_routers"]:
        said = _said(router)
        if said:
            same.setdefault(said, []).append(router["name"])
    everybody = len(status["virtual_routers"])
    found = []
    for said, names in same.items():
        who = f"all {everybody}" if 3 < len(names) == everybody else ", ".join(names)
        found += wrapped(f"{who}: {said}.", width, then="  ")
    return found


def _said(router: "Document") -> str:
    auth, parts = router.get("authentication"), []
    if auth and auth.get("mode") in MODES:
        parts += [MODES[auth["mode"]].format(key_id=auth.get("key_id")), *_keys(auth)]
    errors = (router.get("counters") or {}).get("errors") or {}
    refused = [f"{errors[why]} {words}" for why, words in REFUSED.items() if errors.get(why)]
    if refused:
        parts.append(f"refused: {', '.join(refused)}")
    return "; ".join(parts)


def _keys(auth: "Document") -> list[str]:
    own = None if auth["mode"] == "receive" else auth.get("key_id")
    understood = [str(each) for each in auth.get("key_ids") or () if each != own]
    heard = auth.get("heard_key_id")
    parts = [f"understands key {' and '.join(understood)}"] if understood else []
    return parts + ([f"the last one heard is of key {heard}"] if heard not in (None, own) else [])
