# SPDX-License-Identifier: GPL-2.0-or-later
"""The descriptors that this process has open."""

import gc
import os


def open_descriptors() -> set[str]:
    """Tell their numbers."""
    return set(os.listdir("/proc/self/fd"))


def descriptors_before() -> set[str]:
    """Tell them before something is tried; what other tests left to the collector is closed first."""
    gc.collect()
    return open_descriptors()
