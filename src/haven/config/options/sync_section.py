# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `sync` section."""

from haven.config.options.kinds import Flag, OptionPath, SyncedFile
from haven.config.options.option import BASIC, Option, SectionType

SYNC = SectionType(
    "sync",
    "What paired routers have in common, where it is to be otherwise than in the table of docs/sync.md.",
    (
        Option(
            "enabled",
            Flag(),
            "Keep the configuration of paired routers the same. Off, nothing is sent and nothing is taken.",
            default="0",
            group=BASIC,
        ),
        Option(
            "shared",
            OptionPath(),
            "Options that are the same on all routers, although the table keeps them on each router, or does "
            "not know the package. `*` stands for anything.",
            many=True,
            title="Shared options",
        ),
        Option(
            "local",
            OptionPath(),
            "Options that each router has for itself, although the table shares them. It comes before "
            "`shared`.",
            many=True,
            title="Local options",
        ),
        Option(
            "file",
            SyncedFile(),
            "File or folder, such as /etc/openvpn/, that is the same on all routers: contents and modes, up "
            "to 1 MiB a file. Links and devices are left out.",
            many=True,
            title="Shared files",
            group=BASIC,
        ),
    ),
    single=True,
    title="Common configuration",
)
