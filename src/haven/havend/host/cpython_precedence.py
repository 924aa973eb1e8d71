# SPDX-License-Identifier: GPL-2.0-or-later
"""Before others when the processor is busy: real time, in whatever words the C library takes."""

import errno
import os
import struct

FIRST, USUAL = -20, 0
# Of struct sched_param in any C library: glibc's is the number alone, musl's goes on.
SCHED_PARAM_ROOM = 48


def be_realtime(priority: int) -> "str | None":
    """Ask for real-time scheduling, or with 0 for the usual one; return why not, or None.

    Where it is refused this process has the highest niceness instead.
    """
    policy = os.SCHED_RR | os.SCHED_RESET_ON_FORK if priority else os.SCHED_OTHER
    try:
        # What we start is not to go before everything else on this machine.
        _schedule(policy, priority)
    except (OSError, ValueError) as error:
        if priority:
            _be_first_of_the_usual()
        return str(error)
    if os.getpriority(os.PRIO_PROCESS, 0) == FIRST:
        os.setpriority(os.PRIO_PROCESS, 0, USUAL)
    return None


def _schedule(policy: int, priority: int) -> None:
    try:
        os.sched_setscheduler(0, policy, os.sched_param(priority))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        _schedule_thread(policy, priority)


def _schedule_thread(policy: int, priority: int) -> None:
    """Ask as for a thread: musl, OpenWrt's C library, has only ENOSYS for a process. Raises OSError."""
    try:
        import ctypes
    except ImportError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    library = ctypes.CDLL(None)
    library.pthread_self.restype = ctypes.c_void_p
    wanted = ctypes.create_string_buffer(struct.pack("@i", priority), SCHED_PARAM_ROOM)
    code = library.pthread_setschedparam(ctypes.c_void_p(library.pthread_self()), policy, wanted)
    if code:
        raise OSError(code, os.strerror(code))


def _be_first_of_the_usual() -> None:
    try:
        _schedule(os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, 0)
        os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    except OSError:
        return
