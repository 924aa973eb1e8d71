# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `group` section."""

from haven.config.options.kinds import Flag, Whole
from haven.config.options.option import Option, SectionType
from haven.config.options.tracking_sections import named

GROUP = SectionType(
    "group",
    "Virtual routers that are Active or Backup together, such as LAN and WAN of one gateway.",
    (
        Option(
            "preempt",
            Flag(),
            "`0`: whoever is Active stays. `1`: a router with a higher priority takes over "
            "when it comes back.",
            default="0",
            engine=True,
        ),
        Option(
            "preempt_delay",
            Whole(0, 1000),
            "How long a router with a higher priority waits before it takes over.",
            default="0",
            unit="s",
            engine=True,
        ),
    )
    + named(""),
    named=True,
)
