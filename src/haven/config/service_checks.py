# SPDX-License-Identifier: GPL-2.0-or-later
"""What must fit together within and between the `service` sections."""

from haven.config.model import ServiceSettings
from haven.config.options.service_section import BOTH
from haven.config.section_values import SectionValues
from haven.config.service_profiles import profile_named
from haven.config.spelling import suggestion

# What is started by procd or netifd, and goes without a command of its own.
_READY_MADE = ("profile", "init", "interface")


def check_services(services: list[SectionValues], routers: list[SectionValues]) -> None:
    """Note everything that does not fit in the services; their groups are those of the virtual routers."""
    groups = groups_of(routers)
    taken: dict[str, SectionValues] = {}
    for values in services:
        _check_kind(values)
        _check_commands(values)
        if groups and all(router.sure("group") for router in routers):
            _check_group(values, groups)
        if values.one("enabled"):
            _check_taken(values, taken)


def groups_of(routers: list[SectionValues]) -> list[str]:
    """Return the groups of the virtual routers; one without is a group of its own."""
    names = [router.one("group") or router.section.name for router in routers]
    return list(dict.fromkeys(name for name in names if name))


def make_services(services: list[SectionValues], routers: list[SectionValues]) -> tuple[ServiceSettings, ...]:
    """Return the services that are enabled, in the order in which they are started."""
    groups = groups_of(routers)
    made = [ServiceSettings(values, groups) for values in services if values.one("enabled")] if groups else []
    return tuple(sorted(made, key=lambda service: service.order))


def _inits(values: SectionValues) -> tuple[str, ...]:
    usual = profile_named(values.one("profile"))
    return values.all("init") or (usual.inits if usual else ())


def _check_kind(values: SectionValues) -> None:
    ready_made = [name for name in _READY_MADE if values.given(name)]
    if values.given("start"):
        for name in ready_made:
            values.complain("service-mixed", name)
    elif not ready_made:
        values.complain("service-nothing")
    usual = profile_named(values.one("profile"))
    if usual and usual.interface and not values.given("interface"):
        values.complain("option-missing", "interface")


def _check_commands(values: SectionValues) -> None:
    for name, other in (("start", "stop"), ("stop", "start")):
        if values.given(name) and not values.given(other):
            values.complain("service-half", other, other=name)
    if values.given("reload") and values.given("role") and values.sure("role") and values.one("role") != BOTH:
        facts = {"other": "role", "wanted": BOTH, "actual": values.one("role")}
        values.complain("option-only-with", "reload", **facts)


def _check_group(values: SectionValues, groups: list[str]) -> None:
    name = values.one("group")
    if name and name not in groups:
        values.complain("group-missing", "group", name=name, **suggestion(name, groups))
    elif not values.given("group") and len(groups) > 1:
        values.complain("service-groups", "group", names=groups)


def _check_taken(values: SectionValues, taken: dict[str, SectionValues]) -> None:
    for option, names in (("init", _inits(values)), ("interface", values.all("interface"))):
        for name in names:
            first = taken.setdefault(f"{option} {name}", values)
            if first is not values:
                values.complain("service-init-taken", option, value=name, other=first.section.label)
