# SPDX-License-Identifier: GPL-2.0-or-later
"""What a page of LuCI and a job of haven's say to each other, by two files in the run directory.

The page's first word is one of JOB, and names what is to be done; the answer is {"kind", "state", "words",
...}, with the number of words that were heard so far:

    begun      what this router is like is being looked at, or the code proven
    asks       `proposal` (contract/setup.py) waits for go, leave, or other answers; `refusal` says why the
               last ones will not do, or what only a person can answer (there may be no proposal yet)
    pairing    both routers are told that they are paired
    trying     the new configuration is put in place
    waiting    it is in force, until somebody confirms it (a setup)
    done       `node` is the router that was joined
    left       nothing was changed, as the page wished
    refused    `refusal` says why, as {"error", "code", "facts"}: of contract/setup.py or contract/pairing.py
"""

from haven.contract.fields import Field, mapping, text

JOB = ("setup", "join")
WORDS = {
    "setup": (),
    "join": (Field("address", text), Field("code", text)),
    "answers": (Field("answers", mapping),),
    "go": (),
    "confirm": (),
    "leave": (),
}
STATES = ("begun", "asks", "pairing", "trying", "waiting", "done", "left", "refused")

JOB_FILE, WORD_FILE = "page-job", "page-word"
LARGEST_WORD = 1 << 16
# A person reads and decides; who offers to be joined waits as long.
DECISION_S = 900.0
