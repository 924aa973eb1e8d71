# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived's auth_hmac as the keys of a virtual router."""

from haven.migration.draft import Draft, DraftSection
from haven.migration.keepalived_blocks import Block

MODES = {"enforce": "enforce", "permissive": "permissive", "receive-only": "receive"}
OPTIONS = {"anti_replay": "auth_replay", "time_window": "auth_window"}
MOST_KEYS = 2


def add_keys(block: Block, made: DraftSection, draft: Draft) -> None:
    """Add the keys of an auth_hmac block to a virtual router."""
    keys = [item for item in block.each("key") if len(item.words) > 2]
    active = next((item.name for item in block.each("active_key")), keys[0].name if keys else "")
    # The one that signs is the first of haven's.
    keys.sort(key=lambda item: item.name != active)
    for option, item in zip(("auth_key", "auth_key_other"), keys, strict=False):
        _add_key(option, item, made, draft)
    for item in keys[MOST_KEYS:]:
        draft.remark("hmac-third", item.place, key=item.name[:10])
    # Without a key that signs, haven has no use for the rest.
    for item in block.items if made.value("auth_key") else ():
        if item.keyword in OPTIONS:
            made.set(OPTIONS[item.keyword], item.name, item.place)
        elif item.keyword == "mode":
            made.set("auth_mode", MODES.get(item.name, item.name), item.place)


def _add_key(option: str, item: Block, made: DraftSection, draft: Draft) -> None:
    value = item.words[2]
    if value.startswith("file:"):
        file = item.written.partition("file:")[2]
        draft.remark("hmac-file", item.place, file=file[:100], option=option)
    else:
        made.set(option, f"{item.name}:{value}", item.place)
