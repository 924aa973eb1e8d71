# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the page of what routers share from the table: python -m haven.sync.manual [FILE]."""

import sys

from haven.config.output import write
from haven.sync.folders import LARGEST_FILE, LARGEST_TOTAL, MOST_FILES
from haven.sync.history import LARGEST_HISTORY, MOST_CHANGES
from haven.sync.table import NATURAL_KEYS, PACKAGES, Row

_INTRODUCTION = """\
# One configuration

<!-- Made from the table of what is shared by: make docs -->

Routers that are paired have one configuration. What is changed on one of them, with `uci`, in LuCI
or with an editor, is changed on the others; what makes each of them itself stays its own. Neither
is the leader, and no clock is asked.

    haven sync                    # is it one configuration, and what is not; conflicts with both values
    haven sync diff               # what the others have otherwise, option by option
    haven sync take NODE [PATH]   # decides a conflict, or all that stand there, by that router's value
    haven sync history            # the last changes, and who made them
    haven sync undo N             # takes change N back, on all of them
    haven sync now                # does not wait for the next look; tries again what was refused

## What is shared

Each option of each package is *shared*, *local* or *mirrored*; a mirrored one is made of what the
other routers tell of theirs. A package that is not in this table is local until it is named. Of the
packages here everything is shared but this:

| package | section | options | | why |
|---|---|---|---|---|
{rows}

Nothing else of these is local: {rest}.

`config sync` in /etc/config/haven says what is to be otherwise, and is shared itself ([its
options](config.md)):

    config sync 'sync'
        list shared 'strongswan.*.*'          # a package that is not in the table
        list local 'network.guest'            # a section of it, as a whole
        list local 'firewall.@rule.enabled'   # an option of all sections of a type
        list file '/etc/openvpn/'             # a folder, with its folders, or a file

A path is `PACKAGE`, `PACKAGE.SECTION` or `PACKAGE.SECTION.OPTION`; a section is named, or stands
there as `@TYPE`, and `*` is anything. `local` comes before `shared`, and both before the table.
What becomes shared where both routers have something else is shown as a conflict; nobody's is
written over.

Of files, contents and modes are shared: up to {file} a file, {total} and {files} files together.
Links, devices and larger files are left out, which `haven sync` says. Host keys, /etc/config and
what is haven's own are never among them.

A section that is new on a router begins with the other's value for what cannot be left out there
(*begins with theirs*), or with what is usual on this router (*begins with ours*). An address cannot
be guessed: a `conntrack` section that another router has begun comes without one, everything else
of the change is in force, and `haven status` says which option to set here
([`conntrack-unplaced`](errors.md#conntrack-unplaced)).

## How changes meet

Each value remembers who wrote it after having seen what. A change that was made with knowledge of
another takes its place; of two that were made without, in a split or at the same moment, each
option is looked at by itself:

- Different options, sections or files: both changes stand, on all routers.
- The same value: it stands.
- Different values: a *conflict*. Every router keeps what it has until somebody decides (`haven sync
  take NODE [PATH]`). To remove is a value, too: who removes a section in which another has changed
  something meanwhile makes a conflict.

A list option is one value. The order of sections is that of their type: each has a place between
two others, so that sections put in by two routers never stand against each other, and only two that
move the same section to different places do.

## By what a section is recognised

One with a name, by its name. One without, when a file has changed: by being just as it was; else by
its natural key; else as the one that it has most in common with, if that is at least half of its
options (two thirds when it has another natural key). What is left was added or removed. One that is
added is known by its natural key, or by its content if there is none: the same one, added on two
routers, is one.

| sections | known by |
|---|---|
{keys}

## How it is applied

A change is taken whole or not at all. It is checked, haven's own configuration by haven, the rest
by UCI's rules; written aside, with copies of what was there; then renamed, file by file, under a
marker in /etc/haven/pending. A router that dies on the way has, at its next start, everything as
before or everything as after. Then it is on trial: what was taken is put back, there alone, unless
it is kept; a router that dies meanwhile puts it back, too. What was put back is not taken again as
long as it is the same change.

A file that is being written at that moment is not touched, nor are changes that nobody has
committed yet. A file that is gone or empty, or that UCI cannot read, is no change: it says so, and
the others keep theirs.

The history has the last {changes} changes, {history} at most, each with what was before; one of
them is undone where what it had set is still the same. Passwords and keys are in no answer.

## Where it is

/etc/haven/sync is what this router knows (`memory`), the history, what is on trial, and contents of
files that somebody may want back. All of it is root's alone. A memory that is lost or damaged, or
an older one that a backup brings back, costs nobody's change: what then differs is shown as a
conflict.
"""


def manual() -> str:
    """Write the whole page."""
    rows = [_row(package, row) for package, rows in PACKAGES.items() for row in rows]
    rest = ", ".join("`%s`" % package for package, found in PACKAGES.items() if not found)
    keys = ["| `%s` | %s |" % (sections, _known_by(key)) for sections, key in NATURAL_KEYS.items()]
    return _INTRODUCTION.format(
        rows="\n".join(rows),
        rest=rest,
        keys="\n".join([*keys, "| `network.wireguard_*` | `public_key` |"]),
        file=_size(LARGEST_FILE),
        total=_size(LARGEST_TOTAL),
        files=MOST_FILES,
        changes=MOST_CHANGES,
        history=_size(LARGEST_HISTORY),
    )


def _row(package: str, row: Row) -> str:
    options = " ".join("`%s`" % option for option in row.options) or "the section"
    kind = row.kind + (", begins with %s" % row.first if row.first else "")
    return "| %s | `%s` | %s | %s | %s |" % (package, row.section, options, kind, row.why)


def _known_by(key: str) -> str:
    return " ".join("`%s`" % option for option in key.split()) or "being the only one"


def _size(octets: int) -> str:
    return "%d MiB" % (octets >> 20) if octets >= 1 << 20 else "%d KiB" % (octets >> 10)


if __name__ == "__main__":
    sys.exit(write("haven.sync.manual", manual(), sys.argv[1:]))
