# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a plan is the engine's: its groups and virtual routers."""

from haven.contract.carp_part import spec_class
from haven.contract.fields import others_of
from haven.core.spec import GroupSpec, RouterSpec
from haven.inet import octets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.contract.fields import Field

    Document = dict[str, Any]
    Fields = tuple[Field, ...]

# What the engine's classes are made with besides.
NO_SETTINGS = ("self", "routers")


def group_spec(document: "Document", members: "tuple[RouterSpec, ...]", fields: "Fields") -> GroupSpec:
    """Return a group of these virtual routers; what is not among the `fields` of a group is a setting."""
    return GroupSpec(
        document["name"],
        members,
        document["sync_wait_us"],
        tuple([(check, weight) for check, weight in document.get("checks") or ()]),
        tuple([(device, host_octets(each)) for device, each in document.get("witnesses") or ()]),
        **_settings(document, fields, GroupSpec),
    )


def router_spec(document: "Document", fields: "Fields") -> RouterSpec:
    """Return a virtual router; what is not among the `fields` of one is a setting."""
    auth, source = document.get("auth"), document.get("source")
    kind, settings = spec_class(document)
    settings.update(_settings(document, fields, RouterSpec))
    spec: RouterSpec = kind(
        document["name"],
        document["device"],
        document["family"],
        tuple([host_octets(each) for each in document["addresses"]]),
        bytes.fromhex(auth) if auth is not None else None,
        host_octets(source) if source is not None else None,
        tuple([host_octets(each) for each in document["unicast_peers"]]),
        tuple([(device, weight) for device, weight in document["tracks"]]),
        **settings,
    )
    keys = document.get("authentication")
    if keys is not None:
        from haven.core.auth.auth_spec import auth_spec

        spec.authentication = auth_spec(keys)
    return spec


def _settings(document: "Document", fields: "Fields", kind: type) -> "dict[str, Any]":
    """Return what is for the engine; a name that means something to its class already is no setting's."""
    found = {key: value for key, value in others_of(document, fields).items() if value is not None}
    return {key: found[key] for key in found if key not in NO_SETTINGS and not hasattr(kind, key)}


def host_octets(written: str) -> bytes:
    """Return the octets of an address without its length."""
    return octets_of(written.split("/")[0])
