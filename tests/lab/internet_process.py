# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router wants of the Internet: packages over HTTP, names and the time.

`serve ADDRESS`, `use ADDRESS FILE`. The one who uses it writes a line for each thing that worked: what, and
when by the clock of the lab.
"""

import contextlib
import http.client
import http.server
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

# A package that takes some seconds, and one that does not.
LARGE, SMALL, PIECE, PIECE_S = 3_000_000, 50_000, 20_000, 0.05
HTTP, DNS, NTP = 80, 53, 123
QUESTION = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x07example\x00\x00\x01\x00\x01"
PATIENCE_S, PAUSE_S = 1.0, 0.2


class _Packages(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Give a package from where the client has it already."""
        whole = LARGE if self.path == "/large" else SMALL
        begin = int(self.headers.get("Range", "bytes=0-")[6:].rstrip("-"))
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(whole - begin))
        self.end_headers()
        # A router that fails over breaks off what it has begun.
        with contextlib.suppress(OSError):
            for at in range(begin, whole, PIECE):
                self.wfile.write(bytes(min(PIECE, whole - at)))
                time.sleep(PIECE_S if whole == LARGE else 0)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Bind without asking for the name of the address: who would answer?"""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "packages", HTTP


def serve(address: str) -> None:
    """Answer for ever."""
    for port, length in ((DNS, len(QUESTION)), (NTP, 48)):
        threading.Thread(target=_echo, args=(address, port, length), daemon=True).start()
    _Server((address, HTTP), _Packages).serve_forever()


def _echo(address: str, port: int, length: int) -> None:
    """Answer each question of the right length with itself, marked as an answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((address, port))
        while True:
            question, sender = sock.recvfrom(512)
            if len(question) == length:
                sock.sendto(question[:2] + b"\x81" + question[3:], sender)


def ask(address: str, port: int, question: bytes) -> None:
    """Ask by UDP, of which each question is answered or not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.sendto(question, (address, port))
        if sock.recv(512)[2:3] != b"\x81":
            raise OSError("that is no answer")


def download(address: str, path: str, have: int = 0) -> int:
    """Fetch a package from where it was left; return how much of it there is in the end."""
    line = http.client.HTTPConnection(address, HTTP, timeout=PATIENCE_S)
    try:
        line.request("GET", path, headers={"Range": f"bytes={have}-"})
        answer = line.getresponse()
        while piece := answer.read1(PIECE):
            have += len(piece)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        line.close()
    return have


def small(address: str) -> None:
    """Fetch the small package whole."""
    if download(address, "/small") != SMALL:
        raise OSError("it broke off")


def _large(address: str, note: Path) -> None:
    """Fetch the large package as apt does: what has broken off is gone on with."""
    have = 0
    while have < LARGE:
        have = download(address, "/large", have)
        time.sleep(PAUSE_S)
    _write(note, "large")


def use(address: str, note: Path) -> None:
    """Want everything, again and again."""
    kinds = {
        "package": lambda: small(address),
        "name": lambda: ask(address, DNS, QUESTION),
        "time": lambda: ask(address, NTP, b"\x23" + bytes(47)),
    }
    threading.Thread(target=_large, args=(address, note), daemon=True).start()
    while True:
        for kind, want in kinds.items():
            try:
                want()
            except OSError:
                continue
            _write(note, kind)
        time.sleep(PAUSE_S)


def _write(note: Path, kind: str) -> None:
    with open(note, "a", encoding="ascii") as file:
        file.write(f"{kind} {time.clock_gettime_ns(time.CLOCK_MONOTONIC)}\n")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        use(sys.argv[2], Path(sys.argv[3]))
