# SPDX-License-Identifier: GPL-2.0-or-later
"""The problems of copying connections: code, what it means, what to do."""

TABLE = (
    (
        "conntrack-missing",
        "conntrackd is not installed, so connections do not survive a takeover.",
        "Install the package conntrackd (conntrack-tools), or disable the conntrack section.",
    ),
    (
        "conntrack-down",
        "conntrackd does not run; it is being started again. {why}",
        "Look for its message in the log.",
    ),
    (
        "conntrack-peer-silent",
        "The conntrackd of {peers} is not heard on {device}: connections are not copied.",
        "See that the other router runs and is linked, that address and peer_address are those of the two, "
        "crosswise, and that both list as many peers.",
    ),
    (
        "conntrack-device-missing",
        "The device {device} is not there, so connections are not copied.",
        "Bring it up; copying then begins by itself. Or correct device or interface under conntrack.",
    ),
    (
        "conntrack-link-down",
        "The link of {device} is down, so connections are not copied.",
        "Look at the cable and at the other end; copying goes on by itself.",
    ),
    (
        "conntrack-address-missing",
        "This router does not have the address {address}, so connections are not copied.",
        "Give {device} that address, or correct address under conntrack.",
    ),
    (
        "conntrack-no-guard",
        "The guard of young connections is not in force: {why}.",
        "Install nftables, or set guard under conntrack to 0. What was copied lives on all the same.",
    ),
    (
        "conntrack-limits-differ",
        "This router's table holds {limit} connections, that of {peer} {there}: what is beyond the smaller "
        "one is lost in a takeover.",
        "Set net.netfilter.nf_conntrack_max to the same on all routers.",
    ),
    (
        "conntrack-full",
        "The connection table holds {count} of {limit} entries: new connections are refused or not copied.",
        "Raise nf_conntrack_max, to the same on all routers.",
    ),
)

_ROWS = {row[0]: row for row in TABLE}


def problem(code: str, **facts: object) -> dict[str, str]:
    """Return a problem of the table as status shows it. Raises KeyError when a fact is missing."""
    _code, message, do = _ROWS[code]
    said = message.format(**facts).strip()
    return {"code": code, "about": "conntrack", "message": said, "do": do.format(**facts)}
