# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fact `error` or `why` often holds whole: words of ours, and the C library's for the kernel's errors.

Such a fact is anybody's, so it has no code; these the pages say in the reader's language, all others as they
are. A file of its own, and not of the contract, as nothing but the catalogue asks for it.
"""

FACTS = ("error", "why")

OURS = (
    "no answer",
    "no answer in time",
    "it has another key than the one that was paired",
    "it is not heard any more",
    "it is not paired with this router",
    "it reads nothing",
    "it takes too long",
    "the agent ends",
    "the peer has called again",
    "this router ends the line",
)
# glibc and musl, which OpenWrt has, do not always agree.
LIBRARY = (
    "Address already in use",
    "Address in use",
    "Address not available",
    "Broken pipe",
    "Cannot assign requested address",
    "Connection refused",
    "Connection reset by peer",
    "Connection timed out",
    "Host is unreachable",
    "I/O error",
    "Input/output error",
    "Network is down",
    "Network is unreachable",
    "Network unreachable",
    "No route to host",
    "No space left on device",
    "No such device",
    "No such file or directory",
    "Operation not permitted",
    "Operation timed out",
    "Permission denied",
    "Read-only file system",
)
