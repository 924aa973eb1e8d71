# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven complete`: what the shell asks when a word is to be completed."""

from haven.cli.usage import Request


def complete(request: Request) -> int:
    """Print the groups of the configuration, as far as it can be read: one that is wrong has them, too."""
    from haven.config.load import read_sections

    sections = read_sections(request.config)
    print("\n".join(dict.fromkeys(_group_of(each.type, each.name, each.value("group")) for each in sections)))
    return 0


def _group_of(type: str, name: str, group: str) -> str:
    if type == "virtual_router":
        # Without a group it is one of its own.
        return group or name
    return name if type == "group" else ""
