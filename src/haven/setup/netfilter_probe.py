# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether this kernel can hold packets for a program: asked by a rule that is checked and not made."""

import subprocess

LIMIT_S = 5
# By its name nobody else's, and a check leaves nothing behind.
RULE = """table inet haven_probe {
 chain output {
  udp sport 67 queue flags bypass to 0
 }
}
"""


def has_queue() -> bool:
    """Tell whether nftables has `queue`, which OpenWrt has in kmod-nft-queue."""
    try:
        done = subprocess.run(
            ["nft", "-c", "-f", "-"], input=RULE.encode(), capture_output=True, timeout=LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
