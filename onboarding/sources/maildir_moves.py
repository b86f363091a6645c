"""Moving a message between the folders of a maildir: one rename, so it is in one place or the other, never in both."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from detection.mail.message import Folder
from onboarding.sources.base import SourceError
from onboarding.sources.maildirs import Maildir, MailFolder, mail_folders, message_names
from onboarding.sources.uri import name_of, text_of

NEW_FOLDERS = {Folder.JUNK: b".Junk", Folder.TRASH: b".Trash", Folder.SENT: b".Sent"}
"""Made, in the way of Maildir++, where a mailbox has no folder of the kind."""


def move_message(root: str, box: Maildir, path: str, to: Folder, unique_name: Callable[[bytes], bytes]) -> str:
    """Moves the message listed under `path` to the folder of a kind (inbox for kinds that are none); gives its path then.

    Raises SourceError when the message is gone or the file system refuses.
    """
    wanted = name_of(path).rpartition(b"/")[2]
    unique = unique_name(wanted)
    folders = mail_folders(root, box)
    found = [
        (folder, part, name) for folder in folders for part, name in _named(root, box, folder, unique, unique_name)
    ]
    # Where it was listed goes first: a copy of the same name elsewhere is another message.
    said = name_of(path).rpartition(b"/")[0].removesuffix(b"/cur").removesuffix(b"/new")
    found.sort(key=lambda each: _joined(box.path, each[0].path) != said)
    if not found:
        raise SourceError(f"mailbox {box.name}: the message {path} is not there any more")
    folder, part, name = found[0]
    target = _target(root, box, folders, to)
    if target == folder.path:
        return text_of(_joined(box.path, folder.path, unique))
    goal = os.path.join(os.fsencode(root), _joined(box.path, target), b"cur")
    try:
        os.makedirs(goal, mode=0o700, exist_ok=True)
        for sub in (b"new", b"tmp"):
            os.makedirs(os.path.join(os.path.dirname(goal), sub), mode=0o700, exist_ok=True)
        start = os.path.join(os.fsencode(root), _joined(box.path, folder.path, part, name))
        os.rename(start, os.path.join(goal, name if b":2," in name else name + b":2,"))
    except OSError as error:
        raise SourceError(f"mailbox {box.name}: the message {path} cannot be moved: {error.strerror}") from error
    return text_of(_joined(box.path, target, unique))


def _named(
    root: str, box: Maildir, folder: MailFolder, unique: bytes, unique_name: Callable[[bytes], bytes]
) -> Iterator[tuple[bytes, bytes]]:
    return ((part, name) for part, name in message_names(root, box, folder) if unique_name(name) == unique)


def _target(root: str, box: Maildir, folders: list[MailFolder], to: Folder) -> bytes:
    known = next((folder.path for folder in folders if folder.kind == to), None)
    if known is not None:
        return known
    if to in NEW_FOLDERS:
        return NEW_FOLDERS[to]
    return next((folder.path for folder in folders if folder.kind == Folder.INBOX), b"")


def _joined(*steps: bytes) -> bytes:
    return b"/".join(step for step in steps if step)
