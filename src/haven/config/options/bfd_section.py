# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `bfd` section: a session with another router, which virtual routers watch."""

from haven.config.options.address_kinds import HostKind
from haven.config.options.kinds import Whole
from haven.config.options.option import TIMING, Option, SectionType

_SHORTEST_MS, _LONGEST_MS = 10, 60000

BFD = SectionType(
    "bfd",
    "A BFD session with another router on the same link (RFC 5880, 5881). Virtual routers name it with "
    "`list bfd`.",
    (
        Option(
            "address",
            HostKind(),
            "Address from which the other router advertises on the link of the virtual router. A session "
            "that names this router is left out, so that all can have the same sections.",
            required=True,
        ),
        Option(
            "min_tx",
            Whole(_SHORTEST_MS, _LONGEST_MS),
            "Time between two packets of this router; the other one may ask for more.",
            default="50",
            unit="ms",
            title="Sending interval",
        ),
        Option(
            "min_rx",
            Whole(_SHORTEST_MS, _LONGEST_MS),
            "Time between two packets of the other router, which may itself want more.",
            default="50",
            unit="ms",
            title="Receiving interval",
        ),
        Option(
            "multiplier",
            Whole(2, 255),
            "How many packets of this router have to stay out until the other one takes it for dead. For its "
            "own packets the other one says it.",
            default="3",
            group=TIMING,
        ),
    ),
    named=True,
    title="BFD sessions",
)
