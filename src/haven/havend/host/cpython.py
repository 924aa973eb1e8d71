# SPDX-License-Identifier: GPL-2.0-or-later
"""What CPython does in its own way: the clock, sockets with addresses, waiting, signals.

Everything else in this folder runs on MicroPython, too.
"""

import fcntl
import gc
import os
import resource
import select
import struct
import time

from haven import light_socket as socket
from haven.core.vrrp.constants import PROTOCOL
from haven.havend.host import cpython_memory, cpython_precedence
from haven.havend.host.cpython_own_stack import OwnStack
from haven.light import forget_what_could_be_imported, hear_of_children, signal
from haven.spare_descriptor import set_aside

RAW_PROTOCOL = 255
# A wait, in microseconds, that can be cut to whole milliseconds.
LEAST_ROUGH = 2000
# Of descriptors that are ready: what else is comes next.
AT_ONCE = 64
# 255 IPv6 addresses, where the MTU allows them.
PACKET_LENGTH = 8192
# Two hundred and fifty virtual routers advertise in one burst.
RECEIVE_BUFFER = 1 << 20

SO_RCVBUFFORCE = 33
SO_ATTACH_FILTER = 26
# Of raw ICMP sockets: which types are not to be read, one bit each (linux/icmp.h, linux/icmpv6.h).
SOL_RAW = 255
ICMP_FILTER = 1
ICMP6_FILTER = 1
IP_MULTICAST_ALL = 49
IPV6_MULTICAST_ALL = 29
ICMPV6_FILTER = 1
NETLINK_ROUTE = 0
# Where this Python is, haven-agent can be.
HAS_AGENT = True
HAS_BFD = True
# Of the control socket.
MEMORY_FOR_A_CLIENT = 1 << 20

# What recvmsg gives for one packet: hop limit and destination.
_IPV6_ANCILLARY = socket.CMSG_SPACE(4) + socket.CMSG_SPACE(20)


def now() -> int:
    """Return microseconds on a clock that only grows and is the same for every process."""
    return time.monotonic_ns() // 1000


def sleep(seconds: int) -> None:
    """Do nothing for a while; only before there is anything to miss."""
    time.sleep(seconds)


def make_own_stack() -> "OwnStack | None":
    """Return what tells whether this machine's own kernel is late."""
    return OwnStack(now())


def node_name() -> str:
    """Return what this machine calls itself."""
    return os.uname().nodename


class Poller:
    """Waits for descriptors to become ready, to a fraction of a millisecond."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._all_of_them = [self._epoll.fileno()]
        self._was_ready = False

    def add(self, descriptor: int) -> None:
        """Wait for this descriptor, too."""
        self._epoll.register(descriptor, select.EPOLLIN)

    def change(self, descriptor: int, reading: bool, writing: bool) -> None:
        """Wait until this descriptor has octets, takes octets, or (neither) is closed at the other end."""
        self._epoll.modify(
            descriptor, (select.EPOLLIN if reading else 0) | (select.EPOLLOUT if writing else 0)
        )

    def remove(self, descriptor: int) -> None:
        """Wait for this descriptor no more."""
        self._epoll.unregister(descriptor)

    def wait(self, microseconds: int, is_rough: bool = False) -> "list[tuple[int, int]]":
        """Return the (descriptor, mask) pairs that are ready within this time.

        epoll counts whole milliseconds and rounds up: a timer of 10 ms would fire a tenth of its time late.
        select() counts microseconds, and has but one descriptor to look at. Roughly, up to a millisecond
        more, is one call less. So it is where something is about to come, as to a Backup that hears its
        Active: then nothing may be ready up to a millisecond too early.
        """
        if is_rough:
            return self._epoll.poll(microseconds / 1000000, AT_ONCE)
        if self._was_ready and microseconds >= LEAST_ROUGH:
            # Half of one less, as what is no whole number of them is rounded up.
            found = self._epoll.poll((microseconds // 1000 - 0.5) / 1000, AT_ONCE)
        elif microseconds > 0 and not select.select(self._all_of_them, (), (), microseconds / 1000000)[0]:
            found = []
        else:
            found = self._epoll.poll(0, AT_ONCE)
        self._was_ready = bool(found)
        return found


def open_receiver(device: str, index: int, family: int, group: bytes) -> socket.socket:
    """Return a socket that hears protocol 112 on one device, as a member of the group.

    Raises OSError when the device is not there.
    """
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    sock = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, PROTOCOL)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", index))
        else:
            sock.setsockopt(socket.IPPROTO_IP, IP_MULTICAST_ALL, 0)
            member = group + b"\0\0\0\0" + struct.pack("@i", index)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    except OSError:
        sock.close()
        raise
    return sock


def open_discovery(device: str, index: int, group: bytes, kinds: "tuple[int, ...]") -> socket.socket:
    """Return a socket that hears these types of ICMPv6 on one device, as a member of the group.

    Raises OSError when the device is not there.
    """
    flags = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    sock = socket.socket(socket.AF_INET6, flags, socket.IPPROTO_ICMPV6)
    try:
        # A bit for each type that does not pass (RFC 3542 3.2).
        words = [0xFFFFFFFF] * 8
        for kind in kinds:
            words[kind >> 5] &= ~(1 << (kind & 31))
        sock.setsockopt(socket.IPPROTO_ICMPV6, ICMPV6_FILTER, struct.pack("@8I", *words))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group + struct.pack("@I", index))
    except OSError:
        sock.close()
        raise
    return sock


def attach_filter(sock: socket.socket, program: bytes) -> bool:
    """Let the kernel drop what a filter does not let pass; tell whether it can, else everything is read."""
    # Where CPython has the octets; array, which tells, brings all of collections.
    address = id(program) + bytes.__basicsize__ - 1
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program) // 8, address))
    except OSError:
        return False
    return True


def receive_v4(sock: socket.socket) -> "tuple[bytes, bytes, int, bytes] | None":
    """Return (source, destination, TTL, payload) of the next packet, or None when there is none."""
    try:
        packet = sock.recv(PACKET_LENGTH)
    except OSError:
        return None
    head = (packet[0] & 15) * 4
    return packet[12:16], packet[16:20], packet[8], packet[head:]


def receive_v6(sock: socket.socket) -> "tuple[bytes, bytes, int, bytes] | None":
    """Return (source, destination, hop limit, payload) of the next packet, or None."""
    try:
        payload, ancillary, _flags, sender = sock.recvmsg(PACKET_LENGTH, _IPV6_ANCILLARY)
    except OSError:
        return None
    hops, destination = 0, b"\0" * 16
    for _level, kind, value in ancillary:
        if kind == socket.IPV6_HOPLIMIT:
            hops = struct.unpack("@i", value)[0]
        elif kind == socket.IPV6_PKTINFO:
            destination = value[:16]
    source = socket.inet_pton(socket.AF_INET6, sender[0].split("%")[0])
    return source, destination, hops, payload


def open_link(device: str) -> socket.socket:
    """Return a socket that sends Ethernet frames on a device and receives nothing."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        sock.bind((device, 0))
    except OSError:
        sock.close()
        raise
    return sock


