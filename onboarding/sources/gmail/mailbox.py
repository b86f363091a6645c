"""Reading one mailbox: a walk from the newest mail back, then what Gmail's history says was added since."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Page
from onboarding.sources.gmail import cursor as cursors
from onboarding.sources.gmail.content import AT_ONCE, Got, Reader, path_of
from onboarding.sources.gmail.cursor import Follow, Walk
from onboarding.sources.gmail.dialect import Costs
from onboarding.sources.gmail.labels import NOT_MAIL, folder_of
from onboarding.sources.gmail.listing import Lister
from onboarding.sources.network.client import Client
from onboarding.sources.network.faults import ProviderError

DAY = 86_400
FURTHEST_SECONDS = 397 * DAY
"""Thirteen months: further back is read only when somebody asks for it."""

OVERLAP_SECONDS = 3_600
"""A walk after a lost history id begins so long before the last time all was known: mail may come late."""

MOST_RECENT = 2_000
"""Marks that a cursor carries for such a walk; with more, it begins later."""

RENEW_SECONDS = DAY
"""A history id that found nothing is written down this often: old ones are forgotten after a week or so."""

HISTORY_PAGE = 100


@dataclass(slots=True)
class MailboxReading:
    """One mailbox being read."""

    lister: Lister
    reader: Reader

    def pages(self, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages behind a cursor. Raises ProviderError, CursorLostError."""
        state = cursors.read(cursor, self.lister.mailbox) if cursor else self._new_walk()
        follow = (yield from self._walk(state, since)) if isinstance(state, Walk) else state
        yield from self._follow(follow)

    def _now(self) -> int:
        return int(self.lister.client.time_there())

    def _new_walk(self) -> Walk:
        history = int(self.lister.profile().get("historyId") or 0)
        return Walk(history, self._now() - OVERLAP_SECONDS)

    # What is there

    def _walk(self, state: Walk, since: int | None) -> Generator[Page, None, Follow]:
        """All that is there back to the bound; gives the state for following."""
        asked = since if since is not None else state.base - FURTHEST_SECONDS
        low = state.low if state.low is not None else asked
        here = _Place(state, low)
        older: Listed | None = None
        for ids, again in self.lister.walk(lambda: here.state, low):
            before = here.begin(again)
            runs = self.reader.read(ids)
            run = next(runs, None)
            while run is not None:
                following = next(runs, None)
                fresh = [got for got in run if before.wants(got)]
                older = older or self._first_older(run, low)
                here.did(run, fresh, last=following is None)
                if fresh or following is None:
                    yield Page(self._listed(fresh), here.state.text())
                run = following
        follow = Follow(here.state.history, here.state.base, here.state.recent, self._now())
        if state.low is None and since is not None:
            older = older or self._search_older(low)
            yield Page((older,) if older else (), follow.text())
        else:
            yield Page((), follow.text())
        return follow

    def _first_older(self, run: Sequence[Got], low: int) -> Listed | None:
        for got in run:
            if got.received is not None and got.received < low and got.is_mail:
                return self._outside(got.id, got.labels, got.received)
        return None

    def _search_older(self, low: int) -> Listed | None:
        """One message from before the lookback, unread: that there is more is worth knowing."""
        for message_id in self.lister.older(low):
            try:
                shown = self.lister.minimal(message_id)
            except ProviderError as error:
                if error.status == 404:
                    continue
                raise
            labels = {str(label) for label in shown.get("labelIds") or ()}
            received = int(shown.get("internalDate") or 0) // 1000
            if received < low and not NOT_MAIL & labels:
                return self._outside(message_id, labels, received)
        return None

    def _outside(self, message_id: str, labels: frozenset[str] | set[str], received: int) -> Listed:
        path = path_of(self.lister.mailbox, message_id)
        return Listed(path, Skip(SkipReason.OUTSIDE_LOOKBACK), folder_of(labels), received)

    # What is new

    def _follow(self, state: Follow) -> Iterator[Page]:
        """What was added since the history id; or, when Gmail does not know it any more, what came since the base."""
        waiting: Sequence[Got] | None = None
        at_end = state.history
        lost = False
        try:
            for ids, last, current in self._added(state.history):
                for run in self.reader.read([one for one in ids if cursors.mark(one) not in state.recent]):
                    if waiting is not None:
                        yield Page(self._listed(waiting), state.text())
                    state = replace(state, recent={**state.recent, **{got.mark: got.received or 0 for got in run}})
                    waiting = run
                # The records of a page are in order: what comes next is behind the last of them.
                state = replace(state, history=max(state.history, last))
                at_end = current
        except _LostHistory:
            lost = True
        now = self._now()
        if lost:
            if waiting is not None:
                yield Page(self._listed(waiting), state.text())
            # What comes while it walks, the next reading finds.
            yield from self._walk(replace(self._new_walk(), low=state.base, recent=state.recent), None)
        elif waiting is not None or now - state.stamp >= RENEW_SECONDS:
            yield Page(self._listed(waiting or ()), _settled(state, at_end, now).text())

    def _added(self, start: int) -> Iterator[tuple[list[str], int, int]]:
        """By page of history: ids of the messages added, the last record's id, the mailbox's history id.

        Raises _LostHistory.
        """
        token: str | None = None
        while True:
            page = self._history_page(start, token)
            records = [one for one in page.get("history") or () if isinstance(one, Mapping)]
            ids = [
                str(added["message"]["id"])
                for record in records
                for added in record.get("messagesAdded") or ()
                if not NOT_MAIL & set(added["message"].get("labelIds") or ())
            ]
            last = max((int(record.get("id") or 0) for record in records), default=0)
            yield list(dict.fromkeys(ids)), last, int(page.get("historyId") or 0)
            token = str(page.get("nextPageToken") or "") or None
            if token is None:
                return

    def _history_page(self, start: int, token: str | None) -> dict[str, Any]:
        params = {"startHistoryId": str(start), "historyTypes": "messageAdded", "maxResults": str(HISTORY_PAGE)}
        if token is not None:
            params["pageToken"] = token
        request = self.lister.request("history", "what is new", self.lister.costs.history, params=params)
        try:
            document = self.lister.client.json(request)
        except ProviderError as error:
            if error.status in (404, 410) or (error.status == 400 and token is not None):
                self.lister.profile()  # the mailbox is there, so it is the id that is not
                raise _LostHistory from None
            raise
        return document if isinstance(document, dict) else {}

    def _listed(self, gots: Sequence[Got]) -> tuple[Listed, ...]:
        mail = [got for got in gots if got.is_mail]
        return tuple(self.reader.listed(got) for got in sorted(mail, key=lambda got: -(got.received or 0)))


