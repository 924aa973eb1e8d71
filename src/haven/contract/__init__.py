# SPDX-License-Identifier: GPL-2.0-or-later
"""What haven's programs say to each other: the plan, the control socket, status, events, problems."""
