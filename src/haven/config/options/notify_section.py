# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `notify` section."""

from haven.config.options.kinds import Choice, ShellCommand, Whole
from haven.config.options.notify_kinds import MailAddress, WebAddress
from haven.config.options.option import BASIC, Option, SectionType
from haven.contract.notices import KINDS
from haven.contract.severities import SEVERITIES, WARNING

NOTIFY = SectionType(
    "notify",
    "Somebody who is told what happens (docs/notify.md): by a command, by e-mail, by ntfy or by a webhook. "
    "Of paired routers one tells it.",
    (
        Option(
            "on",
            Choice(*KINDS),
            "What is told: another router is Active, or none; a problem begins or ends; a paired router is "
            "lost or is back; a drill has failed.",
            default_says="all of them",
            many=True,
            title="Events",
            group=BASIC,
        ),
        Option(
            "severity",
            Choice(*reversed(SEVERITIES)),
            "Of problems, the least that is told.",
            default=WARNING,
            title="Least severity",
            group=BASIC,
        ),
        Option(
            "command",
            ShellCommand(),
            "Command of the shell that tells it. The text comes by standard input, its first line as "
            "HAVEN_TITLE. It is ended after `timeout`.",
            group=BASIC,
        ),
        Option(
            "mail",
            MailAddress(),
            "Send it by e-mail to this address, with msmtp and its configuration.",
            title="E-mail",
            group=BASIC,
        ),
        Option(
            "ntfy",
            WebAddress(),
            "Publish it at this address of ntfy, such as https://ntfy.sh/TOPIC. Who knows the topic can read "
            "it.",
            title="ntfy",
            group=BASIC,
        ),
        Option("webhook", WebAddress(), "Post it as JSON to this address.", group=BASIC),
        Option(
            "interval",
            Whole(0, 86400),
            "At most one message in so long; what happens meanwhile comes together in the next.",
            default="60",
            unit="s",
        ),
        Option(
            "timeout",
            Whole(1, 300),
            "How long it may take to tell it.",
            default="30",
            unit="s",
        ),
    ),
    named=True,
    one_of=("command", "mail", "ntfy", "webhook"),
    title="Notifications",
)
