# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent is asked over its own socket: of the other routers, and of the pairing.

Lines of JSON as on havend's (contract/control.py).
"""

from haven.contract.fields import Field, any_text, mapping, text, whole

REQUESTS = {
    "peers": (),
    "pair": (),
    "unpair": (Field("node", text),),
    # The common configuration.
    "sync": (),
    "sync-diff": (),
    "sync-now": (),
    "sync-history": (),
    "sync-undo": (Field("number", whole(1)),),
    "sync-take": (Field("node", text), Field("path", any_text)),
    # A request of REMOTE to another router, by its name.
    "ask": (Field("node", text), Field("request", mapping)),
}

# What a router answers another that it is paired with; no more, and no shell. To upgrade is more than the
# rest: what a package holds is root's (contract/upgrade.py).
REMOTE = ("status", "events", "plan", "switchover", "maintenance", "vouch", "look") + (
    "upgrade-state",
    "upgrade-offer",
    "upgrade-piece",
    "upgrade-install",
    "upgrade-drop",
    # A drill (contract/drill_words.py), and what a router remembers (contract/history_words.py).
    "drill-hold",
    "drill-end",
    "drill-run",
    "history",
)
