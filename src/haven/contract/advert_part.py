# SPDX-License-Identifier: GPL-2.0-or-later
"""A virtual router's router advertisements in the plan: most send none, and then nothing more is loaded."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from haven.core.ra.advert_spec import AdvertSpec


def check_advert(document: "dict[str, Any]", where: str) -> None:
    """Raise DocumentError where a virtual router's advertisements are not what they have to be."""
    if document.get("router_advert") is not None:
        from haven.contract.router_advert import check_router_advert

        check_router_advert(document["router_advert"], document["family"], where)


def advert_of(document: "dict[str, Any]") -> "AdvertSpec | None":
    """Return what a virtual router says of itself, in the types of the core; None for nothing."""
    if document.get("router_advert") is None:
        return None
    from haven.contract.router_advert import advert_spec

    return advert_spec(document["router_advert"])
