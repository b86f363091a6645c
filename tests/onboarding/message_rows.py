"""Builds messages as columns for the store's tests: rows with every column of the schema, only some of them chosen."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from detection.keys import key_of
from detection.mail.batch import COLUMNS, Level, MessageBatch
from detection.mail.message import Folder, Role


def row(identity: str, mailbox: str = "jane", time: int = 1_700_000_000, **chosen: Any) -> dict[str, Any]:
    """One message; `identity` decides its key. `to` and `delivered` are addresses."""
    to: list[str] = chosen.pop("to", ["bob@acme.example"])
    delivered: list[str] = chosen.pop("delivered", [])
    recipients = [(address, Role.TO) for address in to] + [(address, Role.DELIVERED) for address in delivered]
    values: dict[str, Any] = {
        name: [] if level is not Level.MESSAGE else "" if kind == pa.string() else False if kind == pa.bool_() else 0
        for name, kind, level in COLUMNS
    }
    values |= {
        "message_key": key_of(identity),
        "message_id": f"{identity}@acme.example",
        "mailbox": mailbox,
        "path": f"{mailbox}/{identity}",
        "folder": int(Folder.INBOX),
        "time": time,
        "sender": "ann@partner.example",
        "sender_key": key_of("ann@partner.example"),
        "recipient": [address for address, _ in recipients],
        "recipient_key": [key_of(address) for address, _ in recipients],
        "recipient_site_key": [key_of(address.partition("@")[2]) for address, _ in recipients],
        "recipient_name_key": [0 for _ in recipients],
        "recipient_role": [int(role) for _, role in recipients],
        "recipient_is_own": [True for _ in recipients],
        "recipient_count": len(recipients),
        "own_recipient_count": len(recipients),
        "variant_key": [key_of("a"), key_of("b")],
    }
    unknown = chosen.keys() - values.keys()
    assert not unknown, f"no such column: {unknown}"
    return values | chosen


def table(*rows: dict[str, Any]) -> pa.Table:
    """Rows as an Arrow table of the schema."""
    return MessageBatch.from_rows(rows).to_arrow()
