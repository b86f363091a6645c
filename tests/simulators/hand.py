"""What happens at a simulated provider while it runs, by hand: mail arrives, cursors are forgotten, a message is looked for.

    python -m tests.simulators.hand http://127.0.0.1:8365 mailboxes
    python -m tests.simulators.hand http://127.0.0.1:8365 deliver ann@acme.example mail.eml
    python -m tests.simulators.hand http://127.0.0.1:8365 find '<1@shop.example>'
    python -m tests.simulators.hand http://127.0.0.1:8365 forget

The simulators answer this beside the provider's own interface, without a token; they listen on this machine alone.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from detection.mail.message import Folder as Kind

from .organisation import Organisation
from .server import Asked, Reply

ROOT = "/simulator/"
FOLDERS = {"inbox": Kind.INBOX, "sent": Kind.SENT, "junk": Kind.JUNK, "trash": Kind.TRASH, "archive": Kind.OTHER}


def by_hand(asked: Asked, organisation: Organisation, forget: Callable[[], None], now: float) -> Reply | None:
    """The answer to what is asked by hand; None for a request to the provider. `now` in seconds since the epoch."""
    if not asked.path.startswith(ROOT):
        return None
    query = dict(parse_qsl(asked.query))
    try:
        match asked.method, asked.path.removeprefix(ROOT):
            case "GET", "mailboxes":
                return _said({address: len(box.items) for address, box in sorted(organisation.boxes.items())})
            case "POST", "deliver":
                return _said(_deliver(organisation, query, asked.body, int(now)))
            case "GET", "find":
                return _said(_find(organisation, query["message-id"]))
            case "POST", "forget":
                forget()
                return _said("every cursor that was given out so far is refused from now on")
    except (KeyError, ValueError) as wrong:
        return _said(f"that cannot be done: {wrong}", 400)
    return _said("nothing of that name can be done by hand", 404)


def _deliver(organisation: Organisation, query: dict[str, str], content: bytes, now: int) -> dict[str, Any]:
    mailbox = query["mailbox"].lower()
    if mailbox not in organisation.boxes:
        raise ValueError(f"there is no mailbox {mailbox}; `mailboxes` lists them")
    kind = FOLDERS[query.get("folder", "inbox")]
    received = int(datetime.fromisoformat(query["received"]).timestamp()) if "received" in query else now
    # As every server does that takes mail in (RFC 5321 section 4.4): a file may be of any age, its delivery is now.
    line = f"Received: from sender.invalid by mx.{organisation.domain} with ESMTPS;\r\n {formatdate(received)}\r\n"
    item = organisation.deliver(mailbox, line.encode() + content, received, kind)
    return {"mailbox": mailbox, "bytes": item.size, "received": datetime.fromtimestamp(received, UTC).isoformat()}


def _find(organisation: Organisation, message_id: str) -> list[dict[str, str]]:
    found = []
    for address, item in list(organisation.messages()):
        head = email.message_from_bytes(item.bytes()[:65_536], policy=email.policy.compat32)
        if str(head.get("message-id", "")).strip() == message_id:
            folder = organisation.boxes[address].folders[item.folder].name
            received = datetime.fromtimestamp(item.received, UTC).isoformat()
            found.append({"mailbox": address, "folder": folder, "received": received})
    return found


def _said(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(value, indent=2).encode() + b"\n")


def main() -> None:
    """Asks a running simulator, and prints its answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("address", help="of the simulator, as it printed it: http://127.0.0.1:8365")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("mailboxes", help="their addresses, and how many messages lie in each")
    deliver = commands.add_parser("deliver", help="a message arrives, now unless --received says otherwise")
    deliver.add_argument("mailbox")
    deliver.add_argument("file", help="the message; - reads it from standard input")
    deliver.add_argument("--folder", choices=sorted(FOLDERS), default="inbox")
    deliver.add_argument("--received", help="another time of receipt: 2026-11-24T09:00:00+00:00")
    find = commands.add_parser("find", help="in which folders of which mailboxes a message lies")
    find.add_argument("message_id", metavar="MESSAGE-ID")
    commands.add_parser("forget", help="every cursor is refused from now on (410 at Graph, 404 at Gmail)")
    chosen = parser.parse_args()
    query: dict[str, str] = {}
    body = None
    if chosen.command == "deliver":
        query = {"mailbox": chosen.mailbox, "folder": chosen.folder}
        query |= {"received": chosen.received} if chosen.received else {}
        try:
            body = sys.stdin.buffer.read() if chosen.file == "-" else Path(chosen.file).read_bytes()
        except OSError as error:
            sys.exit(f"{chosen.file} cannot be read: {error.strerror}")
    elif chosen.command == "find":
        query = {"message-id": chosen.message_id}
    elif chosen.command == "forget":
        body = b""
    root = chosen.address.rstrip("/").removesuffix("/v1.0")
    try:
        with urllib.request.urlopen(f"{root}{ROOT}{chosen.command}?{urlencode(query)}", body) as answer:
            print(answer.read().decode(), end="")
    except urllib.error.HTTPError as refused:
        sys.exit(refused.read().decode().strip())
    except urllib.error.URLError as missing:
        sys.exit(f"no simulator answers at {root}: {missing.reason}")


if __name__ == "__main__":
    main()
