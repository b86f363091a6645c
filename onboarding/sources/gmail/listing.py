"""Which messages are in a mailbox: ids, the newest first. A list of Gmail's says nothing else of them, not even when they came.

Where mail may be searched, a place in the list is a moment (`before:SECONDS`): it survives a restart, and deletions meanwhile.
Under gmail.metadata `q` is refused; the place is then found again by looking at one message a page.

Gmail lists the newest page first; within a page we rely on no order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from onboarding.sources.gmail.cursor import Walk, mark
from onboarding.sources.gmail.dialect import Costs
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError

PAGE = 100
"""Ids of a page: what is then read of each costs so much more that longer pages save nothing."""

RESTARTS = 12
"""So often in a row is a list begun anew because Gmail does not know its own page token any more."""


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists one mailbox. `with_body`: mail may be read, and searched; else its headers alone."""

    client: Client
    mailbox: str
    with_body: bool
    costs: Costs

    @property
    def root(self) -> str:
        return f"gmail/v1/users/{quote(self.mailbox)}"

    def request(self, rest: str, what: str, cost: int, **more: Any) -> Request:
        """A request for this mailbox."""
        return Request(
            what=f"{what} of {self.mailbox}", mailbox=self.mailbox, url=f"{self.root}/{rest}", cost=cost, **more
        )

    def profile(self) -> dict[str, Any]:
        """What Gmail says of the mailbox: `historyId`, `messagesTotal`. Raises ProviderError when it cannot be read."""
        document = self.client.json(self.request("profile", "the profile", self.costs.profile))
        return document if isinstance(document, dict) else {}

    def minimal(self, message_id: str) -> dict[str, Any]:
        """When a message came (`internalDate`), its labels and size, without what it says. Raises ProviderError."""
        request = self.request(
            f"messages/{quote(message_id, safe='')}", "a message", self.costs.get, params={"format": "minimal"}
        )
        document = self.client.json(request)
        return document if isinstance(document, dict) else {}

    def walk(self, state: Callable[[], Walk], low: int) -> Iterator[tuple[list[str], bool]]:
        """Pages of ids from `state().at` back to `low`, without what is done. Ids that are newer or older may be among them;
        then the page is said to hold some `again`.

        `state` is asked again for each page: how far the caller has come meanwhile.
        """
        return self._by_moment(state, low) if self.with_body else self._by_token(state, low)

    def older(self, low: int) -> Iterator[str]:
        """Ids of messages from before a moment, where they can be searched for."""
        if self.with_body:
            for ids, _ in self._pages(f"before:{low}", 10):
                yield from ids
                return

    def count(self, since: int | None) -> int | None:
        """About how many messages there are since a moment."""
        if not self.with_body or since is None:
            return int(self.profile().get("messagesTotal") or 0)
        page = self.page(f"after:{since - 1}", 500, None)
        exact = len(page.get("messages") or ())
        return max(int(page.get("resultSizeEstimate") or 0), exact) if page.get("nextPageToken") else exact

    def _by_moment(self, state: Callable[[], Walk], low: int) -> Iterator[tuple[list[str], bool]]:
        while True:
            at = state().at
            # Of a message's time Gmail compares milliseconds: before the next second is everything in this one.
            bound = f"after:{max(low - 1, 0)}" + (f" before:{at + 1}" if at is not None else "")
            for ids, _ in self._pages(bound, PAGE):
                if fresh := _fresh(ids, state()):
                    yield fresh, False
                    break
            else:
                return

    def _by_token(self, state: Callable[[], Walk], low: int) -> Iterator[tuple[list[str], bool]]:
        restarts = 0
        while True:
            try:
                for ids, again in self._from_place(state()):
                    if fresh := _fresh(ids, state()):
                        # A walk after a lost history id meets older mail at its end.
                        yield fresh, again or state().low is not None
                        restarts = 0
                    at = state().at
                    if at is not None and at < low:
                        return
                return
            except _LostPlace as lost:
                restarts += 1
                if restarts > RESTARTS:
                    raise lost.error from None

    def _from_place(self, state: Walk) -> Iterator[tuple[list[str], bool]]:
        """All pages from the one on that holds the place; pages before it are left out, as far as that is sure. With each,
        whether it may hold what is above the place."""
        held: list[str] = []
        searching = again = state.at is not None
        for ids, _ in self._pages(None, PAGE):
            if searching and state.at is not None:
                if not held or (self._received([one for one in ids if one not in held]) or 0) > state.at:
                    # A message of this page is above the place, so all of the one before is. Not one that was on that page
                    # already: it may come again, and says nothing of where this page begins.
                    held = ids
                    continue
                searching = False
                yield held, True
            yield ids, again
            again = False
        if searching:
            yield held, True

    def _received(self, ids: list[str]) -> int | None:
        """When one message of a page came; None when all of it is gone."""
        for message_id in ids:
            try:
                return int(self.minimal(message_id).get("internalDate") or 0) // 1000
            except ProviderError as error:
                if error.status != 404:
                    raise
        return None

    def _pages(self, query: str | None, size: int) -> Iterator[tuple[list[str], str | None]]:
        token: str | None = None
        seen: set[str] = set()
        while True:
            try:
                page = self.page(query, size, token)
            except ProviderError as error:
                if token is not None and error.status in (400, 404, 410):
                    raise _LostPlace(error) from None
                raise
            token = str(page.get("nextPageToken") or "") or None
            if token is not None and token in seen:
                raise ProviderError(f"Gmail sends in circles while listing the messages of {self.mailbox}")
            seen.add(token or "")
            yield [str(one["id"]) for one in page.get("messages") or () if isinstance(one, dict) and "id" in one], token
            if token is None:
                return

    def page(self, query: str | None, size: int, token: str | None) -> dict[str, Any]:
        """One page of the list as Gmail gives it: at most `size` ids, of what `query` finds. Raises ProviderError."""
        params = {"maxResults": str(size), "includeSpamTrash": "true"}
        if query is not None:
            params["q"] = query
        if token is not None:
            params["pageToken"] = token
        document = self.client.json(self.request("messages", "the messages", self.costs.list, params=params))
        return document if isinstance(document, dict) else {}


class _LostPlace(Exception):  # noqa: N818 - a turn of events
    """Gmail does not know the page token it gave."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


def _fresh(ids: list[str], state: Walk) -> list[str]:
    known = (state.done, state.recent)
    return [one for one in dict.fromkeys(ids) if not any(mark(one) in each for each in known)]
