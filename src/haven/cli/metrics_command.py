# SPDX-License-Identifier: GPL-2.0-or-later
"""`haven metrics`: the status as numbers."""

import sys

from haven.cli.errors import Unanswered
from haven.cli.own_words import status_of
from haven.cli.usage import Request
from haven.metrics.metric_texts import COLLECTD, PROMETHEUS, metrics_text


def metrics(request: Request) -> int:
    """Print the metrics; where havend does not answer that is one, too, and a failure."""
    form = COLLECTD if "--collectd" in request.flags else PROMETHEUS
    try:
        status = status_of(request, request.values["--node"])
    except Unanswered:
        sys.stdout.write(metrics_text(None, form))
        raise
    sys.stdout.write(metrics_text(status, form))
    return 0
