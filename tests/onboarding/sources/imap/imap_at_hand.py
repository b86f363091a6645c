"""A small IMAP server in this process: enough of RFC 3501 for our source, and faults that real servers show rarely."""

from __future__ import annotations

import random
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PASSWORD = "hunter2-hunter2"


TROUBLE = ("break", "NO [UNAVAILABLE] later", "NO [SERVERBUG] oops", "NO [THROTTLED] slow down", "NO [INUSE] wait")
"""What passes."""


@dataclass
class Box:
    """One folder: messages by UID."""

    validity: int = 1
    messages: dict[int, bytes] = field(default_factory=dict)
    flags: str = ""


@dataclass
class FakeImap:
    """One user's folders. `faults`: what is answered instead, once each, by the word a command begins with."""

    folders: dict[str, Box] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    logins: int = 0
    port: int = 0
    chance: random.Random | None = None
    """Draws trouble for one command in eight."""

    @contextmanager
    def running(self) -> Iterator[FakeImap]:
        """Serves on a port of its own."""
        fake = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                fake.serve(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        with Server(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield self
            server.shutdown()

    def serve(self, line: socketserver.StreamRequestHandler) -> None:
        def say(text: str) -> None:
            line.wfile.write(text.encode() + b"\r\n")

        box = Box()
        say("* OK ready")
        while request := line.rfile.readline():
            tag, _, rest = request.decode().strip().partition(" ")
            command = rest.upper().removeprefix("UID ").partition(" ")[0]
            drawn: list[str] = []
            if self.chance and command != "CAPABILITY" and self.chance.random() < 1 / 8:
                drawn = [self.chance.choice(TROUBLE)]
            if waiting := drawn or self.faults.get(command):
                answer = waiting.pop(0)
                if answer == "break":
                    return
                say(f"{tag} {answer}")
                continue
            quoted = re.findall(r'"([^"]*)"', rest)
            if command == "CAPABILITY":
                say("* CAPABILITY IMAP4rev1 MOVE UIDPLUS")
            elif command == "LOGIN":
                self.logins += 1
                if PASSWORD not in rest:
                    say(f"{tag} NO [AUTHENTICATIONFAILED] no")
                    continue
            elif command == "LIST":
                for name, each in self.folders.items():
                    say(f'* LIST ({each.flags}) "/" "{name}"')
            elif command == "STATUS":
                if quoted[0] not in self.folders:
                    say(f"{tag} NO [NONEXISTENT] no such mailbox")
                    continue
                each = self.folders[quoted[0]]
                told = f"UIDVALIDITY {each.validity} UIDNEXT {max(each.messages, default=0) + 1} MESSAGES {len(each.messages)}"
                say(f'* STATUS "{quoted[0]}" ({told})')
            elif command in ("EXAMINE", "SELECT"):
                box = self.folders[quoted[0]]
                say(f"* {len(box.messages)} EXISTS")
                say(f"* OK [UIDVALIDITY {box.validity}] is")
                say(f"* OK [UIDNEXT {max(box.messages, default=0) + 1}] is")
            elif command == "SEARCH":
                low, high = map(int, re.findall(r"(\d+):(\d+)", rest)[0])
                say("* SEARCH " + " ".join(str(uid) for uid in box.messages if low <= uid <= high))
            elif command == "FETCH":
                for at, uid in enumerate(map(int, rest.split()[2].split(",")), 1):
                    if uid not in box.messages:
                        continue
                    content = box.messages[uid]
                    if "BODY" in rest:
                        say(f"* {at} FETCH (UID {uid} BODY[] {{{len(content)}}}")
                        line.wfile.write(content + b")\r\n")
                    else:
                        say(
                            f'* {at} FETCH (UID {uid} INTERNALDATE "{uid % 28 + 1:02d}-Jun-2026 10:00:00 +0000" '
                            f"RFC822.SIZE {len(content)})"
                        )
            elif command == "LOGOUT":
                say("* BYE")
            say(f"{tag} OK done")
