# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts a program of haven from the folder or archive that this is in: python3 -I haven.zip PROGRAM."""

import sys

try:
    from haven.launch import main
except ImportError as why:
    sys.exit("haven: %s. If Python has changed since haven was installed, install haven again." % why)

sys.exit(main())
