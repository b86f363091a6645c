"""Which folders are maildirs, which of them make one mailbox, and which files are messages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from detection.mail.message import Folder
from onboarding.sources.base import SourceError
from onboarding.sources.folders import decode_imap_name, folder_of
from onboarding.sources.uri import name_of, text_of

DEEPEST = 8
"""Levels of folders below the source's that are looked into."""

_PARTS = (b"cur", b"new")
_NOT_FOLDERS = (*_PARTS, b"tmp")


@dataclass(frozen=True, slots=True)
class MailFolder:
    """One folder of a mailbox: its path below the mailbox (empty for the maildir itself), and its kind."""

    path: bytes
    kind: Folder


@dataclass(frozen=True, slots=True)
class Maildir:
    """One mailbox: `path` is relative to the source's root (empty when that is the mailbox)."""

    name: str
    path: bytes


def find_maildirs(root: str) -> list[Maildir]:
    """Every mailbox at or below `root`, by name. Raises SourceError when a folder on the way cannot be read."""
    found: dict[str, Maildir] = {}
    for path in _mailbox_paths(root, b"", 0):
        name = _name(root, path)
        # Two mailboxes that shorten to one name: the second keeps its whole path.
        name = text_of(path) if name in found else name
        found[name] = Maildir(name, path)
    return [found[name] for name in sorted(found)]


def maildir_at(root: str, name: str) -> Maildir | None:
    """The mailbox of this name, found without looking at the others; None when there is none."""
    if name == _name(root, b"") and _is_mailbox(root, b""):
        return Maildir(name, b"")
    path = name_of(name)
    steps = path.split(b"/")
    if (
        b"\0" in path
        or text_of(path) != name
        or len(steps) > DEEPEST
        or any(step.startswith(b".") or not step for step in steps)
    ):
        return None
    if any(os.path.islink(_join(root, b"/".join(steps[: n + 1]))) for n in range(len(steps))):
        return None
    candidates = [path]
    if os.path.isdir(_join(root, path)):
        candidates += [path + b"/" + each for each in subfolders(root, path) if each.lower() == b"maildir"]
    return next((Maildir(name, each) for each in candidates if _is_mailbox(root, each)), None)


def mail_folders(root: str, box: Maildir) -> list[MailFolder]:
    """The folders of a mailbox, by path. Raises SourceError when it cannot be read."""
    return sorted(_folders(root, box.path, b"", 0), key=lambda folder: folder.path)


def message_names(root: str, box: Maildir, folder: MailFolder) -> list[tuple[bytes, bytes]]:
    """The message files of a folder, as (`cur` or `new`, name), sorted. Raises SourceError when it cannot be read."""
    names = []
    for part in _PARTS:
        path = _join(root, box.path, folder.path, part)
        try:
            with os.scandir(path) as listing:
                names += [
                    (part, each.name)
                    for each in listing
                    if not each.name.startswith(b".") and not each.is_dir(follow_symlinks=False)
                ]
        except FileNotFoundError:
            # One of the two may be missing where empty folders were not copied; a folder without both is gone.
            if not is_maildir(root, _below(box.path, folder.path)):
                raise SourceError(f"mailbox {box.name}: the folder {os.fsdecode(path)} vanished; run again") from None
        except OSError as error:
            raise SourceError(_unreadable(path, error)) from error
    return sorted(names)


def subfolders(root: str, path: bytes) -> list[bytes]:
    """Names of the real folders (no links) in a folder of the tree, sorted. Raises SourceError."""
    full = _join(root, path)
    try:
        with os.scandir(full) as listing:
            return sorted(each.name for each in listing if each.is_dir(follow_symlinks=False))
    except OSError as error:
        raise SourceError(_unreadable(full, error)) from error


def is_maildir(root: str, path: bytes) -> bool:
    """Whether a folder has `cur` or `new` in it."""
    return any(os.path.isdir(_join(root, path, part)) for part in _PARTS)


def _is_mailbox(root: str, path: bytes) -> bool:
    return is_maildir(root, path) or _inbox_in(root, path) is not None


def _inbox_in(root: str, path: bytes) -> bytes | None:
    """The sub-folder INBOX of what a synchronising program wrote, when it is a maildir."""
    if not os.path.isdir(_join(root, path)):
        return None
    inboxes = (name for name in subfolders(root, path) if name.lower() == b"inbox")
    return next((name for name in inboxes if is_maildir(root, _below(path, name))), None)


def _mailbox_paths(root: str, path: bytes, depth: int) -> Iterator[bytes]:
    if is_maildir(root, path):
        yield path
        return
    names = [name for name in subfolders(root, path) if not name.startswith(b".")]
    if any(name.lower() == b"inbox" and is_maildir(root, _below(path, name)) for name in names):
        yield path
    elif depth < DEEPEST:
        for name in names:
            yield from _mailbox_paths(root, _below(path, name), depth + 1)


def _folders(root: str, box: bytes, below: bytes, depth: int) -> Iterator[MailFolder]:
    path = _below(box, below)
    if is_maildir(root, path):
        yield MailFolder(below, _kind(below))
    if depth < DEEPEST:
        for name in subfolders(root, path):
            if name not in _NOT_FOLDERS:
                yield from _folders(root, box, _below(below, name), depth + 1)


def _kind(below: bytes) -> Folder:
    if not below:
        return Folder.INBOX
    steps = []
    for step in text_of(below).split("/"):
        # Maildir++ writes Archive/2023 as `.Archive.2023`.
        steps += [decode_imap_name(each) for each in (step.split(".") if step.startswith(".") else [step]) if each]
    return folder_of(steps)


def _name(root: str, path: bytes) -> str:
    """A mailbox's name: its path without a last step `Maildir`; the root is called by its own name or its parent's."""
    if path:
        before, _, last = path.rpartition(b"/")
        return text_of(before if before and last.lower() == b"maildir" else path)
    parent, own = os.path.split(root)
    return (os.path.basename(parent) if own.lower() == "maildir" else own) or own or "mail"


def _below(path: bytes, name: bytes) -> bytes:
    return path + b"/" + name if path and name else path or name


def _join(root: str, *steps: bytes) -> bytes:
    return os.path.join(os.fsencode(root), *(step for step in steps if step))


def _unreadable(path: bytes, error: OSError) -> str:
    name = text_of(path)
    if isinstance(error, FileNotFoundError):
        return f"the folder {name} is not there: check the path, and that what it lies on is mounted"
    if isinstance(error, NotADirectoryError):
        return f"{name} is a file, not a folder: give a maildir, or a folder of maildirs"
    if isinstance(error, PermissionError):
        return f"the folder {name} may not be read: allow this user to read and enter it"
    return f"the folder {name} cannot be read: {error.strerror or error}"
