"""Reading one mailbox: the history of all its folders from the newest message back, then what was put into them since."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from imapclient import IMAPClient

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Page
from onboarding.sources.imap import cursor as cursors
from onboarding.sources.imap.connection import Connection, Opened, RefusedError
from onboarding.sources.imap.content import CHUNK, Entry, Reader, grouped, same
from onboarding.sources.imap.cursor import Cursor, Place
from onboarding.sources.imap.folders import ImapFolder, Namespace, folders_of

DAY = 86_400

WINDOW = 50_000
"""UIDs that one SEARCH looks through: its answer is one line, and lines have an end."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a folder stands."""

    validity: int
    uid_next: int
    changes: int = 0


@dataclass(frozen=True, slots=True)
class MailboxReading:
    """One mailbox being read. Open it with `open_mailbox`."""

    connection: Connection
    reader: Reader
    folders: Mapping[str, ImapFolder]

    def pages(self, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages behind a cursor. Raises ProviderError, CursorLostError."""
        states = {name: status for name in self.folders if (status := self._status(name)) is not None}
        if cursor:
            state = self._matched(cursors.read(cursor, self.reader.mailbox), states)
        else:
            places = {
                name: Place(one.validity, one.uid_next - 1, one.uid_next, one.changes) for name, one in states.items()
            }
            state = Cursor(True, places)
        changed = False
        if state.history:
            for page, after in self._history(state, since):
                state = after
                yield page
            state, changed = replace(state, history=False), True
        for page, after in self._new(state, states):
            state, changed = after, False
            yield page
        looked = self._looked(state, states)
        if changed or looked != state:
            yield Page((), looked.text())

    # History

    def _history(self, state: Cursor, since: int | None) -> Iterator[tuple[Page, Cursor]]:
        walks = [
            self._downwards(self.folders[name], place, since) for name, place in state.places.items() if place.at > 1
        ]
        # The newest of all folders first; within one, as they were put into it.
        merged = heapq.merge(*walks, key=lambda entry: -(entry.received or 0))
        for group in grouped(merged):
            places = dict(state.places)
            for entry in group:
                places[entry.folder.name] = replace(places[entry.folder.name], at=entry.uid)
            state = replace(state, places=places)
            yield Page(self.reader.read(group), state.text()), state
        older = self._any_older(state, since) if since is not None else None
        state = replace(state, history=False, places={n: replace(p, at=1) for n, p in state.places.items()})
        if older is not None:
            yield Page((older,), state.text()), state

    def _downwards(self, folder: ImapFolder, place: Place, since: int | None) -> Iterator[Entry]:
        """The messages of a folder below a place, from the highest number down, that were received since."""
        high = min(place.top, place.at - 1)
        while high > 0:
            low, uids = self._found(folder, place.validity, high, since)
            uids.sort(reverse=True)
            for start in range(0, len(uids), CHUNK):
                for entry in self.reader.entries(folder, place.validity, uids[start : start + CHUNK]):
                    if since is None or entry.received is None or entry.received >= since:
                        yield entry
            high = low - 1

    def _found(self, folder: ImapFolder, validity: int, high: int, since: int | None) -> tuple[int, list[int]]:
        """Numbers up to `high` of messages received since, and the lowest number that was looked at."""

        def ask(client: IMAPClient, opened: Opened) -> tuple[int, list[int]]:
            same(self.reader.mailbox, folder, validity, opened)
            # Numbers may be sparse: a folder of few messages is looked through at once.
            low = 1 if opened.exists <= WINDOW else max(1, high - max(WINDOW, high // 1000) + 1)
            # The server counts days in a zone of its own, so a day more is asked for and the time is looked at here.
            asked = ["UID", f"{low}:{high}"] + ([] if since is None else ["SINCE", _day(since - DAY)])
            return low, [uid for uid in client.search(asked) if low <= uid <= high]

        return self.connection.inside(folder.name, "the messages", ask)

    def _any_older(self, state: Cursor, since: int) -> Listed | None:
        """One message from before the lookback, unread: that there is more is worth knowing."""
        for name, place in sorted(state.places.items()):
            folder = self.folders[name]

            def ask(client: IMAPClient, opened: Opened, top: int = place.top) -> list[int]:
                high = top if opened.exists <= WINDOW else min(top, WINDOW)
                # A line for a mailbox's age; one number of it is enough.
                return [u for u in client.search(["UID", f"1:{high}", "BEFORE", _day(since + DAY)]) if u <= top][
                    -CHUNK:
                ]

            if place.top < 1:
                continue
            uids = self.connection.inside(name, "older messages", ask)
            for entry in self.reader.entries(folder, place.validity, uids) if uids else ():
                if entry.received is not None and entry.received < since:
                    path = entry.path(self.reader.mailbox)
                    return Listed(path, Skip(SkipReason.OUTSIDE_LOOKBACK), entry.kind, entry.received)
        return None

    # What is new

    def _new(self, state: Cursor, states: Mapping[str, Status]) -> Iterator[tuple[Page, Cursor]]:
        walks = []
        for name, status in states.items():
            place = state.places.get(name)
            if place is None:  # made since: all that is in it is new
                place = Place(status.validity, 0, 1)
                state = replace(state, places={**state.places, name: place})
            unchanged = status.changes and status.changes == place.changes
            if not unchanged and status.uid_next > place.top + 1:
                walks.append(self._upwards(self.folders[name], place, status.uid_next - 1))
        for group in grouped(heapq.merge(*walks, key=lambda entry: entry.received or 0)):
            places = dict(state.places)
            for entry in group:
                places[entry.folder.name] = replace(places[entry.folder.name], top=entry.uid)
            state = replace(state, places=places)
            yield Page(self.reader.read(group), state.text()), state

    def _upwards(self, folder: ImapFolder, place: Place, high: int) -> Iterator[Entry]:
        low = place.top + 1
        while low <= high:
            upper = min(high, low + WINDOW - 1)

            def ask(client: IMAPClient, opened: Opened, low: int = low, upper: int = upper) -> list[int]:
                same(self.reader.mailbox, folder, place.validity, opened)
                return sorted(uid for uid in client.search(["UID", f"{low}:{upper}"]) if low <= uid <= upper)

            uids = self.connection.inside(folder.name, "what is new", ask)
            for start in range(0, len(uids), CHUNK):
                yield from self.reader.entries(folder, place.validity, uids[start : start + CHUNK])
            low = upper + 1

    def _looked(self, state: Cursor, states: Mapping[str, Status]) -> Cursor:
        """The state when all that was new is listed: what a folder's number has passed over was deleted."""
        places = {
            name: replace(place, top=max(place.top, states[name].uid_next - 1), changes=states[name].changes)
            for name, place in state.places.items()
            if name in states
        }
        return replace(state, places=places)

    # Folders

    def _status(self, name: str) -> Status | None:
        """None when the folder cannot be opened, or is gone."""

        def ask(client: IMAPClient) -> Status:
            wanted = ["UIDVALIDITY", "UIDNEXT"] + (["HIGHESTMODSEQ"] if client.has_capability("CONDSTORE") else [])
            said = client.folder_status(name, wanted)
            return Status(
                int(said.get(b"UIDVALIDITY") or 0),
                int(said.get(b"UIDNEXT") or 0) or 1,
                int(said.get(b"HIGHESTMODSEQ") or 0),
            )

        try:
            return self.connection.run("a folder's status", ask)
        except RefusedError as error:
            if self.folders[name].way == ("INBOX",):
                raise
            if error.code in ("NONEXISTENT", "NOPERM", ""):
                return None
            raise

    def _matched(self, state: Cursor, states: Mapping[str, Status]) -> Cursor:
        """The places on the folders as they are called now. A folder that was renamed keeps its UIDVALIDITY; one whose
        UIDVALIDITY changed before anything of it was listed begins anew; for others `same` says that the cursor is lost."""
        gone = {name: place for name, place in state.places.items() if name not in states}
        places: dict[str, Place] = {}
        for name, status in states.items():
            place = state.places.get(name)
            if place is None:
                renamed = [old for old, one in gone.items() if one.validity == status.validity]
                if len(renamed) == 1 and gone[renamed[0]].top < status.uid_next:
                    place = gone.pop(renamed[0])
            elif place.validity != status.validity:
                if place.untouched or place.top < 1:
                    place = Place(status.validity, status.uid_next - 1, status.uid_next) if state.history else None
                else:
                    same(self.reader.mailbox, self.folders[name], place.validity, Opened(status.validity, 0, 0))
            if place is not None:
                places[name] = place
        return replace(state, places=places)


def open_mailbox(connection: Connection, mailbox: str, below: Namespace | None) -> MailboxReading:
    """A mailbox ready to be read: its folders are known. Raises ProviderError when it cannot be read."""
    folders = folders_of(connection, below)
    return MailboxReading(connection, Reader(connection, mailbox), {folder.name: folder for folder in folders})


def _day(at: int) -> str:
    """A day as SEARCH has it (RFC 3501: date). Months are named in English whatever the locale."""
    day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=max(0, at))
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
