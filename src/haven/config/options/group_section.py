# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `group` section."""

from haven.config.options.address_kinds import WitnessKind
from haven.config.options.kinds import Flag, ShellCommand, Whole
from haven.config.options.option import BASIC, Option, SectionType
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
            group=BASIC,
        ),
        Option(
            "preempt_delay",
            Whole(0, 1000),
            "How long a router with a higher priority waits before it takes over.",
            default="0",
            unit="s",
            engine=True,
        ),
        Option(
            "heartbeat",
            Whole(0, 1000),
            "How often a Backup asks whether the Active lives, by ARP or neighbour solicitation, which its "
            "kernel answers; so a dead one is known long before its advertisements are missed. `0`: never.",
            default="10",
            unit="ms",
            engine=True,
        ),
        Option(
            "witness",
            WitnessKind(),
            "A machine on a link of this group that is none of the routers: a switch, an access point, the "
            "provider's router. Who hears neither another router nor a witness there does not serve.",
            many=True,
            title="Witnesses",
            group=BASIC,
        ),
        Option(
            "witness_patience",
            Whole(2, 3600),
            "How long an Active that hears neither another router nor a witness goes on.",
            default="5",
            unit="s",
            engine=True,
        ),
        Option(
            "majority",
            Whole(3, 32),
            "How many routers there are in all, if only more than half of them that hear each other are to "
            "serve; instead of a witness.",
            default_says="any number serves",
            engine=True,
        ),
        Option(
            "takeover_command",
            ShellCommand(),
            "Command of the shell that the Active runs once it has taken over, one after the other, before "
            "any service: the call to a cloud's API that brings the address to this machine. One that fails "
            "is tried again after 5, 10, 20, up to 300 s, as long as this router is Active.",
            many=True,
            title="Takeover commands",
        ),
        Option(
            "takeover_timeout",
            Whole(1, 600),
            "How long one `takeover_command` may take. After that it is killed, and counts as failed.",
            default="20",
            unit="s",
        ),
    )
    + named(""),
    named=True,
    title="Groups",
)
