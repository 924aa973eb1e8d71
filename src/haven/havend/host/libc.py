# SPDX-License-Identifier: GPL-2.0-or-later
"""The C library, for what MicroPython has no words of its own for; `is_there` where it was built with ffi."""

import os
import struct

try:
    import ffi
except ImportError:
    # As the build on PyPI: each of these then says that it could not.
    ffi = None

SCHED_OTHER, SCHED_RR, SCHED_RESET_ON_FORK = 0, 2, 0x40000000
LOCK_EX_NB = 2 | 4
F_SETFD, FD_CLOEXEC = 2, 1
CLOCK_MONOTONIC = 1
SIGHUP, SIGINT, SIGTERM = 1, 2, 15
SIG_BLOCK = {False: 0, True: 1}
# Of signals: 64 on most machines, 128 on MIPS, and no C library wants to see more.
SIGNAL_SET = 128
# musl's struct sched_param goes on behind the number.
SCHED_PARAM_ROOM = 44
# No count of nanoseconds.
_UNTOUCHED = b"\xff" * 16
_IS_BIG_ENDIAN = struct.pack("@H", 1)[0] == 0

is_there = ffi is not None
_library = ffi.open(None) if is_there else None
_functions: "dict[str, object]" = {}


def _call(name: str, result: str, kinds: str, *arguments: object) -> "object":
    function = _functions.get(name)
    if function is None:
        function = _functions[name] = _library.func(result, name, kinds)
    return function(*arguments)


def lock(descriptor: int) -> bool:
    """Lock an open file for the life of this process and of none that it starts; tell whether it was free."""
    _call("fcntl", "i", "iii", descriptor, F_SETFD, FD_CLOEXEC)
    return _call("flock", "i", "ii", descriptor, LOCK_EX_NB) == 0


def error_text(code: int) -> str:
    """Return what an error number means."""
    return str(_call("strerror", "s", "i", code))


def mask_files(mask: int) -> int:
    """Let what is made from now on not have these rights; return which it had not had before."""
    return int(_call("umask", "i", "i", mask))


def be_realtime(priority: int) -> int:
    """Ask for real-time scheduling, or with 0 for the usual one; return the error's number, 0 for none.

    As for a thread: of musl, OpenWrt's C library, sched_setscheduler only says that there is none.
    """
    policy = SCHED_RR | SCHED_RESET_ON_FORK if priority else SCHED_OTHER
    wanted = struct.pack("@i", priority) + bytes(SCHED_PARAM_ROOM)
    return int(_call("pthread_setschedparam", "i", "pip", _call("pthread_self", "p", ""), policy, wanted))


def lock_memory(flags: int) -> bool:
    """Ask as mlockall(2) does; tell whether the kernel agrees. Raises AttributeError without ffi."""
    return _call("mlockall", "i", "i", flags) == 0


def open_signals() -> int:
    """Return a descriptor that is readable when this process is asked to end. Raises OSError."""
    _call("signal", "p", "ip", SIGHUP, 1)
    asked = bytearray(SIGNAL_SET)
    _call("sigemptyset", "i", "p", asked)
    for number in (SIGTERM, SIGINT):
        _call("sigaddset", "i", "pi", asked, number)
    _call("sigprocmask", "i", "ipp", SIG_BLOCK[is_mips()], asked, None)
    descriptor = int(_call("signalfd", "i", "ipi", -1, asked, 0))
    if descriptor < 0:
        raise OSError(os.errno())
    return descriptor


def read(descriptor: int, most: int) -> bytes:
    """Return what a descriptor that is ready has, as far as there is room; nothing at its end."""
    room = bytearray(most)
    count = int(_call("read", "l", "ipL", descriptor, room, most))
    return bytes(room[:count]) if count > 0 else b""


def monotonic() -> int:
    """Return microseconds of the clock that only grows; machine words are small where this is needed."""
    room = bytearray(_UNTOUCHED)
    _call("clock_gettime", "i", "ip", CLOCK_MONOTONIC, room)
    return microseconds_of(room)


def microseconds_of(timespec: "bytes | bytearray") -> int:
    """Return a struct timespec of 32-bit words in microseconds; what was not written is _UNTOUCHED.

    musl, OpenWrt's C library, gives seconds of 64 bits to whoever asks at run time, glibc those of 32.
    """
    if timespec[8:] == _UNTOUCHED[8:]:
        seconds, nanoseconds = struct.unpack_from("@ii", timespec)
    else:
        seconds, first, second = struct.unpack_from("@qii", timespec)
        # The lower half of what the kernel sees as 64 bits.
        nanoseconds = second if _IS_BIG_ENDIAN else first
    return int(seconds) * 1000000 + int(nanoseconds) // 1000


def is_mips() -> bool:
    """Tell whether constants of the kernel are those of MIPS."""
    with open("/proc/self/exe", "rb") as file:
        head = file.read(20)
    return int(struct.unpack("<H" if head[5] == 1 else ">H", head[18:20])[0]) == 8
