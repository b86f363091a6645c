"""Which messages are in a mailbox: listed by the time they were received, over all folders.

A place in the list is a moment, not the address of the next page: that address counts messages (`$skip`), so a deletion
meanwhile would make it leave one out, and it is no use after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from onboarding.sources.graph.cursor import mark
from onboarding.sources.network.client import Client, Request

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}

SIZE = "Integer 0x0E08"
"""PidTagMessageSize: what a message weighs, which Graph shows no other way."""

BASIC = "id,receivedDateTime,parentFolderId,isDraft"
HEADERS = BASIC + (
    ",subject,from,sender,toRecipients,ccRecipients,bccRecipients,replyTo,sentDateTime,internetMessageId,internetMessageHeaders"
)
PAGE_OF_NAMES = 200
PAGE_OF_HEADERS = 50


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as listed. `size` in bytes, None when it is not shown; `properties` is the JSON as it came."""

    id: str
    received: int
    folder: str
    draft: bool
    size: int | None
    properties: Mapping[str, Any]

    @property
    def mark(self) -> str:
        return mark(self.id)


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists one mailbox. `with_body`: MIME will be read, so the list needs names and sizes only; else it brings headers."""

    client: Client
    mailbox: str
    with_body: bool

    @property
    def root(self) -> str:
        return f"users/{quote(self.mailbox)}"

    @property
    def query(self) -> dict[str, str]:
        """What is selected of each message."""
        if not self.with_body:
            return {"$select": HEADERS}
        return {"$select": BASIC, "$expand": f"singleValueExtendedProperties($filter=id eq '{SIZE}')"}

    @property
    def page(self) -> int:
        return PAGE_OF_NAMES if self.with_body else PAGE_OF_HEADERS

    def newest_first(self, low: int | None, at: int, inclusive: bool) -> Iterator[list[Entry]]:
        """Pages of what was received from `low` up to `at` (seconds), the newest first."""
        bound = [f"receivedDateTime {'le' if inclusive else 'lt'} {stamp(at)}"]
        if low is not None:
            bound.append(f"receivedDateTime ge {stamp(low)}")
        return self._listed(" and ".join(bound), "receivedDateTime desc")

    def oldest_first(self, low: int, high: int) -> Iterator[list[Entry]]:
        """Pages of what was received from `low` up to before `high`, the oldest first."""
        return self._listed(
            f"receivedDateTime ge {stamp(low)} and receivedDateTime lt {stamp(high)}", "receivedDateTime asc"
        )

    def entry(self, properties: Mapping[str, Any]) -> Entry | None:
        """What a list or a delta says of a message; None when it says too little (an update shows what changed only)."""
        received = properties.get("receivedDateTime")
        if not isinstance(received, str):
            return None
        sizes = [one.get("value") for one in properties.get("singleValueExtendedProperties") or ()]
        return Entry(
            str(properties["id"]),
            seconds(received),
            str(properties.get("parentFolderId") or ""),
            bool(properties.get("isDraft")),
            int(sizes[0]) if sizes and str(sizes[0]).isdigit() else None,
            properties,
        )

    def request(self, url: str, what: str, params: Mapping[str, str]) -> Request:
        """A request for this mailbox."""
        return Request(
            what=f"{what} of {self.mailbox}", mailbox=self.mailbox, url=url, params=params, headers=IMMUTABLE
        )

    def _listed(self, condition: str, order: str) -> Iterator[list[Entry]]:
        params = {**self.query, "$filter": condition, "$orderby": order, "$top": str(self.page)}
        request = self.request(f"{self.root}/messages", "the messages", params)
        for values in self.client.pages(request, "@odata.nextLink"):
            yield [entry for value in values if (entry := self.entry(value)) is not None]


def stamp(at: int) -> str:
    """A moment as a filter takes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> int:
    """A moment as Graph writes it, in whole seconds."""
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
