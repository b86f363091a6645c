"""What listed messages say: their MIME (`format=raw`), or their headers alone where no more is granted (`format=metadata`)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import Listed
from onboarding.sources.gmail.cursor import mark
from onboarding.sources.gmail.labels import NOT_MAIL, folder_of
from onboarding.sources.gmail.listing import Lister
from onboarding.sources.graph.headers import headers_only
from onboarding.sources.network.faults import ProviderError, TooLargeError
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_BYTES, too_large

AT_ONCE = 4
"""Messages of one mailbox that are read side by side: more is refused as too many concurrent requests for a user."""

_RAW_BYTES = MESSAGE_BYTES * 4 // 3 + 100_000
"""An answer with a message of the largest size: base64 and what stands around it."""


@dataclass(frozen=True, slots=True)
class Got:
    """One message as it was read. `received` in seconds, None when Gmail did not say; `history`: of its last change."""

    id: str
    content: bytes | Skip = field(repr=False)
    received: int | None = None
    labels: frozenset[str] = frozenset()
    history: int = 0
    gone: bool = False

    @property
    def mark(self) -> str:
        return mark(self.id)

    @property
    def is_mail(self) -> bool:
        return not NOT_MAIL & self.labels


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads listed messages of one mailbox, some side by side."""

    lister: Lister
    threads: Executor

    def read(self, ids: Sequence[str]) -> Iterator[list[Got]]:
        """The messages in the order given, in runs that fit into a page.

        Raises ProviderError when the mailbox cannot be read any more, as opposed to single messages of it.
        """
        run: list[Got] = []
        held = 0
        for start in range(0, len(ids), AT_ONCE):
            for got in self.threads.map(self._one, ids[start : start + AT_ONCE]):
                size = 0 if isinstance(got.content, Skip) else len(got.content)
                if run and held + size > PAGE_BYTES:
                    yield run
                    run, held = [], 0
                run.append(got)
                held += size
        if run:
            yield run

    def listed(self, got: Got) -> Listed:
        """What was read, as a source lists it."""
        return Listed(
            path=path_of(self.lister.mailbox, got.id),
            content=got.content,
            folder=Folder.UNKNOWN if got.received is None else folder_of(got.labels),
            time_hint=got.received,
            body_unknown=not self.lister.with_body,
        )

    def _one(self, message_id: str) -> Got:
        request = self.lister.request(
            f"messages/{quote(message_id, safe='')}",
            "a message",
            self.lister.costs.get,
            params={"format": "raw" if self.lister.with_body else "metadata"},
            most=_RAW_BYTES,
        )
        try:
            return self._got(message_id, self.lister.client.json(request))
        except TooLargeError as error:
            size = error.size * 3 // 4
        except ProviderError as error:
            return self._without(message_id, error)
        try:
            shown = self.lister.minimal(message_id)
        except ProviderError as error:
            return self._without(message_id, error)
        skip = too_large(int(shown.get("sizeEstimate") or size or MESSAGE_BYTES + 1), MESSAGE_BYTES)
        return _facts(message_id, shown, skip)

    def _got(self, message_id: str, document: Any) -> Got:
        if not isinstance(document, dict):
            return Got(message_id, Skip(SkipReason.UNREADABLE, "Gmail did not show it"))
        if not self.lister.with_body:
            payload = document.get("payload")
            headers = payload.get("headers") if isinstance(payload, dict) else None
            return _facts(message_id, document, headers_only({"internetMessageHeaders": headers}))
        raw = str(document.get("raw") or "")
        try:
            content: bytes | Skip = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            content = Skip(SkipReason.UNREADABLE, "its base64 is broken")
        if not content:
            content = Skip(SkipReason.UNREADABLE, "Gmail gave it without content")
        elif not isinstance(content, Skip) and len(content) > MESSAGE_BYTES:
            content = too_large(len(content), MESSAGE_BYTES)
        return _facts(message_id, document, content)

    def _without(self, message_id: str, error: ProviderError) -> Got:
        """Why one message could not be had, once it is sure that it is not the mailbox."""
        self.lister.profile()
        if error.status in (401, 403):
            raise error
        if error.status in (404, 410):
            return Got(message_id, Skip(SkipReason.GONE, "deleted after it was listed"), gone=True)
        return Got(
            message_id, Skip(SkipReason.UNREADABLE, f"Gmail did not give it: HTTP {error.status} {error.code}".rstrip())
        )


def path_of(mailbox: str, message_id: str) -> str:
    """How a message of a mailbox is named; `id_of` gives its id back. Moving it keeps its id."""
    return f"{mailbox}/{message_id}"


def id_of(path: str) -> str:
    """The id in a path, as it stands in an address."""
    return quote(path.rpartition("/")[2], safe="")


def _facts(message_id: str, document: dict[str, Any], content: bytes | Skip) -> Got:
    return Got(
        message_id,
        content,
        int(document.get("internalDate") or 0) // 1000,
        frozenset(str(label) for label in document.get("labelIds") or ()),
        int(document.get("historyId") or 0),
    )
