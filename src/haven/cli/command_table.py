# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands, a row each: parsing, help and shell completion are made from them.

A row names its function and does not import it: `haven status` must not wait for the compiler.
"""

from haven.arguments import CONFIG, HELP, ROOT, RUN_DIR, VERSION, CommandOption


class CommandArgument:
    """A word after the command; one of `choices`, or any if there are none."""

    def __init__(
        self,
        name: str,
        help: str,
        choices: tuple[str, ...] = (),
        required: bool = False,
        many: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.choices = choices
        self.required = required
        # The last one, of which there may be several.
        self.many = many


class Command:
    """A command, what it says of itself, the function that does it and what can be said with it."""

    def __init__(
        self,
        name: str,
        help: str,
        function: str,
        options: tuple[CommandOption, ...] = (),
        *arguments: CommandArgument,
        hidden: bool = False,
    ) -> None:
        self.name = name
        self.help = help
        self.function = function
        self.options = options
        self.arguments = arguments
        # Asked for by scripts of ours, and no business of a person's.
        self.hidden = hidden


COMMON = (CONFIG, RUN_DIR, ROOT, HELP, VERSION)

JSON = CommandOption("--json", "print JSON")
ANSWERS = CommandOption("--answers", "answers as JSON; - reads standard input", "FILE")
ALL = CommandOption("--all", "of all paired routers")
MACHINE = CommandOption("--machine", "for the machine of these facts (havend-micro --facts)", "FACTS")
NODE = CommandOption("--node", "of that paired router instead of this one", "NODE")
TO = CommandOption("--to", "the paired router that is to take over", "NODE")
YES = CommandOption("--yes", "do not ask")
NAME = CommandOption("--name", "what this router is called from now on", "NAME")

PEER = CommandOption("--peer", "the other router's address, where the files do not say it", "ADDRESS")
CONFIG_ID = CommandOption("--config-id", "for which router keepalived's @lines are; else its host name", "ID")

SYNC_ACTIONS = ("diff", "history", "undo", "take", "now")

COMMANDS = (
    Command(
        "status",
        "whether all is well, who is Active, and why",
        "haven.cli.show_commands:status",
        (
            JSON,
            CommandOption("--wait", "wait until all is well, at most 60 s; then say what is missing"),
            CommandOption("--watch", "show it again every second; q leaves"),
            ALL,
            NODE,
        ),
    ),
    Command(
        "events",
        "what has happened",
        "haven.cli.show_commands:events",
        (JSON, CommandOption("--follow", "go on with what happens; Ctrl-C leaves"), ALL, NODE),
    ),
    Command(
        "metrics",
        "the state in numbers, for Prometheus",
        "haven.cli.metrics_command:metrics",
        (CommandOption("--collectd", "as collectd's exec plug-in takes them"), NODE),
    ),
    Command(
        "validate",
        "check the configuration, all problems at once",
        "haven.cli.config_commands:validate",
        (JSON,),
    ),
    Command(
        "plan",
        "what this node does on takeover and release",
        "haven.cli.config_commands:plan",
        (JSON, NODE, MACHINE),
    ),
    Command(
        "doctor",
        "what is wrong here and on the pair",
        "haven.cli.doctor_command:doctor",
        (JSON,),
    ),
    Command(
        "look",
        "what this router finds out about itself, for doctor on another",
        "haven.cli.doctor_command:look",
        hidden=True,
    ),
    Command("dhcp", "what a reload changes in /etc/config/dhcp", "haven.cli.dhcp_command:dhcp", (JSON,)),
    Command(
        "setup",
        "make this router the first one of a pair",
        "haven.cli.setup_command:setup",
        (
            CommandOption("--yes", "take what is proposed, and change it"),
            JSON,
            ANSWERS,
            CommandOption("--confirm", "the router is still reached: what was changed stays"),
            CommandOption("--undo", "bring back what was there before the setup"),
        ),
    ),
    Command(
        "undo",
        "bring back what was before setup or join",
        "haven.cli.setup_command:undo",
        (YES, JSON),
    ),
    Command(
        "reload",
        "take the changed configuration, no failover",
        "haven.cli.config_commands:reload",
        (JSON,),
    ),
    Command("stop", "hand over and end; or: service haven stop", "haven.cli.order_commands:stop"),
    Command(
        "switchover",
        "let another router take over from this one",
        "haven.cli.order_commands:switchover",
        (TO,),
        CommandArgument("GROUP", "this group only"),
    ),
    Command(
        "notify",
        "try whether people are told what happens",
        "haven.cli.notify_command:notify",
        (),
        CommandArgument("SECTION", "this notify section only"),
    ),
    Command(
        "drill",
        "rehearse a failover on the living pair",
        "haven.cli.drill_command:drill",
        (
            CommandOption("--switchover", "a planned one; the default"),
            CommandOption("--hard", "as a power cut: silent, and no address any more"),
            CommandOption("--back", "and back again"),
            CommandOption("--client", "print a line for a client, which then measures, too"),
            JSON,
        ),
        CommandArgument("GROUP", "this group only"),
    ),
    Command(
        "history",
        "how well it has done, and who was Active when",
        "haven.cli.history_command:history",
        (JSON, NODE, CommandOption("--days", "of so many days; else of the last one", "DAYS")),
    ),
    Command(
        "maintenance",
        "be Active only when no other router can be",
        "haven.cli.order_commands:maintenance",
        (NODE,),
        CommandArgument("on|off", "begin or end it", ("on", "off"), required=True),
    ),
    Command(
        "pair",
        "show a code for another router to join",
        "haven.cli.peer_commands:pair",
        (JSON,),
    ),
    Command(
        "join",
        "join the router that shows a code",
        "haven.cli.peer_commands:join",
        (YES, NAME, ANSWERS),
        CommandArgument("ADDRESS", "an address of that router; without one it is looked for"),
        CommandArgument("CODE", "the code that it shows", required=True),
    ),
    Command("peers", "the routers that are paired with this one", "haven.cli.peer_commands:peers", (JSON,)),
    Command(
        "small",
        "small nodes that get their plans here",
        "haven.cli.small_command:small",
        (JSON,),
        CommandArgument("WHAT", "else: add, remove", ("add", "remove")),
        CommandArgument("NAME", "what that node is called here"),
    ),
    Command(
        "sync",
        "whether paired routers have one configuration",
        "haven.cli.sync_command:sync",
        (JSON,),
        CommandArgument("WHAT", "else: diff, history, undo, take, now", SYNC_ACTIONS),
        CommandArgument("OF", "the number of the change to undo, or the router whose values to take"),
        CommandArgument("PATH", "the conflict to decide; without one all"),
    ),
    Command(
        "unpair",
        "end the pairing with a router, on both",
        "haven.cli.peer_commands:unpair",
        (),
        CommandArgument("NODE", "its name", required=True),
    ),
    Command(
        "upgrade",
        "newer packages of haven on all paired routers",
        "haven.cli.upgrade_command:upgrade",
        (
            YES,
            JSON,
            CommandOption("--status", "where an upgrade stands"),
            CommandOption("--stay", "whoever is Active at the end stays so"),
            CommandOption("--downgrade", "older packages, too"),
            CommandOption("--lose-connections", "also where connections are not copied, and end"),
            CommandOption("--forget", "leave an upgrade that was interrupted as it is"),
        ),
        CommandArgument("FILE", "a package, ipk or apk; else those of an interrupted upgrade", many=True),
    ),
    Command(
        "import",
        "another program's configuration as haven's",
        "haven.cli.import_command:import_files",
        (
            JSON,
            CommandOption("--diff", "what it would change in the configuration"),
            CommandOption("--write", "make it the configuration; the old file is kept beside it"),
            NAME,
            PEER,
            CONFIG_ID,
        ),
        CommandArgument("FILE", "a configuration of another program", required=True, many=True),
    ),
    Command(
        "complete",
        "what can stand in the place of a word, for the shell",
        "haven.cli.complete_command:complete",
        (),
        CommandArgument("WHAT", "what the word is", ("groups",), required=True),
        hidden=True,
    ),
)

SHOWN = tuple(command for command in COMMANDS if not command.hidden)


def find(name: str) -> Command | None:
    """Return the command of this name."""
    for command in COMMANDS:
        if command.name == name:
            return command
    return None
