# SPDX-License-Identifier: GPL-2.0-or-later
"""Every diagnostic by its code."""

from haven.contract.configuration_words import CONFIGURATION
from haven.contract.diagnostics import OWN

DIAGNOSTICS = dict(CONFIGURATION)
DIAGNOSTICS.update(OWN)
