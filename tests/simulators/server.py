"""An application on a port of this machine, in a thread, for as long as a block runs; and answers that break on their way."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Reply:
    """What is answered, and how it travels: `cut` ends the connection half-way, `seconds` is how long the body takes."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[[Asked], Reply]


def application(handle: Handler) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An ASGI application of a plain function, which is called in a thread."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        pieces, more = [], True
        while more:
            message = await receive()
            pieces.append(message.get("body", b""))
            more = message.get("more_body", False)
        asked = Asked(
            scope["method"],
            scope["path"],
            scope["query_string"].decode(),
            {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
            b"".join(pieces),
        )
        reply = await asyncio.to_thread(handle, asked)
        headers = {"content-length": str(len(reply.body)), **reply.headers}
        await send(
            {
                "type": "http.response.start",
                "status": reply.status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            }
        )
        if reply.cut:
            await send({"type": "http.response.body", "body": reply.body[: len(reply.body) // 2], "more_body": True})
            raise ConnectionAbortedError("cut, as planned")
        if reply.seconds:
            middle = len(reply.body) // 2
            await send({"type": "http.response.body", "body": reply.body[:middle], "more_body": True})
            await asyncio.sleep(reply.seconds)
            await send({"type": "http.response.body", "body": reply.body[middle:]})
            return
        await send({"type": "http.response.body", "body": reply.body})

    return app


@contextmanager
def serving(handle: Handler, port: int = 0) -> Iterator[str]:
    """The address of the application while the block runs."""
    config = uvicorn.Config(
        application(handle), host="127.0.0.1", port=port, log_level="critical", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="simulator", daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.005)
        number = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{number}"
    finally:
        server.should_exit = True
        server.force_exit = True
        with contextlib.suppress(RuntimeError):
            thread.join(5)
