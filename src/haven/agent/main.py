# SPDX-License-Identifier: GPL-2.0-or-later
"""The program haven-agent."""

import signal
import sys
from types import FrameType

from haven.agent.agent import Agent
from haven.arguments import CONFIG, RUN_DIR, UsageError, answer_program, parse_program

SUMMARY = "The control plane of haven: connections, ubus, scripts."
OPTIONS = (CONFIG, RUN_DIR)


def main() -> int:
    """Run the agent until it is told to stop."""
    try:
        options = parse_program(sys.argv[1:], "haven-agent", SUMMARY, OPTIONS)
    except UsageError as why:
        print(why, file=sys.stderr)
        return 2
    if options is None:
        sys.stdout.write(answer_program(sys.argv[1:], "haven-agent", SUMMARY, OPTIONS))
        return 0
    agent = Agent(options.values["--run-dir"], options.values["--config"])

    def end(_number: int, _frame: FrameType | None) -> None:
        agent.ending = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
