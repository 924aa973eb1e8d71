# SPDX-License-Identifier: GPL-2.0-or-later
"""Which protocol a virtual router speaks."""

from haven.core.spec import CARP
from haven.core.virtual_router import VirtualRouter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from haven.core.carp.counter import Counter
    from haven.core.spec import RouterSpec


def virtual_router_for(spec: "RouterSpec", counters: "dict[tuple[str, int, int], Counter]") -> VirtualRouter:
    """Return the virtual router of a specification; `counters` are those of CARP, by wire."""
    if spec.protocol != CARP:
        return VirtualRouter(spec)
    # Nobody else pays for it.
    from haven.core.carp.carp_router import carp_router

    return carp_router(spec, counters.get(spec.wire()))
