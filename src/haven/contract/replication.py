# SPDX-License-Identifier: GPL-2.0-or-later
"""What paired routers say of their common configuration: what came of a change, what stands in its way."""

from haven.contract.message import render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REPLICATION = {
    # What came of something received.
    "applied": "taken",
    "known": "nothing new",
    "partial": "more parts are to come",
    "stale": "it builds on what is not known here; the difference is to be asked for anew",
    # What is the matter with this router's files.
    "package-damaged": "/etc/config/{package} is not shared as long as it cannot be read: line {line}: "
    "{diagnostic}",
    "package-empty": "/etc/config/{package} is empty, which is not taken for a change; was the flash full?",
    "package-missing": "/etc/config/{package} is gone, which is not taken for a change; the other routers "
    "keep theirs",
    "package-unreadable": "/etc/config/{package} cannot be read: {error}",
    "file-large": "{path} is not shared: it has more than {most} octets",
    "file-many": "{path} and what follows is not shared: there are more than {most} files",
    "file-total": "{path} is not shared: together the files would have more than {most} octets",
    "file-name": "a file is not shared: its name holds a character that cannot be sent",
    "file-no-file": "{path} is not shared: it is neither a file nor a folder",
    "file-unreadable": "{path} cannot be read",
    "state-damaged": "what this router knew of the common configuration is lost ({error}); what now differs "
    "from the other routers is shown as a conflict",
    # For whom the configuration waits.
    "joining": "this router is about to take what {node} has",
    "peer-unreached": "{node} is not reached now; what was changed meanwhile goes both ways when it is",
    "peer-behind": "{node} does not have the same yet; 'haven sync' there says why, 'haven sync now' tries "
    "again",
    "peer-took-back": "{node} has taken a change back, as it was not what it had been before; look there for "
    "what the change has cut off, 'haven sync now' there tries it again",
    # Why something received was not taken.
    "document-wrong": "{node} sent what cannot be read: {error}",
    "document-version": "{node} speaks version {found} of the exchange of configurations, and this router "
    "{known}; upgrade the older one",
    "change-refused": "a change by {node} is not taken, since this router would refuse {file}, line {line}: "
    "{diagnostic}",
    "change-undone": "a change by {node} was taken back here; it is not taken again while it is the same",
    "file-kept": "a change by {node} is not taken: {path} is here, and cannot be shared",
    "file-linked": "a change by {node} is not taken: a link stands where {path} is to be",
    "package-busy": "{path} is being written at this moment",
    "no-room": "nothing was changed, for it cannot be written: {error}",
    # What was asked for and cannot be done.
    "conflict-missing": "there is no conflict at {path} with a version of {node}",
    "history-missing": "there is no change {number} in the history",
    "history-since": "nothing was undone: all that change {number} had set was changed again since",
    "history-not-kept": "change {number} was too large for the history to keep what was before",
}


def replication_text(code: str, facts: "dict[str, Any]") -> str:
    """Return a text of the table in English. Raises KeyError for a code or a fact that is missing."""
    # Most have nothing to refuse, and do without the words of every option.
    from haven.contract.all_diagnostics import DIAGNOSTICS

    return render(REPLICATION[code], facts, {"diagnostic": DIAGNOSTICS})
