# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan as a file, checked before it is written by what its reader checks it with."""

import json
from typing import Any

from haven.atomic_file import write_whole
from haven.contract.fields import DocumentError
from haven.contract.plan import PlanError, check_plan


def write_plan(path: str, plan: dict[str, Any]) -> None:
    """Put a plan into a file, such that a reader or a power cut never meets half of one. Raises PlanError."""
    try:
        document = check_plan(plan)
        # The plan holds the version 2 password.
        write_whole(path, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(), 0o600)
    except DocumentError as why:
        raise PlanError("plan-damaged", path, error=str(why)) from why
    except OSError as why:
        raise PlanError("plan-unwritable", path, error=str(why.strerror or why)) from why
