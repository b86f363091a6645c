"""Reports for the browser on this machine: `http://127.0.0.1:PORT/acme/` is the report of acme. Reads, never writes.

Started by `gatehouse up`, so that the page in the Prefect UI can link to the full report: browsers open no files from a
page that came over the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from onboarding.layout import TenantLayout

LOCAL = ("127.0.0.1", "localhost")
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Reports(BaseHTTPRequestHandler):
    """One request."""

    def __init__(self, home: Path, *args: object) -> None:
        self._home = home
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """The report of the tenant that the path names; 404 for anything else."""
        host = self.headers.get("Host", "").rpartition(":")[0]
        name = self.path.partition("?")[0].strip("/")
        if host not in LOCAL:
            # A page elsewhere whose name was made to point here (DNS rebinding) reads nothing.
            self._answer(HTTPStatus.FORBIDDEN, b"only for this machine")
        elif name == "health":
            self._answer(HTTPStatus.OK, b"ok")
        else:
            try:
                # A layout's folder names cannot leave their place, whatever the name.
                content = (TenantLayout(self._home, name).report / "report.html").read_bytes()
            except OSError:
                self._answer(HTTPStatus.NOT_FOUND, b"no report of that tenant yet")
            else:
                self._answer(HTTPStatus.OK, content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: who looked at which report is nobody's business."""

    def _answer(self, status: HTTPStatus, content: bytes) -> None:
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def server(home: Path, port: int) -> ThreadingHTTPServer:
    """Listens on this machine only. Raises OSError when the port is taken."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(Reports, home))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args(arguments)
    server(chosen.home, chosen.port).serve_forever()


if __name__ == "__main__":
    main()
