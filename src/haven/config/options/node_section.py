# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `haven` section: this router."""

from haven.config.options.kinds import Choice, File, Flag, Node, Whole
from haven.config.options.option import BASIC, Option, SectionType
from haven.config.options.schedule_kind import Schedule

HAVEN = SectionType(
    "haven",
    "This router.",
    (
        Option("enabled", Flag(), "Run haven on this router.", default="0", group=BASIC),
        Option(
            "node",
            Node(),
            "Name of this router in `haven status` and in logs. Each router has its own.",
            default_says="the host name",
            title="Name of this router",
            group=BASIC,
        ),
        Option(
            "realtime",
            Whole(0, 99),
            "Real-time priority (SCHED_RR) of the process that sends advertisements, so that a busy "
            "processor does not look like a dead router. `0` is ordinary scheduling.",
            default="50",
            title="Real-time priority",
        ),
        Option(
            "upgrade",
            Flag(),
            "Let a paired router bring packages of haven to this one (`haven upgrade` there). What a package "
            "does it does as root.",
            default="1",
            title="Upgrades by paired routers",
            group=BASIC,
        ),
        Option(
            "drill",
            Schedule(),
            "When a failover is rehearsed, by the clock of the router that is Active then; it goes back "
            "afterwards. `0 3 * * 0` is Sundays at three at night. At most every two hours.",
            default_says="never",
            title="Schedule of drills",
            group=BASIC,
        ),
        Option(
            "drill_kind",
            Choice("switchover", "hard"),
            "What is rehearsed: a planned switchover, or (`hard`) a power cut, in which clients are without "
            "a gateway for a moment.",
            default="switchover",
            title="Kind of drill",
        ),
        Option(
            "keep",
            File(),
            "File or folder that a sysupgrade keeps, beside what it keeps anyway: a line of "
            "/etc/sysupgrade.conf, which goes with this option.",
            many=True,
            title="Kept by sysupgrade",
        ),
    ),
    single=True,
    title="This router",
)
