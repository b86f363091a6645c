"""Reading one mailbox: its history from the newest mail back, then what has come since, by delta."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Page
from onboarding.sources.graph import cursor as cursors
from onboarding.sources.graph.batch import Batches
from onboarding.sources.graph.content import Reader, grouped
from onboarding.sources.graph.cursor import History, New
from onboarding.sources.graph.dialect import LOST_SYNC
from onboarding.sources.graph.folders import Folders, folders_of, path_of
from onboarding.sources.graph.listing import IMMUTABLE, Entry, Lister, stamp
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError

DAY = 86_400
FURTHEST_SECONDS = 397 * DAY
"""Thirteen months: further back is read only when somebody asks for it."""

SETTLING_SECONDS = 300
"""Mail that was received less long ago may not be in the lists yet: it counts as new, which delta finds whenever it appears."""

FILTERED_DELTA_MOST = 5_000
"""A filtered delta gives at most so many messages, and does not say that it stopped."""

MOST_SEEN = 2_000
"""Marks of new mail that a cursor carries; with more, what is new begins at a later moment."""

RENEW_SECONDS = DAY
"""Tokens that found nothing are written down this often: unused ones die after weeks."""


@dataclass(frozen=True, slots=True)
class MailboxReading:
    """One mailbox being read. Open it with `open_mailbox`."""

    lister: Lister
    reader: Reader
    folders: Folders

    def pages(self, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages behind a cursor. Raises ProviderError, CursorLostError."""
        mailbox = self.lister.mailbox
        state = cursors.read(cursor, mailbox) if cursor else History(self._now() - SETTLING_SECONDS)
        if isinstance(state, History):
            yield from self._history(state, since)
            state = New(base=state.start)
        yield from self._new(state)

    def _now(self) -> int:
        return int(self.lister.client.time_there())

    # History

    def _history(self, state: History, since: int | None) -> Iterator[Page]:
        low = state.start - FURTHEST_SECONDS if since is None else since
        while True:
            fresh = self._before(state, low)
            if not fresh:
                break
            for group in grouped(fresh):
                at = group[-1].received
                done = frozenset(entry.mark for entry in group if entry.received == at)
                state = History(state.start, at, done | (state.done if at == state.at else frozenset()))
                yield Page(self.reader.read(self._mail(group)), state.text())
        if since is not None and (older := self._any_older(low)):
            yield Page((older,), New(base=state.start).text())

    def _before(self, state: History, low: int) -> list[Entry]:
        """The next messages of history, the newest first; none at its end."""
        at = state.start if state.at is None else state.at
        for entries in self.lister.newest_first(low, at, inclusive=state.at is not None):
            # A page may hold a message twice, or one that was on the page before.
            fresh = {
                entry.id: entry
                for entry in entries
                if (entry.received < at if state.at is None else entry.received <= at)
                and not (entry.received == state.at and entry.mark in state.done)
            }
            if fresh:
                return sorted(fresh.values(), key=lambda entry: -entry.received)
        return []

    def _any_older(self, low: int) -> Listed | None:
        """One message from before the lookback, unread: that there is more is worth knowing."""
        for entry in next(iter(self.lister.newest_first(None, low, inclusive=False)), []):
            if self._is_mail(entry):
                path = path_of(self.lister.mailbox, entry.id)
                return Listed(path, Skip(SkipReason.OUTSIDE_LOOKBACK), self.folders.kind(entry.folder), entry.received)
        return None

    # What is new

    def _new(self, state: New) -> Iterator[Page]:
        first = not state.tokens
        for _ in range(2):
            lost = state.sync is not None
            if not lost:
                for folder in self.folders.with_mail():
                    entries, token = self._round(folder, state)
                    if token is None:
                        lost = True
                        break
                    unseen = self._unseen(entries, state)
                    groups = list(grouped(unseen))
                    for number, group in enumerate(groups):
                        state = replace(state, seen=state.seen | {entry.mark for entry in group})
                        if number == len(groups) - 1:
                            state = replace(state, tokens={**state.tokens, folder: token}, stamp=self._now())
                        yield Page(self.reader.read(self._mail(group)), state.text())
                    state = replace(state, tokens={**state.tokens, folder: token})
            if not lost and len(state.seen) <= MOST_SEEN:
                break
            for page, after in self._resync(state):
                state = after
                yield page
            first = True
        if first or self._now() - state.stamp > RENEW_SECONDS:
            yield Page((), replace(state, stamp=self._now()).text())

    def _round(self, folder: str, state: New) -> tuple[list[Entry], str | None]:
        """One round of delta: what a folder says is new, in any order, some of it again; and the token for the next.

        No token: the old one is no longer known, or the folder has more than a filtered delta gives.
        """
        root = f"{self.lister.root}/mailFolders/{quote(folder, safe='')}/messages/delta"
        token = state.tokens.get(folder)
        if token:
            url, params = f"{root}?$deltatoken={quote(token, safe='')}", {}
        else:
            select = self.lister.query["$select"]
            url, params = root, {"$filter": f"receivedDateTime ge {stamp(state.base)}", "$select": select}
        request = Request(
            what=f"what is new in {self.lister.mailbox}",
            mailbox=self.lister.mailbox,
            url=url,
            params=params,
            headers={"Prefer": f"{IMMUTABLE['Prefer']}, odata.maxpagesize={self.lister.page}"},
        )
        entries: list[Entry] = []
        raw = 0
        while True:
            try:
                document = self.lister.client.json(request)
            except ProviderError as error:
                if error.status == 410 or error.code.lower() in LOST_SYNC:
                    return entries, None
                if error.status == 404 and error.code == "ErrorItemNotFound":
                    return entries, ""  # the folder is gone; what was in it was moved or deleted
                raise
            for value in document.get("value") or ():
                raw += 1
                if "@removed" not in value:
                    entries += [entry] if (entry := self.lister.entry(value)) else self._looked_up(value, state)
            if follow := document.get("@odata.nextLink"):
                request = replace(request, url=follow, params={})
                continue
            if raw >= FILTERED_DELTA_MOST:
                return entries, None
            return entries, _token_of(str(document.get("@odata.deltaLink") or ""))

    def _looked_up(self, value: dict[str, object], state: New) -> list[Entry]:
        """A message that delta shows in part: known ones only changed, an unknown one is looked up."""
        message_id = str(value.get("id") or "")
        if not message_id or cursors.mark(message_id) in state.seen | state.before:
            return []
        request = self.lister.request(
            f"{self.lister.root}/messages/{quote(message_id, safe='')}", "a message", self.lister.query
        )
        try:
            entry = self.lister.entry(self.lister.client.json(request))
        except ProviderError as error:
            if error.status == 404 and error.code == "ErrorItemNotFound":
                return []
            raise
        return [entry] if entry else []

    def _unseen(self, entries: Sequence[Entry], state: New) -> list[Entry]:
        known = state.seen | state.before
        unseen = {e.id: e for e in entries if e.received >= state.base and e.mark not in known and self._is_mail(e)}
        return sorted(unseen.values(), key=lambda entry: entry.received)

    def _resync(self, state: New) -> Iterator[tuple[Page, New]]:
        """Lists again what was received from the base up to now, in order of time, without what is known; then the base
        is now, and the tokens are new. Bounded by the time since the last base."""
        target = state.sync if state.sync is not None else max(self._now() - SETTLING_SECONDS, state.base)
        known = state.seen | state.before
        state = replace(state, sync=target, tokens={}, seen=known, before=frozenset())
        at, done = state.base, frozenset[str]()
        found = True
        while found:
            found = False
            for entries in self.lister.oldest_first(at, target):
                listed = [e for e in entries if at <= e.received < target and not (e.received == at and e.mark in done)]
                if not listed:
                    continue
                found = True
                for group in grouped(self._unseen(listed, state)):
                    # All before the last of these is done, so that this is where a restart goes on.
                    last = group[-1].received
                    same = frozenset(entry.mark for entry in group if entry.received == last)
                    state = replace(state, base=last, seen=(state.seen if last == state.base else known) | same)
                    yield Page(self.reader.read(self._mail(group)), state.text()), state
                last = max(entry.received for entry in listed)
                same = frozenset(entry.mark for entry in listed if entry.received == last)
                done = same | (done if last == at else frozenset())
                at = last
                break
        state = New(base=target, before=known, stamp=self._now())
        yield Page((), state.text()), state

    def _mail(self, group: Sequence[Entry]) -> list[Entry]:
        return [entry for entry in group if self._is_mail(entry)]

    def _is_mail(self, entry: Entry) -> bool:
        return not entry.draft and self.folders.holds_mail(entry.folder)


def open_mailbox(client: Client, mailbox: str, with_body: bool) -> MailboxReading:
    """A mailbox ready to be read: its folders are known. Raises ProviderError when it cannot be read."""
    lister = Lister(client, mailbox, with_body)
    batches = Batches(client, mailbox)
    folders = folders_of(lister, batches)
    return MailboxReading(lister, Reader(lister, batches, folders), folders)


def _token_of(link: str) -> str:
    """The token in the address of a next round."""
    for part in urlsplit(link).query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() in ("$deltatoken", "%24deltatoken"):
            return unquote(value)
    return ""
