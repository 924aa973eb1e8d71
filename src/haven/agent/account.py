# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent reports of connections: figures for status, and problems with what to do."""

from pathlib import Path
from typing import Any

COUNT_FILE = "/proc/sys/net/netfilter/nf_conntrack_count"
LIMIT_FILE = "/proc/sys/net/netfilter/nf_conntrack_max"
# A table this full is close to refusing new connections.
NEARLY_FULL = 0.95


def read_number(path: str) -> int | None:
    """Return the number in a file, or None."""
    try:
        return int(Path(path).read_text())
    except (OSError, ValueError):
        return None


def problem(code: str, message: str, do: str) -> dict[str, str]:
    """Return a problem as status shows it."""
    return {"code": code, "about": "conntrack", "message": message, "do": do}


NOT_INSTALLED = problem(
    "conntrack-missing",
    "conntrackd is not installed, so connections do not survive a takeover.",
    "Install the package conntrackd (conntrack-tools), or disable the conntrack section.",
)


def not_running(failure: str) -> dict[str, str]:
    """Return the problem of a conntrackd that does not run."""
    text = "conntrackd does not run; it is being started again."
    return problem("conntrack-down", f"{text} {failure}".strip(), "Look for its message in the log.")


def peer_silent(peer: str, device: str) -> dict[str, str]:
    """Return the problem of a peer that is not heard."""
    return problem(
        "conntrack-peer-silent",
        f"The conntrackd of {peer} is not heard on {device}: connections are not copied.",
        "See that the other router runs and is linked, that address and peer_address are those of the two, "
        "crosswise, and that both list as many peers.",
    )


def device_missing(device: str) -> dict[str, str]:
    """Return the problem of a device between the routers that is not there."""
    return problem(
        "conntrack-device-missing",
        f"The device {device} is not there, so connections are not copied.",
        "Bring it up; copying then begins by itself. Or correct device or interface under conntrack.",
    )


def link_down(device: str) -> dict[str, str]:
    """Return the problem of a device between the routers that carries nothing."""
    return problem(
        "conntrack-link-down",
        f"The link of {device} is down, so connections are not copied.",
        "Look at the cable and at the other end; copying goes on by itself.",
    )


def address_missing(address: str, device: str) -> dict[str, str]:
    """Return the problem of an own address that this router does not have."""
    return problem(
        "conntrack-address-missing",
        f"This router does not have the address {address}, so connections are not copied.",
        f"Give {device} that address, or correct address under conntrack.",
    )


def no_guard(why: str) -> dict[str, str]:
    """Return the problem of rules that nft does not take."""
    return problem(
        "conntrack-no-guard",
        f"The guard of young connections is not in force: {why}.",
        "Install nftables, or set guard under conntrack to 0. What was copied lives on all the same.",
    )


def table_full(count: int, limit: int) -> dict[str, str]:
    """Return the problem of a connection table that is nearly full."""
    return problem(
        "conntrack-full",
        f"The connection table holds {count} of {limit} entries: new connections are refused or not copied.",
        "Raise nf_conntrack_max, to the same on all routers.",
    )


def account(
    figures: dict[str, int], age: float | None, in_sync: bool, restarts: int, several: bool = False
) -> dict[str, Any]:
    """Return the figures that status shows under conntrack."""
    if several:
        # conntrackd takes the numbers of all senders for one's, and finds gaps where there are none.
        figures = {name: value for name, value in figures.items() if name != "lost"}
    return {
        "in_sync": in_sync,
        "entries": read_number(COUNT_FILE),
        "limit": read_number(LIMIT_FILE),
        "heard_ms": None if age is None else int(age * 1000),
        "restarts": restarts,
        **figures,
    }
