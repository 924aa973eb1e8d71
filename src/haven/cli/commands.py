# SPDX-License-Identifier: GPL-2.0-or-later
"""What each command does; each returns the exit status."""

import json
import os
import sys
import time
from typing import Any

from haven.cli.client import PATIENT_S, Refused, Unanswered, ask, follow
from haven.cli.text import clock


class Failed(Exception):
    """A command could not do what it was asked; the text says why."""


def show_status(options: Any) -> int:
    """Print the status of this node."""
    from haven.cli.status import render

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def draw() -> str:
        try:
            return render(ask(options.run_dir, "status"), time.time(), colour)
        except Unanswered as why:
            return f"{why}\n"

    if options.watch:
        from haven.cli.watch import watch

        return watch(draw)
    document = ask(options.run_dir, "status")
    if options.json:
        _print_json(document)
    else:
        sys.stdout.write(render(document, time.time(), colour))
    return 0


def show_events(options: Any) -> int:
    """Print what has happened, and with --follow what happens."""
    if not options.follow:
        events = ask(options.run_dir, "events")
        if options.json:
            _print_json(events)
        else:
            _print_events(events)
        return 0
    try:
        for events in follow(options.run_dir):
            if options.json:
                print("\n".join(json.dumps(event) for event in events), flush=True)
            else:
                _print_events(events)
    except KeyboardInterrupt:
        return 0
    raise Unanswered("havend has ended")


def _print_events(events: list[dict[str, Any]]) -> None:
    for event in events:
        print(f"{clock(event['at'])}  {event['text']}", flush=True)


def validate(options: Any) -> int:
    """Check the configuration."""
    from haven.config.load import load

    model, problems = load(options.config)
    if options.json:
        _print_json({"valid": model is not None, "problems": [problem.as_dict() for problem in problems]})
    else:
        for problem in problems:
            print(problem, file=sys.stderr)
    if model is None:
        return 1
    if not options.json:
        routers, groups = len(model.virtual_routers), len(model.groups)
        print(
            f"{options.config}: {_count(routers, 'virtual router')} in {_count(groups, 'group')}, no problem"
        )
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def show_plan(options: Any) -> int:
    """Print what this node would do on takeover and on release."""
    from haven.plan.show import show_plan as text_of

    plan = _make_plan(options.config)
    if options.json:
        _print_json(plan)
    else:
        sys.stdout.write(text_of(plan))
    return 0


def _make_plan(config: str) -> dict[str, Any]:
    from haven.plan.compile import make_plan

    plan, problems = make_plan(config)
    if plan is None:
        raise Failed("\n".join(str(problem) for problem in problems))
    return plan


def reload(options: Any) -> int:
    """Give the running havend the configuration as it is now."""
    from haven.plan.store import PlanError, write_plan

    ask(options.run_dir, "status")
    try:
        plan = _make_plan(options.config)
    except Failed as why:
        ask(options.run_dir, "refuse", problems=str(why).split("\n"))
        raise Failed(f"{why}\nnothing was changed: the configuration in force stays") from None
    path = os.path.join(options.run_dir, "plan.json.new")
    try:
        write_plan(path, plan)
    except PlanError as error:
        raise Failed(str(error)) from None
    result = ask(options.run_dir, "load", patience=PATIENT_S, path=path)
    print(f"reloaded: {_count(result['virtual_routers'], 'virtual router')}")
    return 0


def stop(options: Any) -> int:
    """Hand over, give the addresses up, and end havend."""
    ask(options.run_dir, "stop", patience=PATIENT_S)
    print("stopped: the addresses are given up")
    return 0


def switchover(options: Any) -> int:
    """Let another router take over."""
    result = ask(options.run_dir, "switchover", patience=PATIENT_S, group=options.group)
    print(f"handed over: another router is Active for {', '.join(result['handed_over'])} now")
    return 0


def maintenance(options: Any) -> int:
    """Stand back from now on, or be a candidate again."""
    result = ask(options.run_dir, "maintenance", patience=PATIENT_S, on=options.wanted == "on")
    if options.wanted == "off":
        print("maintenance is off: this node may become Active again")
    elif result["still_active"]:
        print(
            f"maintenance is on, but no other router takes over {', '.join(result['still_active'])}: "
            "this node stays Active and asks again every 10 s"
        )
    elif result["handed_over"]:
        print(f"maintenance is on: another router is Active for {', '.join(result['handed_over'])} now")
    else:
        print("maintenance is on: this node becomes Active only when no other router can be")
    return 0


def _print_json(document: Any) -> None:
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


__all__ = ["Failed", "Refused", "Unanswered"]
