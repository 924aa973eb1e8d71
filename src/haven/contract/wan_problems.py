# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be the matter with a WAN that is dialled, as rows of the table of problems."""

from haven.contract.severities import ERROR, WARNING

WAN_TABLE = (
    (
        "wan-unpaired",
        WARNING,
        "The routers are not paired: a standby knows nothing of the WAN's lease or session.",
        "Pair them: 'haven pair' here, 'haven join' on the other one.",
    ),
    (
        "wan-netifd",
        WARNING,
        "No answer from netifd, so the WAN stays as it is: {error}.",
        "Look whether netifd and ubusd run.",
    ),
    (
        "wan-missing",
        WARNING,
        "There is no interface {interface} in netifd.",
        "Configure it in /etc/config/network, or correct the interface of the wan section.",
    ),
    (
        "wan-dials",
        ERROR,
        "The WAN {interface} is dialled and does not come up: {error}.",
        "Look at the line and the provider; 'ifstatus {interface}' shows what netifd knows.",
    ),
    (
        "wan-differs",
        WARNING,
        "The provider sees two customers: {what} of {node} is another one than here.",
        "Make it the same on all routers in /etc/config/network.",
    ),
)
