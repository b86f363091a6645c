"""Cutting a stream of messages into pages, and reading one message file under the cap."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Page

PAGE_MESSAGES = 1_000
PAGE_BYTES = 16_000_000
MESSAGE_BYTES = 50_000_000
"""A message larger than this is listed as too large, and never read into memory."""

P = TypeVar("P")


def paged(
    messages: Iterable[tuple[Listed, P]],
    cursor_of: Callable[[P], str],
    *,
    page_messages: int = PAGE_MESSAGES,
    page_bytes: int = PAGE_BYTES,
) -> Iterator[Page]:
    """Pages of at most `page_messages` messages and `page_bytes` bytes, or of one message that is larger alone.

    Each message comes with the position behind it; a page's cursor is made of the position behind its last one.
    """
    page: list[Listed] = []
    held = 0
    end: list[P] = []
    for message, position in messages:
        size = 0 if isinstance(message.content, Skip) else len(message.content)
        if page and held + size > page_bytes:
            yield Page(tuple(page), cursor_of(end[0]))
            page, held = [], 0
        page.append(message)
        held += size
        end = [position]
        if len(page) >= page_messages:
            # At once, not when the next message is there: what is done is recorded before more can go wrong.
            yield Page(tuple(page), cursor_of(position))
            page, held = [], 0
    if page:
        yield Page(tuple(page), cursor_of(end[0]))


def read_message_file(path: bytes, cap: int = MESSAGE_BYTES) -> bytes | Skip:
    """The bytes of one message file, or why they cannot be had. Raises FileNotFoundError when it is not there.

    Never waits (a pipe is refused unread), never follows a link, and holds at most `cap` bytes.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        why = "a symbolic link, not followed" if error.errno == errno.ELOOP else f"cannot be opened: {error.strerror}"
        return Skip(SkipReason.UNREADABLE, why)
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            return Skip(SkipReason.UNREADABLE, "not a file")
        if state.st_size > cap:
            return too_large(state.st_size, cap)
        content = os.read(descriptor, state.st_size + 1)
        if len(content) != state.st_size:
            content += _rest(descriptor, cap + 1 - len(content))
        # Whoever appends while we read gets no more than the cap either.
        return content if len(content) <= cap else too_large(len(content), cap)
    except OSError as error:
        return Skip(SkipReason.UNREADABLE, f"cannot be read: {error.strerror}")
    finally:
        os.close(descriptor)


def too_large(size: int, cap: int) -> Skip:
    """Why a message above the cap is not read."""
    return Skip(SkipReason.TOO_LARGE, f"{size:,} bytes, more than the {cap:,} that are read of one message")


def _rest(descriptor: int, limit: int) -> bytes:
    pieces = []
    while limit > 0 and (piece := os.read(descriptor, min(limit, 1 << 20))):
        pieces.append(piece)
        limit -= len(piece)
    return b"".join(pieces)