class _LostHistory(Exception):  # noqa: N818 - a turn of events
    """Gmail does not know the history id any more."""


@dataclass(slots=True)
class _Place:
    """Where a walk stands, moved on by what was read."""

    state: Walk
    low: int
    again: bool = False
    """The page that is being read holds messages that were listed before."""
    least: int | None = None
    """The earliest time on it."""

    def begin(self, again: bool) -> _Place:
        """A page begins; gives the place as it is now, by which the page's messages are judged."""
        self.least = None
        return _Place(self.state, self.low, again)

    def wants(self, got: Got) -> bool:
        """Whether a message belongs to what this walk has not listed."""
        if got.received is None:
            # Deleted meanwhile: its time is not known, and it may be one that was listed before it was.
            return not (got.gone and self.again)
        at = self.state.at
        return self.low <= got.received and (at is None or got.received <= at)

    def did(self, run: Sequence[Got], fresh: Sequence[Got], *, last: bool) -> None:
        """A run of messages was read, `last` of its page; what is `fresh` of it was listed. Of the others, what came before the
        bound is done with; what lies above the place was listed before, or is found by following."""
        state = self.state
        done, recent = dict(state.done), dict(state.recent)
        for got in run:
            if got.gone:
                continue  # it will be on no page again
            if got.received is None:
                done[got.mark] = 0  # kept to the end: it may be on any page again
                continue
            self.least = got.received if self.least is None else min(self.least, got.received)
            if got.received < self.low:
                done[got.mark] = got.received
        for got in fresh:
            if got.received is not None:
                done[got.mark] = got.received
                if got.history > state.history or got.received >= state.base:
                    recent[got.mark] = got.received
        at = state.at
        if last and self.least is not None:
            at = self.least if at is None else min(at, self.least)
        if at is not None:
            done = {key: time for key, time in done.items() if time <= at}
        self.state = replace(state, at=at, done=done, recent=recent)


def open_mailbox(client: Client, mailbox: str, with_body: bool, costs: Costs) -> MailboxReading:
    """A mailbox ready to be read; close its threads with `closing`."""
    lister = Lister(client, mailbox, with_body, costs)
    return MailboxReading(lister, Reader(lister, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gmail")))


def _settled(state: Follow, history: int, now: int) -> Follow:
    """The state when all that was added up to a history id is listed."""
    base = max(state.base, now - OVERLAP_SECONDS)
    recent = {key: time for key, time in state.recent.items() if time >= base}
    if len(recent) > MOST_RECENT:
        base = sorted(recent.values())[-MOST_RECENT] + 1
        recent = {key: time for key, time in recent.items() if time >= base}
    return Follow(max(state.history, history), base, recent, now)
