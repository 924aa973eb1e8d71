# SPDX-License-Identifier: GPL-2.0-or-later
"""The program haven-agent."""

import sys
from types import FrameType

from haven.agent.agent import Agent
from haven.arguments import CONFIG, ROOT, RUN_DIR, begin_program, below
from haven.light import forget_what_could_be_imported, hear_of_children, signal
from haven.sole_agent import wait_for_turn
from haven.spare_descriptor import set_aside

SUMMARY = "The control plane of haven: connections, ubus, scripts."
OPTIONS = (CONFIG, RUN_DIR, ROOT)


def main() -> int:
    """Run the agent until it is told to stop."""
    options = begin_program(sys.argv[1:], "haven-agent", SUMMARY, OPTIONS)
    if isinstance(options, int):
        return options
    forget_what_could_be_imported()
    hear_of_children()
    set_aside()
    values = options.values
    root = values["--root"]
    wait_for_turn(values["--run-dir"])
    agent = Agent(values["--run-dir"], below(root, values["--config"]), root=root)

    def end(_number: int, _frame: FrameType | None) -> None:
        agent.ending = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    agent.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
