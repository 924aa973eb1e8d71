# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of both families: octets as the programs have them, text as people write it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
else:
    try:
        # Its Python part brings what weighs more than all of the agent (light_socket.py).
        import _socket as socket
    except ImportError:
        import socket


def text_of(octets: bytes) -> str:
    """Return an address of 4 or 16 octets as people write it."""
    return socket.inet_ntop(socket.AF_INET6 if len(octets) == 16 else socket.AF_INET, octets)


def octets_of(text: str) -> bytes:
    """Return the octets of an address of either family. Raises OSError or ValueError."""
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
