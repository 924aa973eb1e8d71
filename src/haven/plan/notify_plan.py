# SPDX-License-Identifier: GPL-2.0-or-later
"""What the agent has to know of those who are told: people by notices, Prometheus by metrics."""

from typing import Any

from haven.config.model import Model, NotifySettings
from haven.contract.notices import KINDS, WAYS
from haven.inet import text_of

# Nobody but this router itself.
LOOPBACK = ("127.0.0.1", "::1")


def parts(model: Model) -> dict[str, Any]:
    """Return the parts of the plan; none for who is not told."""
    found: dict[str, Any] = {}
    if model.metrics is not None:
        addresses = [text_of(octets) for octets in model.metrics.addresses] or list(LOOPBACK)
        found["metrics"] = {"addresses": addresses, "port": model.metrics.port}
    if model.notifies:
        found["notify"] = {"sections": [_section(each) for each in model.notifies]}
    return found


def _section(settings: NotifySettings) -> dict[str, Any]:
    ((way, to),) = [(way, settings.values[way]) for way in WAYS if settings.values[way]]
    return {
        "name": settings.name,
        "on": list(settings.ons or KINDS),
        "severity": settings.severity,
        "way": way,
        "to": to,
        "interval_us": settings.interval_us,
        "timeout_us": settings.timeout_us,
    }
