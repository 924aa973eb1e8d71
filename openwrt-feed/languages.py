# SPDX-License-Identifier: GPL-2.0-or-later
"""What a package of translations puts on the router, as luci.mk of LuCI makes it (its LuciTranslation)."""

from __future__ import annotations

from pathlib import Path

from lmo import lmo, read_po

TYPE_CHECKING = False
if TYPE_CHECKING:
    from archives import Files

CATALOGUE = "usr/lib/lua/luci/i18n/haven.%s.lmo"
DEFAULTS = "etc/uci-defaults/%s"
# Names the language in the list under System, where it is chosen.
SCRIPT = """#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
uci set luci.languages.%s='%s'
uci commit luci
"""


def translation(package: str, catalogue: Path, language: str, title: str) -> Files:
    """Return the catalogue as LuCI reads it, and what names the language: `zh-cn`, its title there."""
    script = SCRIPT % (language.replace("-", "_"), title)
    return {
        CATALOGUE % language: (lmo(read_po(catalogue.read_text())), 0o644),
        DEFAULTS % package: (script.encode(), 0o755),
    }
