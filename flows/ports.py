"""Ports on this machine."""

from __future__ import annotations

import socket

from flows.daemon import ServerError


def free_port(first: int) -> int:
    """The first port from `first` on that nobody listens on, of fifty; else any. Raises ServerError when there is none."""
    for port in [*range(first, first + 50), 0]:
        with socket.socket() as probe:
            # A port whose last server has just ended is free; one that is listened on is not, all the same.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("no free port on 127.0.0.1")
