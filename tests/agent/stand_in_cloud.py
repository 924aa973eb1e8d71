# SPDX-License-Identifier: GPL-2.0-or-later
"""A server that answers as two clouds do: metadata of the machine, and the call that moves an address."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "word-of-the-lab"
METADATA = {"/hetzner/v1/metadata/instance-id": "1001", "/metadata/v1/id": "2002"}
FLOATING, RESERVED = "/v1/floating_ips/4711", "/v2/reserved_ips/203.0.113.10"
HELD_HERE = "/metadata/v1/reserved_ip/ipv4/ip_address"
# What a request has to say, and what a good one is answered with.
CALLS = {
    f"{FLOATING}/actions/assign": ("server", {"action": {"status": "running"}}),
    f"{RESERVED}/actions": ("droplet_id", {"action": {"status": "in-progress"}}),
}


class StandInCloud:
    """Knows who has which address; `refusals` are given first: a status and a code each, or HANG."""

    HANG = (0, "")

    def __init__(self) -> None:
        self.holders: dict[str, int] = {}
        self.refusals: list[tuple[int, str]] = []
        self.calls: list[tuple[str, int]] = []
        self.released = threading.Event()
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = cloud.tell(self.path)
                self.say(200 if text else 404, text or "not found")

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self.say(*cloud.answer(self.path, self.headers["Authorization"], self.rfile.read(length)))

            def say(self, status: int, text: str) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def tell(self, path: str) -> str | None:
        """Answer a question of the machine, or of who has the floating address."""
        if path == FLOATING:
            return json.dumps(
                {"floating_ip": {"id": 4711, "server": self.holders.get(f"{path}/actions/assign")}}
            )
        has_reserved = self.holders.get(f"{RESERVED}/actions") == int(METADATA["/metadata/v1/id"])
        return "203.0.113.10" if path == HELD_HERE and has_reserved else METADATA.get(path)

    def answer(self, path: str, proof: str, body: bytes) -> tuple[int, str]:
        """Answer a call: its status and its text."""
        if proof != f"Bearer {TOKEN}":
            return 401, json.dumps({"error": {"code": "unauthorized"}})
        if path not in CALLS:
            return 404, json.dumps({"error": {"code": "not_found"}})
        key, said = CALLS[path]
        machine = json.loads(body)[key]
        self.calls.append((path, machine))
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal == self.HANG:
            self.released.wait(30)
        if refusal is not None:
            return refusal[0] or 504, json.dumps({"error": {"code": refusal[1]}})
        if self.holders.get(path) == machine and "floating" in path:
            return 422, json.dumps({"error": {"code": "floating_ip_assigned"}})
        self.holders[path] = machine
        return 201, json.dumps(said)

    def close(self) -> None:
        """End it."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
