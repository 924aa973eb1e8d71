# SPDX-License-Identifier: GPL-2.0-or-later
"""Which options hold what leaves the router through no reading method."""

from haven.config.options import SECTIONS

# What the packages of OpenWrt call theirs; a word of these in an option's name is enough.
_SECRET_WORDS = (
    "auth_user_pass",
    "key",
    "keys",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "pincode",
    "psk",
    "secret",
    "token",
    "wpakey",
)
# Written together with a number or another word: wireless.@wifi-iface.key1, ddns' apikey.
_SECRET_ENDS = ("key", "password", "passwd", "pwd", "secret", "token")
# Paths and kinds, whose names end like a secret's.
_NO_SECRETS = ("key_type", "public_key", "wpa_group_rekey")
_OWN_SECRETS = {
    option.name for section in SECTIONS for option in section.options if option.kind.name == "secret"
}


def is_secret(option: str) -> bool:
    """Tell by its name whether an option of any package holds what nobody is to read."""
    name = option.lower()
    if name in _NO_SECRETS:
        return False
    if name in _OWN_SECRETS:
        return True
    plain = name.rstrip("0123456789")
    return plain.endswith(_SECRET_ENDS) or any(word in _SECRET_WORDS for word in plain.split("_"))
