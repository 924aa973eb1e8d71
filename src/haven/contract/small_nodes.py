# SPDX-License-Identifier: GPL-2.0-or-later
"""How a node without a compiler asks a full one for its plan: TCP, one question and one answer a connection.

Who asks sends BEGIN, the KEY_ID octets that its key is called by, and NONCE octets by chance; who is asked
answers NONCE octets of its own, to anybody. From there on each side's words are sealed records
(core/auth/sealed_line.py): a document is one or more of them and an empty one. Asked is {"version", "facts",
"have"}: the facts of contract/machine_facts.py and the SHA-256 of the plan in hand, or nothing. The answer
is {"answer": ANSWERS, "problems": texts}, and behind "plan" a second document, which is the file of the plan.

"same" may take HOLD_S: who asked is told at once of what changes meanwhile.
"""

from haven.contract.fields import Field, any_text, list_of, mapping, number, one_of, text, whole

PORT = 3786
VERSION = 1
BEGIN = b"haven small 1\n"
KEY_ID, NONCE = 8, 16
HELLO = len(BEGIN) + KEY_ID + NONCE
# Of a key: 128 bits, told as hexadecimal digits.
KEY = 16

# Strangers have so long to prove a key, and nobody more for the rest of the question.
STRANGER_S, QUESTION_S = 5.0, 30.0
# A question is held for so long; who asks waits for an answer longer than it takes to compile as well.
HOLD_S = 50.0
PATIENCE_S = 90
LONGEST_QUESTION = 1 << 20
# Connections that are open at once, those who are held among them.
MOST_VISITORS = 16

ANSWERS = ("plan", "same", "refused")
QUESTION = (Field("version", one_of((VERSION,))), Field("facts", mapping), Field("have", any_text))
ANSWER = (Field("answer", one_of(ANSWERS)), Field("problems", list_of(text)))

# What the status tells of each: where it asked from, how long ago, and what it was answered.
SMALL_NODE = (
    Field("name", text),
    Field("address", text, nullable=True),
    Field("asked_s", number, nullable=True),
    Field("virtual_routers", whole(), nullable=True),
    Field("problems", list_of(text)),
)
