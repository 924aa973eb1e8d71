# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms in which metrics are told, and what is told of a havend that is not there or not understood."""

from haven.contract.message import ODD_FACTS
from haven.metrics.collectd_text import collectd_text
from haven.metrics.exposition import exposition, samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROMETHEUS, COLLECTD = "prometheus", "collectd"
FORMS = {PROMETHEUS: exposition, COLLECTD: collectd_text}


def metrics_text(status: "dict[str, Any] | None", form: str = PROMETHEUS) -> str:
    """Return a status as metrics; of none, and of one that another version made, that there is none."""
    write = FORMS[form]
    try:
        if status is not None:
            return write(samples(status))
    except ODD_FACTS:
        pass
    return write(iter([("haven_up", (), 0)]))
