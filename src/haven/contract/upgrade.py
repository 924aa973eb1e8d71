# SPDX-License-Identifier: GPL-2.0-or-later
"""An upgrade of paired routers: what a router is asked for it, what it answers, and why it goes no further.

A router takes haven's own packages alone, and of those only what is installed there: of a paired router's
while its user allows that (`option upgrade`), of its own user's always.
"""

from haven.contract.fields import Field, any_text, flag, list_of, mapping, octets, one_of, text, whole
from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OURS = ("haven", "luci-app-haven", "luci-app-haven-classic")
# Of these a language follows.
TRANSLATIONS, LETTERS = "luci-i18n-haven-", "abcdefghijklmnopqrstuvwxyz-"
LONGEST_NAME = 40
# What restarts the service.
HAVEN = "haven"
KINDS = ("ipk", "apk")

MOST_PACKAGES = 8
LARGEST_PACKAGE = 8 << 20
LARGEST_UPGRADE = 16 << 20
# Octets of a package in one message.
PIECE = 64 << 10

# What a router that is to be upgraded is asked. The token is that of who carries the upgrade out.
REQUESTS = {
    "upgrade-state": (),
    "upgrade-offer": (
        Field("token", octets),
        Field("packages", list_of(mapping)),
        Field("may_be_older", flag),
        # Whether it is to be judged alone; nothing is kept.
        Field("only_judge", flag),
    ),
    "upgrade-piece": (
        Field("token", octets),
        Field("number", whole(0, MOST_PACKAGES)),
        Field("at", whole(0, LARGEST_PACKAGE)),
        # In base64.
        Field("octets", text),
    ),
    "upgrade-install": (Field("token", octets),),
    "upgrade-drop": (Field("token", octets),),
}

PACKAGE = (
    Field("name", text),
    Field("version", text),
    Field("architecture", text),
    Field("kind", one_of(KINDS)),
    Field("size", whole(1, LARGEST_PACKAGE)),
    Field("installed_size", whole()),
    Field("sha256", octets),
)

STAGES = ("idle", "receiving", "installing", "installed", "failed")

STATE = (
    Field("stage", one_of(STAGES)),
    # The last words of a package manager that has failed.
    Field("words", any_text),
    Field("installed", mapping),
    # Of the agent that answers.
    Field("running", text),
    # Whether an upgrade of the pair is carried out from there.
    Field("leads", flag),
)

# Why a router does not take a package.
REFUSALS = {
    "upgrade-off": "its user does not let other routers upgrade it (option upgrade '0' in /etc/config/haven)",
    "upgrade-busy": "an upgrade is under way there already",
    "upgrade-unknown": "it knows nothing of this upgrade, or not any more",
    "upgrade-folder": "it has no place for packages: {error}",
    "manager-missing": "there is neither opkg nor apk",
    "kind-other": "it has {manager}, which does not install a package of the kind {kind}",
    "packages-many": "{count} packages are too many, or some are there twice: {most} at the most, each once",
    "package-strange": "'{name}' is no package of haven's",
    "package-wrong": "{error}",
    "package-large": "the packages have {size} kB together, and {most} kB are the most",
    "package-arch": "{name} is for {architecture}, and the router is {own}",
    "package-older": "{name} {version} is older than {installed}, which is installed; --downgrade goes back",
    "package-absent": "none of the packages is installed there",
    "room-memory": "there are {free} kB of room for the packages in {folder}, and {size} kB are needed",
    "room-flash": "there are {free} kB of room on its flash, and the packages need {size} kB",
    "piece-wrong": "what came of {name} does not fit",
    "package-incomplete": "{name} has not come whole",
}

# Of a file that is given.
FILE_FAULTS = {
    "file-unreadable": "{file}: {error}",
    "file-large": "{file} has more than {most} kB",
    "file-no-package": "{file} is no package of opkg's or apk's",
    "file-cut": "{file} is cut off, or damaged",
    "file-strange": "{file} is '{name}', which is no package of haven's",
    "file-twice": "{file} is {name}, as another one is",
    "file-kinds": "{file} is of another kind than the others: either all are for opkg or all for apk",
}

# What is done, as it is begun or found.
STEPS = {
    "begins": "{packages}, on {nodes}",
    "goes-on": "going on with the upgrade that was interrupted ({where})",
    "has-it": "{node} has this already",
    "left-out": "{node} has no {name}, and does not get it",
    "waits-installing": "{node} is still installing; waiting for it",
    "hands-over": "{node} stands back",
    "sends": "{node} gets {size} kB",
    "installs": "{node} installs",
    "settles": "{node} has installed; waiting until it is ready",
    "ready": "{node} is ready, with {packages}",
    "gives-back": "{node} takes {group} over again, as before",
    "finished": "done: {packages}; {roles}",
}

# Why it stops. What stands where is said behind it.
STOPS = {
    "not-paired": "this router is paired with no other: 'haven pair' and 'haven join' do that",
    "runs-already": "an upgrade is under way already; 'haven upgrade --status' shows it",
    "nobody-home": "haven-agent on this router does not answer",
    "peer-away": "{node} is not reached: {error}",
    "haven-older": "the haven on {node} cannot be upgraded from here ({error}): install there by hand first",
    "peer-leads": "an upgrade is carried out from {node} already",
    "refused": "{node} does not take it: {error}",
    "in-fault": "{node} is in fault ({faults}): nobody could take over",
    "in-maintenance": "{node} is in maintenance: end that first, by 'haven maintenance off' there",
    "nobody-active": "no router is Active for {group}",
    "nowhere": "none of the packages is installed on any router: install what is new by hand first",
    "not-copied": "{node} does not copy connections: those through the routers would end; "
    "--lose-connections goes on all the same",
    "not-ready": "{node} is not ready: {missing}",
    "not-handed-over": "{node} does not hand over: {error}",
    "not-sent": "a package did not reach {node}: {error}",
    "file-changed": "{file} is not what it was any more",
    "not-installed": "the installation on {node} failed: {words}",
    "not-back": "{node} did not come back within {seconds} s after the installation: {missing}",
    "not-noted": "where it stands cannot be noted in {file}: {error}",
    "files-changed": "{file} is not what it was when the upgrade was begun: name the packages again, 'haven "
    "upgrade FILE...'",
    "files-missing": "the packages of the upgrade that was interrupted are not there any more: "
    "name them again, 'haven upgrade FILE...'",
    "given-up": "given up",
    "broken": "{error}",
}


class UpgradeRefused(Exception):
    """A router does not take what it is offered: a code of REFUSALS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(REFUSALS[code], facts, {}))
        self.code = code
        self.facts = facts


class FileFault(Exception):
    """A file cannot be taken for an upgrade: a code of FILE_FAULTS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(FILE_FAULTS[code], facts, {}))
        self.code = code
        self.facts = facts


class UpgradeStopped(Exception):
    """An upgrade goes no further: a code of STOPS and its facts."""

    def __init__(self, code: str, **facts: "Any") -> None:
        super().__init__(render(STOPS[code], facts, {}))
        self.code = code
        self.facts = facts


def is_ours(name: str) -> bool:
    """Tell whether a package is one of haven's by its name."""
    if name in OURS:
        return True
    language = name[len(TRANSLATIONS) :] if name.startswith(TRANSLATIONS) else ""
    return 0 < len(language) < LONGEST_NAME and all(letter in LETTERS for letter in language)


def named(packages: "dict[str, str]") -> str:
    """Return packages and their versions as words."""
    return ", ".join("%s %s" % each for each in sorted(packages.items()))