def open_frames(device: str, ethertype: int) -> socket.socket:
    """Return a socket that reads and sends the Ethernet frames of one type on a device. Raises OSError."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    try:
        sock.bind((device, ethertype))
    except OSError:
        sock.close()
        raise
    return sock


def open_icmp(device: str, family: int, kinds: "tuple[int, ...]") -> socket.socket:
    """Return a socket that sends ICMP on a device and reads these types of it. Raises OSError."""
    six = family == 6
    kind, protocol = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    )
    sock = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
    blocked = [0xFFFFFFFF] * (8 if six else 1)
    for each in kinds:
        blocked[each >> 5] &= ~(1 << (each & 31))
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
        level, option = (socket.IPPROTO_ICMPV6, ICMP6_FILTER) if six else (SOL_RAW, ICMP_FILTER)
        sock.setsockopt(level, option, struct.pack("@%dI" % len(blocked), *blocked))
        if six:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
    except OSError:
        sock.close()
        raise
    return sock


def open_sender(device: str, family: int) -> socket.socket:
    """Return a socket that routes whole IP packets out of a device and receives nothing."""
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    sock = socket.socket(kind, socket.SOCK_RAW | socket.SOCK_NONBLOCK, RAW_PROTOCOL)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode() + b"\0")
    except OSError:
        sock.close()
        raise
    return sock


def send_to(sock: socket.socket, packet: bytes, destination: bytes, index: int) -> None:
    """Send a whole IP packet to an address, given as octets. Raises OSError."""
    if len(destination) == 4:
        sock.sendto(packet, (socket.inet_ntop(socket.AF_INET, destination), 0))
    else:
        scope = index if destination[0] == 0xFE else 0
        sock.sendto(packet, (socket.inet_ntop(socket.AF_INET6, destination), 0, 0, scope))


def open_netlink(groups: int) -> socket.socket:
    """Return a route netlink socket that hears these groups (a mask, RTMGRP_*)."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_ROUTE)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
    sock.bind((0, groups))
    return sock


def index_of(device: str) -> "int | None":
    """Return the index that a device has at this moment, or None when there is none."""
    try:
        return socket.if_nametoindex(device)
    except OSError:
        return None


def error_text(code: int) -> str:
    """Return what an error number means."""
    return os.strerror(code)


def lock_file(path: str) -> bool:
    """Lock a file for the life of this process; tell whether nobody else has. Raises OSError."""
    # Whoever can open a file can lock it, if only for reading.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def prepare_process() -> None:
    """Fill what is closed of the standard three descriptors, allow as many as we may have, hear of children.

    A closed descriptor 2 would be the number of the next file or socket, and get the log lines.
    """
    hear_of_children()
    descriptor = os.open("/dev/null", os.O_RDWR)
    while descriptor <= 2:
        os.set_inheritable(descriptor, True)
        descriptor = os.dup(descriptor)
    os.close(descriptor)
    set_aside()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def keep_others_out() -> None:
    """Let nobody but root write what is made from now on, whatever the umask was."""
    os.umask(os.umask(0o022) | 0o022)


def listen_at(path: str) -> socket.socket:
    """Return a socket that accepts control connections of this user alone."""
    if os.path.exists(path):
        os.unlink(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(before)
    sock.listen(128)
    return sock


def freeze_memory() -> None:
    """Let later collections of garbage skip what has been made until now, and go what was only for that."""
    forget_what_could_be_imported()
    gc.collect()
    gc.freeze()


be_realtime = cpython_precedence.be_realtime
lock_memory = cpython_memory.lock_memory


def open_signals() -> int:
    """Return a descriptor that becomes readable when this process is asked to end."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reader


def read_signals(descriptor: int) -> bool:
    """Read what is waiting there; tell whether it was a wish to end."""
    try:
        return bool(os.read(descriptor, 64))
    except BlockingIOError:
        return False
