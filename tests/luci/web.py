# SPDX-License-Identifier: GPL-2.0-or-later
"""The web server of a router: LuCI's frame of a page, the scripts, and ubus."""

import atexit
import contextlib
import json
import mimetypes
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.luci.router import ROOT, SESSION, Late, Router

sys.path.insert(0, str(ROOT / "openwrt-feed"))
import ipk  # noqa: E402

RESOURCES = "/luci-static/resources"
# The folder of the real ones, www/luci-static/resources of a router or of LuCI's sources.
REAL = os.environ.get("HAVEN_TEST_LUCI", "")
STAND_IN = Path(__file__).parent / "runtime"
CATALOGUE = "haven/catalogue.js"
PATIENCE = re.compile(rb'"answer_s": [\d.]+')

PAGE = """<!DOCTYPE html>
<html lang="{language}" data-darkmode="false"><head><meta charset="utf-8"><title>haven</title>
<link rel="icon" href="data:,"><style>
.hidden, [data-tab-active=false], body:not(.modal-overlay-active) #modal_overlay {{ display: none }}</style>
<script>window.TR = {translations}</script>{scripts}</head>
<body><div id="maincontent"><script src="{resources}/luci.js"></script><script>L = new LuCI({env})</script>
<div id="tabmenu" style="display:none"></div><div id="indicators"></div>
<div id="view"><script>{begin}</script></div></div></body></html>
"""
VIEW = "L.require('ui').then((ui) => ui.instantiateView('%s'))"
# As view/status/index.js draws each of its parts: what has no content is not shown. Every 5 s, there: here it
# waits a second for the router, as the part does, and a busy machine has another chance at once.
INCLUDE = """L.require('ui').then(() => L.require('view.status.include.%s'))
    .then((part) => window.draw = () => part.load().then((answer) => {
        const content = part.render(answer);
        document.getElementById('view').replaceChildren(...content == null
            ? [ E('p', { 'data-drawn': 'nothing' }, [ 'hidden' ]) ]
            : [ E('h3', {}, [ part.title ]), content ]);
    })).then(() => {
        window.setInterval(() => window.draw(), 1000);
        return window.draw();
    })"""


class Web:
    """Serves the pages of one router on a port of its own, or by a socket that listens already."""

    def __init__(self, router: Router, folders: list[Path], listening: socket.socket | None = None) -> None:
        self.router = router
        # Of the language, by LuCI's code of it.
        self.translations: dict[str, str] = {}
        self.language = "de"
        self.readonly = False
        # How long a page waits for an answer: a busy machine needs more than a router may.
        self.patience_s = 60.0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, folders), listening is None)
        if listening is not None:
            self._server.socket.close()
            self._server.socket = listening
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Serve no more."""
        self.router.over.set()
        self._server.shutdown()
        self._server.server_close()

    def script(self, name: str, octets: bytes) -> bytes:
        """Return a file as it is served: the pages' patience is that of the test."""
        if name != CATALOGUE:
            return octets
        patient, count = PATIENCE.subn(b'"answer_s": %.1f' % self.patience_s, octets)
        assert count == 1
        return patient

    def page(self, path: str) -> str:
        """Return a page of LuCI, as its templates write it."""
        kind, _, name = path.strip("/").partition("/")
        begin = (INCLUDE if kind == "include" else VIEW) % (name if kind == "include" else f"{kind}/{name}")
        env = {
            "media": "/luci-static/bootstrap",
            "resource": RESOURCES,
            "scriptname": "/cgi-bin/luci",
            "pathinfo": path,
            "requestpath": path.strip("/").split("/"),
            "dispatchpath": path.strip("/").split("/"),
            "pollinterval": 5,
            "ubuspath": "/ubus/",
            "sessionid": SESSION,
            "nodespec": {"readonly": self.readonly, "satisfied": True},
            "apply_rollback": 90,
            "apply_holdoff": 1,
            "apply_timeout": 5,
            "apply_display": 0.1,
        }
        scripts = f'<script src="{RESOURCES}/cbi.js"></script>' if REAL else ""
        return PAGE.format(
            language=self.language if self.translations else "en",
            translations=json.dumps(self.translations),
            resources=RESOURCES,
            scripts=scripts,
            env=json.dumps(env),
            begin=begin,
        )


def _handler(web: Web, folders: list[Path]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith(RESOURCES):
                self._file(path.removeprefix(RESOURCES + "/"))
            else:
                self._give(200, web.page(path).encode(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            octets = self.rfile.read(int(self.headers["Content-Length"]))
            if not self.path.startswith("/ubus"):
                # Not by ubus: LuCI has a page for it.
                web.router.uci.applied.append(urlsplit(self.path).path.rpartition("/")[2])
                self._give(200, b"{}", "application/json")
                return
            if web.router.is_down:
                self._give(502, b"", "text/plain")
                return
            try:
                answer = web.router.message(octets)
            except Late:
                self.close_connection = True
                return
            self._give(200, answer, "application/json")

        def _file(self, name: str) -> None:
            for folder in folders:
                if (folder / name).is_file():
                    octets = web.script(name, (folder / name).read_bytes())
                    self._give(200, octets, mimetypes.guess_type(name)[0] or "text/plain")
                    return
            self._give(404, b"", "text/plain")

        def _give(self, status: int, octets: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(octets)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            # Who leaves a page does not wait for what it has asked.
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(octets)

        def log_message(self, *_what: object) -> None:
            """Say nothing."""

    return Handler


def folders() -> list[Path]:
    """Return where the scripts come from: haven's own, and LuCI's, real or stood in for."""
    return [installed() / "www/luci-static/resources", Path(REAL) if REAL else STAND_IN]


@cache
def installed() -> Path:
    """Return a folder with all that the package installs, what is made for it too."""
    folder = Path(tempfile.mkdtemp(prefix="haven-luci-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ipk.install("luci-app-haven", folder)
    return folder
