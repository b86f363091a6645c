"""What listed messages say: their MIME, twenty at a time, large ones one by one; or headers where no more is granted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed
from onboarding.sources.graph.batch import MOST_BYTES, Batches, Item
from onboarding.sources.graph.dialect import GONE, said
from onboarding.sources.graph.folders import Folders, path_of
from onboarding.sources.graph.headers import headers_only
from onboarding.sources.graph.listing import Entry, Lister
from onboarding.sources.network.client import Request
from onboarding.sources.network.faults import Answer, ProviderError, TooLargeError, refused
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_BYTES, too_large

BATCHED_BYTES = 500_000
"""A message up to this goes into a batch."""

GROUP = 100
GUESSED_BYTES = 100_000
"""For messages whose size is not shown."""


def grouped(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries in their order, in groups that fit into a page."""
    group: list[Entry] = []
    held = 0
    for entry in entries:
        size = min(entry.size or GUESSED_BYTES, MESSAGE_BYTES)
        if group and (len(group) >= GROUP or held + size > PAGE_BYTES):
            yield group
            group, held = [], 0
        group.append(entry)
        held += size
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads listed messages of one mailbox."""

    lister: Lister
    batches: Batches
    folders: Folders

    def read(self, entries: Sequence[Entry]) -> tuple[Listed, ...]:
        """Each entry with its content or why it could not be had, in the order given.

        Raises ProviderError when the mailbox cannot be read any more, as opposed to single messages of it.
        """
        if not self.lister.with_body:
            return tuple(self._listed(entry, headers_only(entry.properties)) for entry in entries)
        found: dict[str, bytes | Skip] = {}
        small = [e for e in entries if e.size is not None and e.size <= BATCHED_BYTES]
        asked = [Item(entry.id, self._url(entry), entry.size or 0) for entry in small]
        for message_id, answer in self.batches.get(asked, "messages").items():
            found[message_id] = answer.content if answer.good and answer.content else self._why(answer)
        for entry in entries:
            if entry.id not in found:
                found[entry.id] = self._alone(entry)
        return tuple(self._listed(entry, found[entry.id]) for entry in entries)

    def _listed(self, entry: Entry, content: bytes | Skip) -> Listed:
        return Listed(
            path=path_of(self.lister.mailbox, entry.id),
            content=content,
            folder=self.folders.kind(entry.folder),
            time_hint=entry.received,
            body_unknown=not self.lister.with_body,
        )

    def _url(self, entry: Entry) -> str:
        return f"{self.lister.root}/messages/{quote(entry.id, safe='')}/$value"

    def _alone(self, entry: Entry) -> bytes | Skip:
        if entry.size is not None and entry.size > MESSAGE_BYTES:
            return too_large(entry.size, MESSAGE_BYTES)
        request = Request(
            what=f"a message of {self.lister.mailbox}",
            mailbox=self.lister.mailbox,
            url=self._url(entry),
            headers={"Prefer": 'IdType="ImmutableId"'},
            most=MESSAGE_BYTES,
            as_json=False,
        )
        try:
            return self.lister.client.ask(request).content
        except TooLargeError as error:
            return too_large(error.size or MESSAGE_BYTES + 1, MESSAGE_BYTES)
        except ProviderError as error:
            return self._why(Answer(error.status, {}, b"", {"error": {"code": error.code, "message": str(error)}}))

    def _why(self, answer: Answer) -> Skip:
        """Why one message could not be had, once it is sure that it is not the mailbox."""
        words = said(answer)
        if answer.status in (404, 410) and words.code.lower() in GONE:
            return Skip(SkipReason.GONE, "deleted after it was listed")
        # Not found, forbidden or failing: of the whole mailbox, or of this message? The list says.
        self.lister.client.json(self.lister.request(f"{self.lister.root}/mailFolders/inbox", "the inbox", {}))
        if answer.status in (401, 403):
            raise refused(self.lister.client.dialect, f"the messages of {self.lister.mailbox}", answer)
        return Skip(
            SkipReason.UNREADABLE, f"Microsoft Graph did not give it: HTTP {answer.status} {words.code}".rstrip()
        )


assert BATCHED_BYTES <= MOST_BYTES
