# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN's clients as text: how many of each server are known here, and what is done after a takeover."""

from haven.cli.text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Document = dict[str, Any]


def openvpn_clients(status: "Document", width: int) -> list[str]:
    """Return lines on OpenVPN's clients; none where no server has any to call."""
    table = status.get("openvpn")
    if not table or not table["servers"]:
        return []
    return wrapped("OpenVPN: %s." % ", ".join(map(_server, table["servers"])), width, then="  ")


def _server(server: "Document") -> str:
    noun = "client" if server["clients"] == 1 else "clients"
    called = f" ({server['called']} called back)" if server["called"] else ""
    return f"{server['clients']} {noun} of {server['name']}{called}"


def planned_server(server: "Document") -> "list[tuple[str, str]]":
    """Return what is to be told of one server in a plan, each with its label."""
    place = "%s, port %d" % (server["protocol"].upper(), server["port"])
    return [
        ("reached by", "%s at %s" % (place, ", ".join(server["addresses"]))),
        (
            "takeover",
            "its clients are called back when group %s is Active here" % server["group"],
        ),
        ("who they are", "what %s says, told to the paired routers" % server["management"]),
    ]
