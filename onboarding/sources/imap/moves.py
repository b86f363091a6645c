"""Moving a message to another folder of its mailbox: MOVE (RFC 6851), or copy and expunge of that one message (UIDPLUS)."""

from __future__ import annotations

import re

from imapclient import IMAPClient

from detection.mail.message import Folder
from onboarding.sources.base import SourceError
from onboarding.sources.imap.connection import Connection, Opened
from onboarding.sources.imap.content import Entry, named
from onboarding.sources.imap.folders import ImapFolder, Namespace, folders_of

_NEW_NAMES = {Folder.JUNK: "Junk", Folder.TRASH: "Trash", Folder.SENT: "Sent"}
"""Made where a mailbox has no folder of the kind."""

_COPIED = re.compile(rb"COPYUID (\d+) (\d+) (\d+)")


def move_message(connection: Connection, mailbox: str, below: Namespace | None, path: str, to: Folder) -> str:
    """Moves the message listed under `path` to the folder of a kind (inbox for kinds that are none); gives its path then.

    Raises SourceError when the message is gone, was numbered anew, or the server refuses.
    """
    name, validity, uid = named(path)
    folders = folders_of(connection, below)
    # A folder that was renamed keeps its UIDVALIDITY, so a name alone does not decide.
    candidates = [one for one in folders if one.name == name] or folders
    source = next((one for one in candidates if _holds(connection, one, validity, uid)), None)
    if source is None:
        raise SourceError(f"mailbox {mailbox}: the message {path} is not there any more")
    target = _target(folders, to) or _made(connection, below, to)
    if target.name == source.name:
        return path
    told: list[bytes] = []

    def ask(client: IMAPClient, opened: Opened) -> None:
        said = _moved(client, uid, target.name)
        told.append(said)

    connection.inside(source.name, "the move of a message", ask, readonly=False)
    found = _COPIED.search(told[-1])
    if found:
        return Entry(target, int(found[1]), int(found[3]), None, 0).path(mailbox)
    return _last_of(connection, mailbox, target)


def _moved(client: IMAPClient, uid: int, target: str) -> bytes:
    """What the server said, COPYUID in it where it is given (RFC 4315)."""
    client._imap.untagged_responses.pop("COPYUID", None)
    if client.has_capability("MOVE"):
        said = client.move([uid], target)
    elif client.has_capability("UIDPLUS"):
        said = client.copy([uid], target)
        client.delete_messages([uid], silent=True)
        client.uid_expunge([uid])
    else:
        raise SourceError(
            "the server offers neither MOVE nor UIDPLUS: expunging would take other people's deleted messages along"
        )
    # MOVE says it in an untagged answer, which the library leaves with the response codes.
    codes = [b"COPYUID " + code for code in client._imap.untagged_responses.get("COPYUID", ()) if code]
    return b" ".join([said if isinstance(said, bytes) else b"", *codes])


def _holds(connection: Connection, folder: ImapFolder, validity: int, uid: int) -> bool:
    def ask(client: IMAPClient, opened: Opened) -> bool:
        return opened.uid_validity == validity and uid in client.search(["UID", str(uid)])

    connection.reopen()
    return connection.inside(folder.name, "a message", ask, readonly=False)


def _target(folders: list[ImapFolder], to: Folder) -> ImapFolder | None:
    """The folder of a kind: by special use, else the one highest up."""
    wanted = to if to in _NEW_NAMES else Folder.INBOX
    found = [one for one in folders if one.kind is wanted]
    return min(found, key=lambda one: (not one.by_use, len(one.way), one.name), default=None)


def _made(connection: Connection, below: Namespace | None, to: Folder) -> ImapFolder:
    name = _NEW_NAMES.get(to, "INBOX")

    def ask(client: IMAPClient) -> str:
        if below is not None:
            whole = f"{below.prefix}{below.separator}{name}"
        else:
            prefix = ""
            if client.has_capability("NAMESPACE"):
                personal = client.namespace().personal or ()
                prefix = next((p.decode() if isinstance(p, bytes) else p for p, _ in personal), "")
            whole = prefix + name
        client.create_folder(whole)
        client.subscribe_folder(whole)
        return whole

    return ImapFolder(connection.run("a new folder", ask), (name,), to)


def _last_of(connection: Connection, mailbox: str, target: ImapFolder) -> str:
    """Where the server does not say which number a message got: the highest of the folder it was put into."""

    def ask(client: IMAPClient, opened: Opened) -> Entry:
        uids = client.search(["UID", f"{max(1, opened.uid_next - 1)}:*"])
        return Entry(target, opened.uid_validity, max(uids or [opened.uid_next]), None, 0)

    connection.reopen()
    return connection.inside(target.name, "a moved message", ask).path(mailbox)
