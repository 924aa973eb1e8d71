# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven validate`, `haven plan` and `haven reload`: what the configuration says."""

import os
import sys

from haven import paths
from haven.cli.absence import on_openwrt
from haven.cli.errors import Failed, RequestRefused
from haven.cli.text import count
from haven.cli.usage import Request
from haven.contract.control import MOST_DIAGNOSTICS
from haven.contract.event_log import event_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.config.model import Model
    from haven.contract.diagnostics import Diagnostic


class ConfigRefused(Failed):
    """The configuration has problems."""

    def __init__(self, problems: "list[Diagnostic]") -> None:
        self.problems = problems
        super().__init__("%s in the configuration" % count(len(problems), "problem"))


def validate(request: Request) -> int:
    """Check the configuration."""
    from haven.config.load import load

    model, problems = load(request.config)
    if model is not None and model.wans:
        from haven.plan.dialled_wans import warnings

        model.warnings += tuple(warnings(model.wans, request.config))
    if model is not None and model.wireguards:
        from haven.plan import wireguard_tunnels

        model.warnings += tuple(wireguard_tunnels.warnings(model.wireguards, request.config))
    if model is not None:
        _note_services(model, request.config)
    if request.json:
        _print_validity(model, problems)
        return 0 if model is not None else 1
    if model is None:
        _complain(ConfigRefused(problems))
        return 1
    for warning in model.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"{request.config}: {_good(model)}")
    return 0


def _note_services(model: "Model", config: str) -> None:
    """Add what this machine has not of the services: the one warning of the machine's that is sure."""
    if model.services:
        from haven.plan.service_commands import warnings

        model.warnings += tuple(warnings(model, config))


def _print_validity(model: "Model | None", problems: "list[Diagnostic]") -> None:
    from haven.cli.own_words import print_json
    from haven.config.load import validity

    print_json(validity(model, problems))


def _good(model: "Model") -> str:
    routers = count(len(model.virtual_routers), "virtual router")
    groups = count(len(model.groups), "group")
    disabled = "" if model.main.enabled else "; haven is disabled (option enabled '0')"
    return f"no problem; {routers} in {groups}{disabled}"


def plan(request: Request) -> int:
    """Print what this node would do on takeover and on release."""
    try:
        described = _described(request)
    except ConfigRefused as why:
        _complain(why, request.json)
        return 1
    if request.json:
        from haven.cli.own_words import print_json

        print_json(described)
    else:
        from haven.cli.plan_text import show_plan

        sys.stdout.write(show_plan(described))
    return 0


def _described(request: Request) -> "dict[str, Any]":
    node = request.values["--node"]
    if node:
        from haven.cli.agent_client import ask_node

        return dict(ask_node(request.run_dir, node, "plan"))
    from haven.contract.hidden import hide_passwords
    from haven.plan.sequences import with_sequences

    facts = request.values["--machine"]
    if facts:
        made = _make_for(facts, request.config)
        # As JSON it is what the other machine carries out, with all that it needs for that.
        return made if request.json else hide_passwords(with_sequences(made))
    return hide_passwords(with_sequences(_make(request.config)))


def reload(request: Request) -> int:
    """Give the running havend the configuration as it is now."""
    from haven.cli.control_client import ControlConnection
    from haven.cli.reload_turn import reload_turn

    with ControlConnection(request.run_dir) as havend:
        havend.ask("status")
    with reload_turn(request.run_dir):
        made, taken = _make_and_hand_over(request)
    # The first releases did not say.
    _tell_outcome(made, taken.get("changed", True), request.json)
    if on_openwrt(request):
        # The firewall's rules, DHCP and the rest follow, too. In place of this program, because the service
        # may have called it, and its lock is ours then.
        os.execv(paths.SERVICE, [paths.SERVICE, "start"])
    return 0


def _make_and_hand_over(request: Request) -> "tuple[dict[str, Any], dict[str, Any]]":
    """Return the plan, and what havend says to it."""
    from haven.cli.control_client import ControlConnection

    # Connected anew afterwards: the compiler can take longer than havend is to keep a line open.
    try:
        made = _make(request.config)
    except ConfigRefused as why:
        _complain(why, request.json)
        _tell_refusal(request.run_dir, why.problems[:MOST_DIAGNOSTICS])
        raise Failed("nothing was changed: the configuration in force stays") from None
    for warning in made["warnings"]:
        print(f"warning: {warning['text']}", file=sys.stderr)
    with ControlConnection(request.run_dir) as havend:
        return made, havend.order("load", path=_leave(made, request.run_dir))


def _tell_refusal(run_dir: str, problems: "list[Diagnostic]") -> None:
    from haven.cli.control_client import ControlConnection

    with ControlConnection(run_dir) as havend:
        try:
            havend.ask("refuse", problems=[each.as_dict() for each in problems])
        except RequestRefused:
            # The havend of the first release, which is still running, takes texts alone.
            havend.ask("refuse", problems=[str(each) for each in problems])


def _leave(made: "dict[str, Any]", run_dir: str) -> str:
    """Write the plan beside the one in force, which havend replaces with it when it takes it."""
    from haven.contract.plan import PlanError
    from haven.plan.write import write_plan

    # havend's working directory is another.
    path = paths.inside(os.path.abspath(run_dir), paths.NEXT_PLAN)
    try:
        write_plan(path, made)
    except PlanError as why:
        raise Failed(str(why)) from None
    return path


def _tell_outcome(made: "dict[str, Any]", changed: bool, in_json: bool) -> None:
    if in_json:
        from haven.cli.own_words import print_json

        print_json({"text": _outcome(made, changed), "virtual_routers": len(made["virtual_routers"])})
    else:
        print(_outcome(made, changed))
    # The service may take this program's place.
    sys.stdout.flush()


def _outcome(made: "dict[str, Any]", changed: bool) -> str:
    if not made["enabled"]:
        return event_text("disabled", {}) + ": havend stops"
    said = f"reloaded: {count(len(made['virtual_routers']), 'virtual router')}"
    return said if changed else said + "; nothing has changed"


def _make(config: str) -> "dict[str, Any]":
    from haven.plan.assemble import make_plan

    made, problems = make_plan(config)
    if made is None:
        raise ConfigRefused(problems)
    return made


def _make_for(facts: str, config: str) -> "dict[str, Any]":
    from haven.plan.other_machine import make_plan_for

    made, problems = make_plan_for(facts, config)
    if made is None:
        raise ConfigRefused(problems)
    for warning in made["warnings"]:
        print(f"warning: {warning['text']}", file=sys.stderr)
    return made


def _complain(why: ConfigRefused, in_json: bool = False) -> None:
    if in_json:
        _print_validity(None, why.problems)
    for problem in why.problems:
        print(problem, file=sys.stderr)
