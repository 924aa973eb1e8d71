# SPDX-License-Identifier: GPL-2.0-or-later
"""What /etc/config/network has of a tunnel, whose device is not there before it is set up."""

from haven.agent.wan.customer import read_network


def read_port_and_key(root: str, interface: str) -> tuple[int, str]:
    """Return the port and the private key as they are written, 0 and empty where there is none."""
    for section in read_network(root):
        if (section.type, section.name) == ("interface", interface):
            port = section.value("listen_port")
            return int(port) if port.isascii() and port.isdigit() else 0, section.value("private_key")
    return 0, ""
