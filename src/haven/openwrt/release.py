# SPDX-License-Identifier: GPL-2.0-or-later
"""What is given back when the service has stopped: release [--at-shutdown].

Of a router that goes down the links of services stay away: after the boot it is haven again that starts them.
"""

import sys

from haven.openwrt.applied_files import RouterFiles, give_back_boot
from haven.openwrt.netifd import hold


def main() -> int:
    """Take our entries of netifd's away, and let OpenWrt start at boot what it has started before."""
    problems = hold([])
    if "--at-shutdown" not in sys.argv[1:]:
        problems += give_back_boot(RouterFiles())
    for text in problems:
        print("haven: %s" % text, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
