# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven pair`, `join`, `peers` and `unpair`: which routers know each other."""

import sys
import time

from haven.cli.agent_client import ask_agent
from haven.cli.errors import Failed
from haven.cli.own_words import print_json
from haven.cli.text import printable
from haven.cli.usage import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Octets of a fingerprint that a person compares.
SHOWN = 16


def pair(request: Request) -> int:
    """Show a code; the agent keeps the offer."""
    offer = ask_agent(request.run_dir, "pair")
    if request.json:
        print_json(offer)
        return 0
    from haven.peers.code import spaced

    left = max(0, round((offer["until"] - time.time()) / 60))
    print(f"The code is {spaced(offer['code'])}; it is good for {left} minutes and for one router.")
    print(f"On the other router:\n    haven join {offer['code']}")
    if offer["addresses"]:
        print("or, where they have no link in common, with an address of this one before the code:")
        print(f"    {printable(', '.join(offer['addresses']))}")
    return 0


def join(request: Request) -> int:
    """Join the router that shows a code."""
    try:
        from haven.cli.joining import join as carry_out
    except ImportError:
        raise Failed("joining needs Python's ssl: install python3-openssl") from None
    return carry_out(request)


def peers(request: Request) -> int:
    """Print who is paired with this router, and how each is."""
    found = ask_agent(request.run_dir, "peers")
    if request.json:
        print_json(found)
    elif not found:
        print("no router is paired with this one; 'haven pair' shows a code for another to join")
    else:
        sys.stdout.write("".join(_peer_line(printable(peer)) for peer in found))
    return 0


def _peer_line(peer: "dict[str, Any]") -> str:
    key = peer["fingerprint"][:SHOWN]
    if peer["heard_ms"] is None:
        return f"{peer['node']}  not reached ({peer['trouble'] or 'no answer yet'}), key {key}\n"
    heard = f"heard {peer['heard_ms'] / 1000:.1f} s ago at {peer['address']}"
    return f"{peer['node']}  {peer['state']}, {heard}, haven {peer['version']}, key {key}\n"


def unpair(request: Request) -> int:
    """End a pairing on both routers."""
    assert request.argument is not None
    reached = ask_agent(request.run_dir, "unpair", node=request.argument)
    node = printable(request.argument)
    if reached and not reached.get("told"):
        print(f"{node} is not paired with this router any more; it was not reached, say it there, too")
    else:
        print(f"{node} is not paired with this router any more")
    return 0
