# SPDX-License-Identifier: GPL-2.0-or-later
"""The program haven-agent."""

import signal
import sys
from types import FrameType

from haven.agent.agent import Agent
from haven.arguments import CONFIG, RUN_DIR, begin_program

SUMMARY = "The control plane of haven: connections, ubus, scripts."
OPTIONS = (CONFIG, RUN_DIR)


def main() -> int:
    """Run the agent until it is told to stop."""
    options = begin_program(sys.argv[1:], "haven-agent", SUMMARY, OPTIONS)
    if isinstance(options, int):
        return options
    agent = Agent(options.values["--run-dir"], options.values["--config"])

    def end(_number: int, _frame: FrameType | None) -> None:
        agent.ending = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
