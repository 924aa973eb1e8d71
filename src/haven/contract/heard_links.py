# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router tells of the links on which it hears the Active."""

from haven.contract.fields import Field, number, one_of, text, whole

# How well the Active was heard on a link in the last hour: missing ones, by how much the others were early or
# late on the average, and at most.
LINK = (
    Field("device", text),
    Field("family", one_of((4, 6))),
    Field("minutes", whole()),
    Field("heard", whole()),
    Field("lost", whole()),
    Field("jitter_ms", number),
    Field("worst_ms", number),
)
