# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of a drill, as templates: rows for events and problems, which havend makes texts of."""

# Why no drill is made, or what became of it.
OUTCOMES = {
    "done": "well",
    "not-paired": "this router is paired with no other: 'haven pair' and 'haven join' do that",
    "no-agent": "haven-agent on this router does not answer",
    "elsewhere": "{node} is Active for {groups}: say 'haven drill' there",
    "nobody-active": "no router is Active for {groups}",
    "no-group": "there is no group {groups}",
    "peer-away": "{node} is not reached: {error}",
    "peer-older": "the haven on {node} knows of no drills: upgrade it first",
    "busy": "{error}",
    "not-well": "the pair is not well: {node}: {missing}",
    "no-nft": "a power cut cannot be rehearsed here: {error}",
    "refused": "{node} refuses: {error}",
    "not-taken": "nobody took over within {seconds} s; {node} is Active as before",
    "lost-peer": "{node} was lost in the middle of it: {error}",
    "not-back": "{node} did not take over again: {error}",
    "missing": "{missing}",
    "interrupted": "interrupted",
}

# What does not follow a takeover, or not in time.
MISSING = {
    "connections": "of {before} connections {node} has {after}",
    "service": "service {service} does not run on {node}",
    "leases": "{node} has {after} of {before} leases",
    "wan": "the WAN {wan} is not up on {node}",
    "problem": "{node}: {problem}",
}
