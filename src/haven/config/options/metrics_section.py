# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `metrics` section."""

from haven.config.options.address_kinds import ListenAddress
from haven.config.options.kinds import Flag, Whole
from haven.config.options.option import BASIC, Option, SectionType

METRICS = SectionType(
    "metrics",
    "The state in numbers, over HTTP, for Prometheus (docs/metrics.md). `haven metrics` prints the same "
    "without it.",
    (
        Option("enabled", Flag(), "Answer at /metrics of each address.", default="0", group=BASIC),
        Option(
            "address",
            ListenAddress(),
            "Address to answer at. Of those in the list each router takes the ones that it has.",
            default_says="`127.0.0.1` and `::1`: nobody else asks",
            many=True,
            group=BASIC,
        ),
        Option("port", Whole(1, 65535), "TCP port.", default="9781", group=BASIC),
    ),
    single=True,
    title="Metrics",
)
