# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs of haven: one of them is run by its name."""

import sys

from haven.light import hear_of_children

PROGRAMS = {
    "haven": "haven.cli.main",
    "havend": "haven.havend.main",
    "haven-agent": "haven.agent.main",
    # Those that the programs and OpenWrt's scripts start.
    "compile": "haven.plan.main",
    "service-facts": "haven.openwrt.service_facts",
    "release": "haven.openwrt.release",
    "take-back": "haven.openwrt.applied_files",
    "bytecode": "haven.openwrt.bytecode",
    "setup-keeper": "haven.setup.keeper",
    "upgrade-installer": "haven.upgrade.installer",
    "upgrade-keeper": "haven.cli.upgrade_keeper",
    "page-job": "haven.cli.page_job",
    "lease-holder": "haven.leases.holder",
    "luci-calls": "haven.openwrt.luci_calls",
}


def main() -> int:
    """Run the program that the first word names; the others are its own."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in PROGRAMS:
        sys.stderr.write("usage: PROGRAM [ARGUMENT...], one of: %s\n" % " ".join(sorted(PROGRAMS)))
        return 2
    sys.argv[:] = [name] + sys.argv[2:]
    hear_of_children()
    module = __import__(PROGRAMS[name], None, None, ("main",))
    status: int = module.main()
    return status
