# SPDX-License-Identifier: GPL-2.0-or-later
"""The options of a `service` section."""

from haven.config.options.kinds import Choice, File, Flag, InitScript, Name, ShellCommand, Whole
from haven.config.options.option import BASIC, Option, SectionType
from haven.config.service_profiles import PROFILES

# Where a service runs. The rows of `role` and of the plan's table are made of it.
ACTIVE, BACKUP, BOTH = ROLES = ("active", "backup", "both")
USUAL_ROLE = ACTIVE
USUAL_ORDER = 100

_COMMANDS = (
    Option(
        "start",
        ShellCommand(),
        "Command of the shell that starts it, in place of `init`. It ends when the service runs, and does "
        "nothing where it runs already.",
        title="Start command",
    ),
    Option(
        "stop",
        ShellCommand(),
        "Command that stops it; it ends when the service has stopped.",
        title="Stop command",
    ),
    Option(
        "reload",
        ShellCommand(),
        "Command after a change of role, for a service that runs on both.",
        default_says="that of `init`",
        title="Reload command",
    ),
    Option(
        "check",
        ShellCommand(),
        "Command that ends with 0 while the service works; asked after a start and every `check_interval`.",
        default_says="whether procd says that its process lives",
        title="Check command",
    ),
)

_LIMITS = (
    Option(
        "start_timeout",
        Whole(1, 600),
        "How long it may take to start and to come up. After that what starts it is killed, and the next "
        "service goes on.",
        default="30",
        unit="s",
    ),
    Option(
        "stop_timeout",
        Whole(1, 600),
        "How long it may take to stop.",
        default="15",
        unit="s",
    ),
    Option(
        "check_interval", Whole(1, 3600), "How often a running service is looked at.", default="10", unit="s"
    ),
)

SERVICE = SectionType(
    "service",
    "What runs by the role of a group: on the Active alone, on the others alone, or on all and reloaded on a "
    "change. What `init` names is not started at boot by OpenWrt as long as haven has it.",
    (
        Option("enabled", Flag(), "`0`: haven leaves it alone.", default="1", group=BASIC),
        Option(
            "profile",
            Choice(*[profile.name for profile in PROFILES]),
            "What is usual for a well-known service; options that stand here beside it come before it.",
            group=BASIC,
        ),
        Option(
            "init",
            InitScript(),
            "Script in /etc/init.d.",
            default_says="the profile's",
            many=True,
            title="Init scripts",
            group=BASIC,
        ),
        Option(
            "interface",
            Name("interface name"),
            "Interface of /etc/config/network that is set up and down, such as that of WireGuard.",
            many=True,
            group=BASIC,
        ),
        Option(
            "server",
            File(),
            "OpenVPN's configuration file of a server, whose clients are called back after a takeover "
            "(docs/vpn.md).",
            default_says="with `profile` `openvpn`, the servers of /etc/config/openvpn",
            many=True,
            title="OpenVPN servers",
        ),
        Option(
            "group",
            Name("name of a group"),
            "The group whose role counts.",
            default_says="the only one",
            group=BASIC,
        ),
        Option(
            "role", Choice(*ROLES), "Where it runs.", default_says="the profile's, or `active`", group=BASIC
        ),
        Option(
            "order",
            Whole(0, 9999),
            "The lower, the earlier it is started and the later it is stopped.",
            default_says="the profile's, or `%d`" % USUAL_ORDER,
        ),
        Option(
            "required",
            Flag(),
            "`1`: where it does not come up, or dies three times, the group is handed to another router.",
            default="0",
            group=BASIC,
        ),
    )
    # MicroPython has no *_LIMITS inside a tuple.
    + _COMMANDS
    + _LIMITS,
    named=True,
    title="Services",
)
