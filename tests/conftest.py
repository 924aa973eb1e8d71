# SPDX-License-Identifier: GPL-2.0-or-later
"""What every test stands on."""

import signal

# A shell's background job ignores SIGINT, and so would the programs that the tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
