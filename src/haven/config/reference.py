# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the reference page from the option table: python -m haven.config.reference [FILE]."""

import sys

from haven.config.example import EXAMPLE
from haven.config.options import SECTIONS, Option, SectionType
from haven.config.options.option import option_text
from haven.config.output import write
from haven.config.service_profiles import PROFILES

_INTRODUCTION = """\
# Configuration

<!-- Made from the option table by: make docs -->

haven reads one file, `/etc/config/haven`, in OpenWrt's UCI format. Edit it with any editor, with
`uci`, or in LuCI, and look it over before it counts:

    haven validate      # every problem at once, with line, section and option
    haven plan          # what this router would do on a takeover
    haven reload        # take the new configuration without a failover

A file with a problem is refused as a whole: at start haven does not run with it, on a reload the
configuration that is in force stays.

## Example

One of two routers that share a LAN and a WAN. On the other one, `node`, the priorities and the
routers' own addresses differ.

```
{example}```

## Sections

Every option is written `option NAME 'VALUE'`, or `list NAME 'VALUE'` once for each value where the
table says *list*. An option that is empty or left out has its default. Yes and no may also be
written `on`/`off`, `yes`/`no`, `true`/`false`, `enabled`/`disabled`.
"""


def reference() -> str:
    """Write the whole page."""
    return "\n".join([_INTRODUCTION.format(example=EXAMPLE.expandtabs(4)), *map(_section, SECTIONS)])


def _section(section: SectionType) -> str:
    lines = [f"### {section.name}", "", f"`config {section.name} 'NAME'`: {_how_many(section)}", ""]
    lines += [section.help, ""]
    lines += ["| option | values | unit | default | what it does |", "|---|---|---|---|---|"]
    lines += [_row(option) for option in section.options]
    if section.option("profile"):
        lines += _profiles()
    return "\n".join(lines) + "\n"


def _profiles() -> list[str]:
    lines = ["", "What the profiles stand for; [services.md](services.md) says what is done with it:", ""]
    lines += ["| profile | script | package | role | order | |", "|---|---|---|---|---|---|"]
    for profile in PROFILES:
        script = ", ".join(f"`{name}`" for name in profile.inits) or "`list interface`"
        cells = (profile.name, script, profile.package, profile.role, str(profile.order), profile.says)
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _how_many(section: SectionType) -> str:
    if section.single:
        return "one at most; the name is free."
    if not section.named:
        return "as many as needed; the name is free."
    return "as many as needed; the name is what `haven status` shows, and no two sections share one."


def _row(option: Option) -> str:
    values = ("list of " if option.many else "") + option.kind.values
    help = option.help
    if option.only_with:
        help += f" Only with {option.only_with[0]} {option_text(option.only_with[1])}."
    cells = (f"`{option.name}`", values, option.unit, _default(option), help)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(option: Option) -> str:
    if option.required:
        return "*required*"
    return f"`{option.default}`" if option.default else option.default_says


if __name__ == "__main__":
    sys.exit(write("haven.config.reference", reference(), sys.argv[1:]))
