"""What listed messages say: each one's blob, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed
from onboarding.sources.jmap.calls import Calls
from onboarding.sources.jmap.folders import Folders
from onboarding.sources.jmap.listing import Entry
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError, TooLargeError
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_BYTES, too_large

GROUP = 200
AT_ONCE = 4
"""Blobs of one mailbox that are on their way at a time."""


def grouped(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries in their order, in groups that fit into a page."""
    group: list[Entry] = []
    held = 0
    for entry in entries:
        size = 0 if entry.size > MESSAGE_BYTES else entry.size
        if group and (len(group) >= GROUP or held + size > PAGE_BYTES):
            yield group
            group, held = [], 0
        group.append(entry)
        held += size
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads listed messages of one account; `downloads` is the client for the server's blobs."""

    calls: Calls
    downloads: Client
    folders: Folders

    def read(self, entries: Sequence[Entry]) -> tuple[Listed, ...]:
        """Each entry with its content or why it could not be had, in the order given.

        Raises ProviderError when the mailbox cannot be read any more, as opposed to single messages of it.
        """
        at_once = min(AT_ONCE, self.calls.session.limits.concurrent_requests)
        if len(entries) == 1 or at_once == 1:
            contents = [self._content(entry) for entry in entries]
        else:
            with ThreadPoolExecutor(at_once, thread_name_prefix="blob") as threads:
                contents = list(threads.map(self._content, entries))
        return tuple(
            Listed(
                entry.path(self.calls.mailbox),
                content,
                self.folders.kind(entry.folders, entry.keywords),
                entry.received,
            )
            for entry, content in zip(entries, contents, strict=True)
        )

    def _content(self, entry: Entry) -> bytes | Skip:
        if entry.size > MESSAGE_BYTES:
            return too_large(entry.size, MESSAGE_BYTES)
        request = Request(
            what=f"a message of {self.calls.mailbox}",
            mailbox=self.calls.mailbox,
            url=self.calls.session.blob(self.calls.account, entry.blob),
            most=MESSAGE_BYTES,
            as_json=False,
        )
        try:
            return self.downloads.ask(request).content
        except TooLargeError as error:
            return too_large(error.size or MESSAGE_BYTES + 1, MESSAGE_BYTES)
        except ProviderError as error:
            if error.status in (404, 410):
                return Skip(SkipReason.GONE, "deleted after it was listed")
            if error.status == 401 or not error.status:
                raise
            # Is it the message, or the mailbox? The list says, by raising.
            self.calls.one("the state", "Email/get", {"ids": [], "properties": ["id"]})
            return Skip(SkipReason.UNREADABLE, f"the server did not give it: HTTP {error.status} {error.code}".rstrip())
