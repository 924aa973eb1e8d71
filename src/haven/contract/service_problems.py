# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be the matter with the role and what follows it, as rows of the table of problems."""

from haven.contract.severities import ERROR, WARNING

SERVICE_PROBLEMS = (
    (
        "service-failed",
        WARNING,
        "Service {service} fails: {failure}. {words}",
        "Mend what its last words name; it is tried again by itself, and 'haven status' says when.",
    ),
    (
        "service-required",
        ERROR,
        "Service {service}, which {group} requires, fails: {failure}. {words}",
        "Mend what its last words name; the group goes to another router where there is one.",
    ),
    (
        "service-stuck",
        WARNING,
        "Service {service} does not stop: {failure}. {words}",
        "Stop it by hand: it may run beside that of the Active. It is tried again by itself.",
    ),
    (
        "service-held",
        WARNING,
        "The group {group} stays although service {service} does not run here: it has moved {count} "
        "times lately; next try in {left_s}.",
        "Mend the service on one of the routers; until then the group is not moved to and fro.",
    ),
    (
        "service-at-boot",
        WARNING,
        "OpenWrt starts {init} at boot, before it is known whether service {service} is to run here.",
        "Say 'haven reload', by which haven takes that over, and leave '/etc/init.d/{init} enable' out.",
    ),
    (
        "openvpn-unheard",
        WARNING,
        "OpenVPN's server {server} does not answer at {path}, so another router would not know its clients.",
        "Look whether it runs, and whether something else holds its management socket.",
    ),
)
