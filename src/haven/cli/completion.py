# SPDX-License-Identifier: GPL-2.0-or-later
"""What shells complete, made from the table: `python -m haven.cli.completion [bash|zsh|fish]`."""

import sys

from haven.arguments import CommandOption
from haven.cli.command_table import COMMON, SHOWN, Command

# What a value, or a word after the command, is by its name in the help.
FILES, FOLDERS = ("FILE", "FACTS"), ("DIR",)
GROUP = "GROUP"

BASH = """\
# bash completion for haven                               -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# Made from the table of commands: python -m haven.cli.completion

_haven() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command='' words='' i
	local -a call=("${COMP_WORDS[0]}")
	COMPREPLY=()
	case $previous in
		%(files)s) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
		%(folders)s) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
		%(values)s) return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
			--config) call+=(--config "${COMP_WORDS[++i]}") ;;
			%(others)s) ((++i)) ;;
			-*) ;;
			*) [ -n "$command" ] || command=${COMP_WORDS[i]} ;;
		esac
	done
	case $command in
		'') words='%(commands)s' ;;
%(rows)s
	esac
	[[ $command == @(%(of_groups)s) && $current != -* ]] && words=$("${call[@]}" complete groups 2>/dev/null)
	[[ $command == @(%(of_files)s) && $current != -* ]] && words=$(compgen -f -- "$current")
	[[ $current == -* ]] && words+=' %(common)s'
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _haven haven
"""
ZSH = """\
#compdef haven
# SPDX-License-Identifier: GPL-2.0-or-later
# Made from the table of commands: python -m haven.cli.completion zsh

_haven_commands() {
	local -a commands=(
%(commands)s
	)
	_describe 'command' commands
}

_haven_groups() {
	local -a groups=(${(f)"$(haven complete groups 2>/dev/null)"})
	_describe 'group' groups
}

_haven() {
	local state line
	local -a common=(
%(common)s
	)
	_arguments -C $common '1:command:_haven_commands' '*::argument:->rest'
	[[ $state == rest ]] || return
	case $line[1] in
%(rows)s
	esac
}

_haven "$@"
"""
FISH = """\
# SPDX-License-Identifier: GPL-2.0-or-later
# Made from the table of commands: python -m haven.cli.completion fish
complete -c haven -f
%s
"""


def bash() -> str:
    """Return the completion for bash."""
    options = {each.name: each for each in (*COMMON, *(one for command in SHOWN for one in command.options))}
    valued = {name: each.value for name, each in options.items() if each.value}
    return BASH % {
        "files": "|".join(name for name in valued if valued[name] in FILES),
        "folders": "|".join(name for name in valued if valued[name] in FOLDERS),
        "values": "|".join(name for name in valued if valued[name] not in FILES + FOLDERS),
        "others": "|".join(name for name in valued if name != "--config"),
        "commands": " ".join(command.name for command in SHOWN),
        "rows": "\n".join(filter(None, map(_bash_row, SHOWN))),
        "of_groups": "|".join(command.name for command in SHOWN if _takes(command, (GROUP,))),
        "of_files": "|".join(command.name for command in SHOWN if _takes(command, FILES)),
        "common": " ".join(option.name for option in COMMON),
    }


def _takes(command: Command, names: tuple[str, ...]) -> bool:
    return any(argument.name in names for argument in command.arguments)


def _bash_row(command: Command) -> str:
    words = [choice for argument in command.arguments for choice in argument.choices]
    words += [option.name for option in command.options]
    return "\t\t%s) words='%s' ;;" % (command.name, " ".join(words)) if words else ""


def zsh() -> str:
    """Return the completion for zsh."""
    commands = ["\t\t%s" % _quoted("%s:%s" % (each.name, each.help)) for each in SHOWN]
    common = ["\t\t%s" % _zsh_option(each) for each in COMMON]
    rows = ["\t\t%s) _arguments %s ;;" % (each.name, " ".join(_zsh_words(each))) for each in SHOWN]
    return ZSH % {"commands": "\n".join(commands), "common": "\n".join(common), "rows": "\n".join(rows)}


def _zsh_words(command: Command) -> list[str]:
    words = ["$common", *map(_zsh_option, command.options)]
    for number, argument in enumerate(command.arguments, 1):
        place = "*" if argument.many else str(number)
        words.append(_quoted("%s:%s:%s" % (place, argument.name, _zsh_kind(argument.name, argument.choices))))
    return words


def _zsh_option(option: CommandOption) -> str:
    text = "%s[%s]" % (option.name, option.help.replace("]", "\\]").replace("[", "\\["))
    return _quoted("%s:%s:%s" % (text, option.value, _zsh_kind(option.value)) if option.value else text)


def _zsh_kind(name: str, choices: tuple[str, ...] = ()) -> str:
    if choices:
        return "(%s)" % " ".join(choices)
    if name in FILES + FOLDERS:
        return "_files -/" if name in FOLDERS else "_files"
    return "_haven_groups" if name == GROUP else " "


def _quoted(text: str) -> str:
    return "'%s'" % text.replace("'", "'\\''")


def fish() -> str:
    """Return the completion for fish."""
    rows = [_fish_option(option, "") for option in COMMON]
    names = " ".join(each.name for each in SHOWN)
    for command in SHOWN:
        first = "-n 'not __fish_seen_subcommand_from %s' " % names
        rows.append("complete -c haven %s-a %s -d %s" % (first, command.name, _quoted(command.help)))
        then = "-n '__fish_seen_subcommand_from %s' " % command.name
        rows += [_fish_option(option, then) for option in command.options]
        rows += [
            "complete -c haven %s%s" % (then, _fish_kind(argument.name, argument.choices))
            for argument in command.arguments
            if _fish_kind(argument.name, argument.choices)
        ]
    return FISH % "\n".join(rows)


def _fish_option(option: CommandOption, where: str) -> str:
    kind = " -r " + _fish_kind(option.value) if option.value else ""
    return "complete -c haven %s-l %s%s -d %s" % (where, option.name[2:], kind, _quoted(option.help))


def _fish_kind(name: str, choices: tuple[str, ...] = ()) -> str:
    if choices:
        return "-a '%s'" % " ".join(choices)
    if name in FILES:
        return "-F"
    if name in FOLDERS:
        return "-a '(__fish_complete_directories)'"
    return "-a '(haven complete groups 2>/dev/null)'" if name == GROUP else ""


if __name__ == "__main__":
    sys.stdout.write({"bash": bash, "zsh": zsh, "fish": fish}[(sys.argv[1:] or ["bash"])[0]]())
