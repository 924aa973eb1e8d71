# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person is told of the silence after which a group takes over."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.events import KernelSilent
    from haven.core.virtual_router import VirtualRouter

# Why a group takes over from an Active that has fallen silent without a word: its timer, its kernel, BFD.
SILENCES = ("silence", "unanswered", "session")


def spokesman(members: "list[VirtualRouter]") -> "VirtualRouter":
    """Return the member to tell of: the first link that has heard an Active, a cut one has heard nobody.

    Its address tells a person more than that of whichever timer was the last. One that has heard a lower
    priority knows why the group takes over.
    """
    lower = [member for member in members if member.lower_heard]
    heard = lower or [member for member in members if member.active_source is not None]
    return (heard or members)[0]


def reason_of(members: "list[VirtualRouter]", event: "KernelSilent | None") -> str:
    """Return why a group takes over whose members are all silent; the event, if one has said so."""
    if any(member.resigned for member in members):
        return "resigned"
    if any(member.lower_heard for member in members):
        return "preempt"
    if event is not None:
        return event.reason
    return "nobody" if spokesman(members).heard_at is None else "silence"
