# SPDX-License-Identifier: GPL-2.0-or-later
"""Every text that a code stands for, for the pages of LuCI, which say it in the reader's language.

python3 -m haven.openwrt.catalogue javascript      as a module of LuCI's
python3 -m haven.openwrt.catalogue lua             as one of its Lua runtime
"""

import json
import sys
from typing import Any

from haven.contract import (
    all_events,
    all_problems,
    at_risk,
    control,
    doctor,
    doctor_checks,
    drill_outcomes,
    drill_words,
    pairing,
    services,
    setup,
    wan_words,
    wireguard_words,
)
from haven.contract.all_diagnostics import DIAGNOSTICS
from haven.contract.diagnostics import PLACES
from haven.contract.event_log import REASONS
from haven.contract.faults import FAULTS
from haven.contract.message import DURATIONS, STATE_FACTS, STATE_NAMES, SUGGESTION
from haven.contract.replication import REPLICATION
from haven.contract.steps import SEQUENCES, STEPS
from haven.openwrt import failure_words

# The table of a message among the facts of another, by the fact's name.
INNER = {
    "advice": "advice",
    "command": "steps",
    "diagnostic": "diagnostics",
    "failure": "service_failures",
    "missing": "drill_missing",
    "outcome": "drill_outcomes",
    "fault": "faults",
    "faults": "faults",
    "problem": "problems",
    "reason": "reasons",
    "risk": "at_risk",
    "step": "steps",
}

JAVASCRIPT = """// SPDX-License-Identifier: GPL-2.0-or-later
'use strict';
'require baseclass';

return baseclass.extend(%s);
"""
LUA = """-- SPDX-License-Identifier: GPL-2.0-or-later
-- luacheck: no max line length
return require("luci.jsonc").parse([==[%s]==])
"""
# The classic pages set nothing up.
NOT_IN_LUA = ("drill_refusals", "pairing", "replication", "setup", "questions", "whys") + tuple(
    f"doctor_{word}" for word in ("checks", "well", "found", "means", "do", "unable", "steps")
)
FORMS = {"javascript": JAVASCRIPT, "lua": LUA}


def texts() -> dict[str, dict[str, str]]:
    """Return the tables: code to template, by what the codes are of."""
    return {
        "states": STATE_NAMES,
        "problems": {code: text for code, _severity, text, _do in all_problems.TABLE},
        "advice": {code: do for code, _severity, _text, do in all_problems.TABLE},
        "events": {code: text for code, _kind, text in all_events.TABLE},
        "reasons": REASONS,
        "faults": FAULTS,
        "steps": STEPS,
        "sequences": {code: heading for code, _label, heading in SEQUENCES},
        "diagnostics": DIAGNOSTICS,
        "refusals": control.REFUSALS,
        "pairing": pairing.REFUSALS,
        "replication": REPLICATION,
        "setup": {**setup.REFUSALS, **setup.OUTCOMES},
        "questions": setup.QUESTIONS,
        "whys": setup.WHYS,
        "durations": DURATIONS,
        "at_risk": at_risk.AT_RISK,
        "service_failures": services.FAILURES,
        "service_reasons": services.WHY,
        "wan_states": wan_words.STATES,
        "wireguard_states": wireguard_words.STATES,
        "doctor_checks": {check.name: check.looks_at for check in doctor_checks.CHECKS},
        "doctor_well": {check.name: check.well for check in doctor_checks.CHECKS},
        "doctor_found": {code: row.found for code, (_check, row) in doctor_checks.FINDINGS.items()},
        "doctor_means": {code: row.means for code, (_check, row) in doctor_checks.FINDINGS.items()},
        "doctor_do": {code: row.do for code, (_check, row) in doctor_checks.FINDINGS.items()},
        "doctor_unable": doctor_checks.UNABLE,
        "doctor_steps": doctor.STEPS,
        "drill_outcomes": drill_outcomes.OUTCOMES,
        "drill_missing": drill_outcomes.MISSING,
        "drill_refusals": drill_words.REFUSALS,
        "ends": {"suggestion": SUGGESTION, "at_risk": at_risk.HEADLINE},
        "places": PLACES,
        "failure_words": {words: words for words in failure_words.OURS + failure_words.LIBRARY},
    }


def catalogue(form: str) -> dict[str, Any]:
    """Return all that the pages of a form have from the contract."""
    patience = {"answer_s": control.ANSWER_PATIENCE_S, "handover_s": control.HANDOVER_PATIENCE_S}
    order = {"sequences": [code for code, _label, _heading in SEQUENCES]}
    facts = {"state_facts": STATE_FACTS, "failure_facts": failure_words.FACTS}
    more = {"inner": INNER, "order": order, "patience": patience, **facts}
    shown = {name: table for name, table in texts().items() if form != "lua" or name not in NOT_IN_LUA}
    return {"texts": shown, **more}


def main() -> int:
    """Print the catalogue in the form that the command line names."""
    sys.stdout.write(FORMS[sys.argv[1]] % json.dumps(catalogue(sys.argv[1]), indent=0, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
