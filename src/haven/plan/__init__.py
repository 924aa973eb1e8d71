# SPDX-License-Identifier: GPL-2.0-or-later
"""From a checked model and facts about this machine to the plan that havend carries out."""
