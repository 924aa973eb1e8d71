# SPDX-License-Identifier: GPL-2.0-or-later
"""haven beside Debian's keepalived, in one run; `python -m bench` prints the tables."""
