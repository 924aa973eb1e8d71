# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be the matter with notices and metrics, as rows of the table of problems."""

from haven.contract.severities import WARNING

TOLD_TABLE = (
    (
        "metrics-unserved",
        WARNING,
        "The metrics are not answered at {addresses}, port {port}: {error}.",
        "Give option address of the metrics section an address of this router's, or another port.",
    ),
    (
        "notify-failed",
        WARNING,
        "Notifications by '{section}' cannot be sent: {error}. Waiting: {count}.",
        "See what 'haven notify {section}' says; what waits is sent when that works again.",
    ),
)
