# SPDX-License-Identifier: GPL-2.0-or-later
"""The program haven-agent."""

import argparse
import signal
import sys
from types import FrameType

from haven.agent.loop import Agent


def main() -> int:
    """Run the agent until it is told to stop."""
    parser = argparse.ArgumentParser(prog="haven-agent", description="The control plane of haven.")
    parser.add_argument("--config", metavar="FILE", default="/etc/config/haven")
    parser.add_argument("--run-dir", metavar="DIR", default="/var/run/haven")
    options = parser.parse_args()
    agent = Agent(options.run_dir, options.config)

    def end(_number: int, _frame: FrameType | None) -> None:
        agent.ending = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
