"""Mail on disk for the tests of local sources, and reading it all."""

from __future__ import annotations

from pathlib import Path

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import Listed, Source


def letter(subject: str, body: str = "Hello.\n") -> bytes:
    """A small message."""
    head = f"From: Ann <ann@acme.example>\nTo: bob@acme.example\nSubject: {subject}\n"
    return f"{head}Date: Mon, 02 Jan 2023 10:00:00 +0000\n\n{body}".encode()


def place(root: Path, **files: bytes) -> Path:
    """Files below `root`, by path (`__` stands for a slash)."""
    for name, content in files.items():
        put(root, name.replace("__", "/"), content)
    return root


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def read(source: Source, mailbox: str, cursor: str | None = None) -> list[Listed]:
    """All messages of a mailbox behind a cursor."""
    return [message for page in source.pages(mailbox, cursor) for message in page.messages]


def read_all(source: Source) -> list[Listed]:
    """All messages of all mailboxes."""
    return [message for box in source.mailboxes() for message in read(source, box.name)]


def skips(messages: list[Listed]) -> dict[str, SkipReason]:
    """Why messages were skipped, by path."""
    return {message.path: message.content.reason for message in messages if isinstance(message.content, Skip)}


def assert_resumes_anywhere(source: Source) -> None:
    """Reading on from the cursor of each page gives the rest, each once; cursors are printable; paths are unique."""
    everything: list[str] = []
    for box in source.mailboxes():
        pages = list(source.pages(box.name, None))
        whole = [message for page in pages for message in page.messages]
        if box.estimate is not None:
            assert box.estimate == len(whole)
        seen = 0
        for page in pages:
            seen += len(page.messages)
            assert page.messages
            assert page.cursor.isprintable()
            assert read(source, box.name, page.cursor) == whole[seen:]
        assert list(source.pages(box.name, None)) == pages
        everything += [message.path for message in whole]
    assert len(set(everything)) == len(everything)
    assert all(path.isprintable() for path in everything)
