"""Moving a message to another folder of its account: `Email/set`, which keeps its id (RFC 8621 section 4.6)."""

from __future__ import annotations

from collections.abc import Mapping

from detection.mail.message import Folder
from onboarding.sources.base import SourceError
from onboarding.sources.jmap.calls import Calls
from onboarding.sources.jmap.folders import Folders

_NEW_FOLDERS: Mapping[Folder, tuple[str, str]] = {Folder.JUNK: ("Junk", "junk"), Folder.TRASH: ("Trash", "trash")}
"""Name and role of a folder that is made where an account has none of the kind."""


def move_message(calls: Calls, folders: Folders, path: str, to: Folder) -> str:
    """Moves the message listed under `path` to the folder of a kind; its path stays. Raises SourceError when it is gone or
    the server refuses."""
    message_id = path.rpartition("/")[2]
    answer = calls.one("a message", "Email/get", {"ids": [message_id], "properties": ["mailboxIds"]})
    listed = answer.get("list") or ()
    if not listed:
        raise SourceError(f"mailbox {calls.mailbox}: the message {path} is not there any more")
    target = folders.tops.get(to) or _made(calls, to)
    if set(listed[0].get("mailboxIds") or {}) == {target}:
        return path
    update = {message_id: {"mailboxIds": {target: True}}}
    answer = calls.one("the move of a message", "Email/set", {"update": update})
    if wrong := (answer.get("notUpdated") or {}).get(message_id):
        why = ": ".join(filter(None, (str(wrong.get("type") or ""), str(wrong.get("description") or ""))))
        raise SourceError(
            f"mailbox {calls.mailbox}: the server does not move {path} ({why}); `gatehouse source check` says what is granted"
        )
    return path


def _made(calls: Calls, to: Folder) -> str:
    if to not in _NEW_FOLDERS:
        raise SourceError(f"mailbox {calls.mailbox}: it has no folder of the kind {to.name}")
    name, role = _NEW_FOLDERS[to]
    answer = calls.one("a new folder", "Mailbox/set", {"create": {"new": {"name": name, "role": role}}})
    made = (answer.get("created") or {}).get("new")
    if not made:
        raise SourceError(f"mailbox {calls.mailbox}: it has no folder of the kind {to.name}, and the server makes none")
    return str(made["id"])
