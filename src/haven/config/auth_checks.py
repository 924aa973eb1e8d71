# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together of the keys of one virtual router."""

from haven.config.options.auth_options import AUTH_OPTIONS
from haven.config.section_values import SectionValues
from haven.core.auth.auth_spec import TIME

KEY, OTHER = "auth_key", "auth_key_other"


def check_keys(values: SectionValues) -> None:
    """Note what is said of keys and does not fit."""
    for option in AUTH_OPTIONS:
        if option.name != KEY and values.given(option.name) and not values.given(KEY):
            values.complain("auth-without-key", option.name)
    if values.given(KEY) and values.given("auth_pass"):
        values.complain("auth-key-and-pass", KEY)
    keys = [values.items(name)[0] for name in (KEY, OTHER) if values.items(name)]
    if len(keys) == 2 and keys[0].value[0] == keys[1].value[0]:
        values.complain("auth-key-id-twice", OTHER, id=keys[0].value[0])
    if values.given("auth_window") and values.sure("auth_replay") and values.one("auth_replay") != TIME:
        values.complain("auth-window-unused", "auth_window")
