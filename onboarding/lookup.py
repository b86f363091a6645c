"""Which messages of a tenant carry a Message-ID, and which of them a person means.

The sender writes the Message-ID, and anybody can write another's into a mail of their own. What is said of one message by
its Message-ID must not be said of an attack that borrowed it: where several carry it, the person has to name one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc

from onboarding.database import decisions, tenants
from onboarding.database.decisions import DecisionRow
from onboarding.files import StoreError
from onboarding.history import history_tables
from onboarding.live.arrivals import segments
from onboarding.live.decision_log import read_segment
from onboarding.workspace import Workspace

COLUMNS = ("message_key", "sender_key", "sender", "dmarc", "spf", "spf_aligned", "dkim", "dkim_aligned")
"""What is kept of a message that others ask about; a journal's row has all of them too."""


class UnknownMessageError(Exception):
    """No message of that Message-ID was ever seen. The message says where was looked."""


class AmbiguousMessageError(Exception):
    """Several messages carry the Message-ID. The message lists them and says how to name one."""

    def __init__(self, said: str, found: Sequence[Carrier]) -> None:
        super().__init__(said)
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One message that carries a Message-ID; empty is what is not known of it any more."""

    key: int
    sender: str = ""
    mailbox: str = ""
    path: str = ""
    time: int | None = None
    """When it came, seconds since the epoch."""
    kinds: tuple[str, ...] = ()
    """As what it was flagged, live or in history."""
    columns: Mapping[str, Any] | None = None
    """At least `COLUMNS`; None when they are not kept any more."""

    @property
    def name(self) -> str:
        """Under which a person can name it: 16 hexadecimal digits."""
        return f"{self.key:016x}"

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        time = None if self.time is None else datetime.fromtimestamp(self.time, UTC).isoformat()
        return {
            "message": self.name,
            "time": time,
            "sender": self.sender,
            "mailbox": self.mailbox,
            "path": self.path,
            "flagged_as": list(self.kinds),
        }


def bare(message_id: str) -> str:
    """The Message-ID without its angle brackets, as it is stored."""
    return message_id.strip().removeprefix("<").removesuffix(">")


def carriers(workspace: Workspace, tenant: str, message_id: str) -> list[Carrier]:
    """Every message with the Message-ID, in order of time: in history, among live mail, and among recorded decisions.

    Raises TenantError, UnknownMessageError, StoreError when there is no history yet and nothing else knows the message.
    """
    flagged: dict[int, list[DecisionRow]] = defaultdict(list)
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
        for row in decisions.about(session, tenant, message_id):
            flagged[row.message_key].append(row)
    found = {key: _of_decisions(key, rows) for key, rows in flagged.items()}
    # The journal goes last: it has the mailbox, where history says that the mail came live.
    unread: StoreError | None = None
    try:
        for known in _in_history(workspace, tenant, message_id):
            found[known["message_key"]] = _of_columns(known, flagged[known["message_key"]])
    except StoreError as error:
        unread = error
    for known in _in_journal(workspace, tenant, message_id):
        found[known["message_key"]] = _of_columns(known, flagged[known["message_key"]])
    if not found:
        if unread is not None:
            raise unread
        raise UnknownMessageError(
            f"tenant {tenant} has no message with the Message-ID {message_id} in its history, among its live mail or "
            "among its decisions"
        )
    return sorted(found.values(), key=lambda one: (one.time or 0, one.key))


def meant(tenant: str, message_id: str, found: Sequence[Carrier], named: Sequence[str]) -> list[Carrier]:
    """Those that are meant: the only one, or those named by their `Carrier.name`.

    Raises AmbiguousMessageError when there are several and none is named, UnknownMessageError when one is named that is
    not among them.
    """
    if named:
        wanted = {name.strip().lower().removeprefix("0x").zfill(16) for name in named}
        if unknown := sorted(wanted - {one.name for one in found}):
            raise UnknownMessageError(
                f"no message {unknown[0]} of tenant {tenant} carries the Message-ID {message_id}; there "
                f"{'is' if len(found) == 1 else 'are'}:\n{_listed(found)}"
            )
        return [one for one in found if one.name in wanted]
    if len(found) > 1:
        raise AmbiguousMessageError(
            f"{len(found)} messages of tenant {tenant} carry the Message-ID {message_id}, which anybody can write into a "
            f"mail of their own; name the one that is meant with --message (over HTTP in `messages`), several if they "
            f"are all meant:\n{_listed(found)}",
            found,
        )
    return list(found)


def _listed(found: Sequence[Carrier]) -> str:
    return "\n".join(f"  {one.name}  {_said(one)}" for one in found)


def _said(one: Carrier) -> str:
    came = "" if one.time is None else f"{datetime.fromtimestamp(one.time, UTC):%Y-%m-%d %H:%M:%S}"
    as_what = f"flagged as {', '.join(one.kinds)}" if one.kinds else "not flagged"
    return "  ".join(part for part in (came, f"from {one.sender or '?'}", as_what, one.path) if part)


def _of_columns(row: Mapping[str, Any], flagged: Sequence[DecisionRow]) -> Carrier:
    return Carrier(
        key=row["message_key"],
        sender=row["sender"],
        mailbox=row["mailbox"],
        path=row["path"],
        time=row["time"],
        kinds=_kinds(flagged),
        columns=row,
    )


def _of_decisions(key: int, flagged: Sequence[DecisionRow]) -> Carrier:
    newest = flagged[0]
    return Carrier(
        key=key,
        sender=str(newest.attribution.get("sender", "")),
        mailbox=str(newest.attribution.get("mailbox", "")),
        path=newest.path,
        time=newest.time,
        kinds=_kinds(flagged),
    )


def _kinds(flagged: Sequence[DecisionRow]) -> tuple[str, ...]:
    return tuple(sorted({row.kind for row in flagged if row.kind}))


def _in_history(workspace: Workspace, tenant: str, message_id: str) -> Iterator[Mapping[str, Any]]:
    for table in history_tables(workspace.layout(tenant), [*COLUMNS, "message_id", "mailbox", "path", "time"]):
        yield from table.filter(pc.equal(table.column("message_id"), message_id)).to_pylist()


def _in_journal(workspace: Workspace, tenant: str, message_id: str) -> Iterator[Mapping[str, Any]]:
    """The latest last."""
    folder = workspace.layout(tenant).arrivals
    # A line is looked at only where the text stands in it somewhere: most need not be read as JSON.
    written = json.dumps(message_id).encode()
    for name, _ in segments(folder):
        for arrival in read_segment(folder / name, holding=written):
            if arrival.row["message_id"] == message_id:
                yield arrival.row
