"""Which messages are in an account: listed by the time they were received, or by what changed since a state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from onboarding.sources.jmap.calls import CallError, Calls, result_of
from onboarding.sources.jmap.cursor import mark

PROPERTIES = ["id", "blobId", "mailboxIds", "keywords", "receivedAt", "size"]
MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as listed; `received` in seconds since the epoch."""

    id: str
    blob: str
    folders: tuple[str, ...]
    received: int
    size: int
    keywords: frozenset[str]

    @property
    def draft(self) -> bool:
        return "$draft" in self.keywords

    @property
    def mark(self) -> str:
        return mark(self.id)

    def path(self, mailbox: str) -> str:
        """Its name: the id stays when it is moved."""
        return f"{mailbox}/{self.id}"


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different since a state: ids of messages, and the state behind it. `more`: there is more to ask for."""

    created: tuple[str, ...]
    updated: tuple[str, ...]
    destroyed: tuple[str, ...]
    state: str
    more: bool


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists one account."""

    calls: Calls

    @property
    def most(self) -> int:
        """Messages asked for at once."""
        return min(MOST_LISTED, self.calls.session.limits.objects_in_get)

    def state(self) -> str:
        """The account's state now."""
        return str(self.calls.one("the state", "Email/get", {"ids": [], "properties": ["id"]})["state"])

    def newest_first(self, since: int | None, before: int | None) -> Iterator[list[Entry]]:
        """Pages of what was received from `since` up to before `before` (seconds), the newest first."""
        return self._listed(since, before, ascending=False)

    def oldest_first(self, since: int) -> Iterator[list[Entry]]:
        """Pages of what was received from `since` on, the oldest first."""
        return self._listed(since, None, ascending=True)

    def count(self, since: int | None) -> int | None:
        """How many were received since; None when the server does not say."""
        answer = self.calls.one(
            "the number of messages", "Email/query", {**_filter(since, None), "limit": 1, "calculateTotal": True}
        )
        total = answer.get("total")
        return total if isinstance(total, int) else None

    def entries(self, ids: Iterable[str]) -> list[Entry]:
        """These messages, as far as they are there."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Entry] = {}
        for start in range(0, len(wanted), self.most):
            asked = {"ids": wanted[start : start + self.most], "properties": PROPERTIES}
            answer = self.calls.one("the messages", "Email/get", asked)
            found |= {entry.id: entry for value in answer.get("list") or () if (entry := _entry(value))}
        return [found[one] for one in wanted if one in found]

    def changed(self, since: str) -> Changed | None:
        """What changed since a state; None when the server no longer knows it."""
        try:
            answer = self.calls.one("what is new", "Email/changes", {"sinceState": since, "maxChanges": self.most})
        except CallError as error:
            if error.code in ("cannotCalculateChanges", "invalidArguments"):
                return None
            raise
        ids = {name: tuple(map(str, answer.get(name) or ())) for name in ("created", "updated", "destroyed")}
        return Changed(**ids, state=str(answer["newState"]), more=bool(answer.get("hasMoreChanges")))

    def created_since(self, state: str) -> frozenset[str] | None:
        """Ids of all that was created since a state; None when the server no longer knows it."""
        created: set[str] = set()
        while (changed := self.changed(state)) is not None:
            created |= set(changed.created)
            if not changed.more or changed.state == state:
                return frozenset(created)
            state = changed.state
        return None

    def _listed(self, since: int | None, before: int | None, *, ascending: bool) -> Iterator[list[Entry]]:
        position = 0
        while True:
            query = {
                **_filter(since, before),
                "sort": [{"property": "receivedAt", "isAscending": ascending}],
                "position": position,
                "limit": self.most,
            }
            ids: Mapping[str, Any] = {"#ids": result_of(0, "/ids", "Email/query"), "properties": PROPERTIES}
            listed, got = self.calls.ask("the messages", ("Email/query", query), ("Email/get", ids))
            found = {entry.id: entry for value in got.get("list") or () if (entry := _entry(value))}
            named = [str(one) for one in listed.get("ids") or ()]
            if not named:
                return
            # In the order of the query; what was deleted between the two is in neither.
            yield [found[one] for one in named if one in found]
            position += len(named)


def _entry(value: Mapping[str, Any]) -> Entry | None:
    try:
        keywords = frozenset(word for word, there in (value.get("keywords") or {}).items() if there)
        return Entry(
            str(value["id"]),
            str(value["blobId"]),
            tuple(sorted(one for one, there in (value.get("mailboxIds") or {}).items() if there)),
            int(datetime.fromisoformat(str(value["receivedAt"]).replace("Z", "+00:00")).timestamp()),
            int(value.get("size") or 0),
            keywords,
        )
    except (KeyError, ValueError, TypeError):
        return None


def _filter(since: int | None, before: int | None) -> dict[str, Any]:
    """RFC 8621 section 4.4.1: `before` is exclusive, `after` is not."""
    bounds = {name: _stamp(at) for name, at in (("after", since), ("before", before)) if at is not None}
    return {"filter": bounds} if bounds else {}


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(max(0, at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
