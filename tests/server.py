"""A server of files on this machine that can misbehave as the internet does."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """Serves ``files`` by the last part of their address.

    Attributes
    ----------
    files
        What it has; may be changed while it runs.
    asked
        The names that were asked for, in order.
    ranges
        For each of them where it was to begin; None for the whole file.
    knows_ranges
        Whether it can send the rest of a file.
    cut
        The connection is cut after so many bytes, once.
    silent
        Instead of a cut, nothing more is sent.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.ranges: list[int | None] = []
        self.knows_ranges = True
        self.cut: int | None = None
        self.silent = False
        self._closing = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.rpartition("/")[2]
        asked = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        start = int(asked[1]) if asked else None
        self.asked.append(name)
        self.ranges.append(start)
        if name not in self.files:
            return request.send_error(404)
        content = self.files[name]
        if start is None or not self.knows_ranges:
            request.send_response(200)
        elif start >= len(content):
            return request.send_error(416)
        else:
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            content = content[start:]
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: self.cut])
        self.cut = None
        if self.silent:
            self._closing.wait(60)
