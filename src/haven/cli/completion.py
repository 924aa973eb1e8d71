# SPDX-License-Identifier: GPL-2.0-or-later
"""Bash completion, made from the table: `python -m haven.cli.completion`."""

import sys

from haven.cli.command_table import COMMON, SHOWN

TEXT = """\
# bash completion for haven                               -*- shell-script -*-
# SPDX-License-Identifier: GPL-2.0-or-later
# Made from the table of commands: python -m haven.cli.completion

_haven() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local command='' words='' i
	local -a call=("${COMP_WORDS[0]}")
	COMPREPLY=()
	case $previous in
		--config|--answers) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
		--run-dir|--root) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
	esac
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
			--run-dir|--answers|--root) ((++i)) ;;
			--config) call+=(--config "${COMP_WORDS[++i]}") ;;
			-*) ;;
			*) [ -n "$command" ] || command=${COMP_WORDS[i]} ;;
		esac
	done
	case $command in
		'') words='%(commands)s' ;;
%(rows)s
	esac
	[[ $command == switchover && $current != -* ]] && words=$("${call[@]}" complete groups 2>/dev/null)
	[[ $command == @(upgrade|import) && $current != -* ]] && words=$(compgen -f -- "$current")
	[[ $current == -* ]] && words+=' %(common)s'
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _haven haven
"""


def bash() -> str:
    """Return the completion file."""
    rows = []
    for command in SHOWN:
        words = [choice for argument in command.arguments for choice in argument.choices]
        words += [option.name for option in command.options]
        if words:
            rows.append("\t\t%s) words='%s' ;;" % (command.name, " ".join(words)))
    return TEXT % {
        "commands": " ".join(command.name for command in SHOWN),
        "rows": "\n".join(rows),
        "common": " ".join(option.name for option in COMMON),
    }


if __name__ == "__main__":
    sys.stdout.write(bash())
