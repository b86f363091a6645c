"""The folders of a JMAP account and what kind each is: by role (RFC 8621 section 2), else by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from detection.mail.message import Folder
from onboarding.sources.folders import folder_of, said_of
from onboarding.sources.jmap.calls import Calls

_ROLES: Mapping[str, Folder | None] = {
    "inbox": Folder.INBOX,
    "sent": Folder.SENT,
    "junk": Folder.JUNK,
    "trash": Folder.TRASH,
    # Nothing in these was sent or has arrived.
    "drafts": None,
    "templates": None,
    "scheduled": None,
    "snoozed": Folder.OTHER,
    "memos": None,
}
"""The IANA registry "IMAP Mailbox Name Attributes", in lower case; None: its messages are not mail."""

# A message may be in several folders; which of them says what it is.
_WEIGHT = (Folder.JUNK, Folder.TRASH, Folder.SENT, Folder.INBOX, Folder.OTHER, Folder.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Folders:
    """Kinds by folder id; `tops` are the ids of the folders of a kind themselves, rather than below one."""

    kinds: Mapping[str, Folder | None]
    tops: Mapping[Folder, str]
    may_file: frozenset[str]
    """Ids of those that messages may be put into (RFC 8621: mayAddItems)."""

    def kind(self, ids: Iterable[str], keywords: Iterable[str] = ()) -> Folder:
        """What a message in these folders is, with these keywords on it."""
        found = {self.kinds.get(one) or Folder.UNKNOWN for one in ids}
        return said_of(next((kind for kind in _WEIGHT if kind in found), Folder.UNKNOWN), keywords)

    def holds_mail(self, ids: Iterable[str]) -> bool:
        """Whether a message in these folders was sent or has arrived."""
        return any(self.kinds.get(one, Folder.UNKNOWN) is not None for one in ids)


def folders_of(calls: Calls) -> Folders:
    """The folders of an account. Raises ProviderError when they cannot be listed."""
    properties = ["id", "name", "parentId", "role", "myRights"]
    answer = calls.one("the folders", "Mailbox/get", {"ids": None, "properties": properties})
    listed: dict[str, Any] = {str(one["id"]): one for one in answer.get("list") or ()}
    kinds: dict[str, Folder | None] = {}
    tops: dict[Folder, str] = {}
    for folder_id in sorted(listed):
        way: list[Any] = []
        here: str | None = folder_id
        while here in listed and listed[here] not in way:
            way.append(listed[here])
            here = listed[here].get("parentId")
        kinds[folder_id] = kind = _kind(way)
        role = _ROLES.get(str(way[0].get("role") or "").lower())
        if role is not None:
            tops[role] = folder_id
        elif kind is not None and kind not in tops and len(way) == 1:
            tops[kind] = folder_id
    may = {id_ for id_, one in listed.items() if (one.get("myRights") or {}).get("mayAddItems", True)}
    return Folders(kinds, tops, frozenset(may))


def _kind(way: list[Any]) -> Folder | None:
    """Of a folder, by the way from it up to the top."""
    for at, folder in enumerate(way):
        role = str(folder.get("role") or "").lower()
        if role in _ROLES:
            kind = _ROLES[role]
            return Folder.OTHER if kind is Folder.INBOX and at else kind
    return folder_of([str(folder.get("name") or "") for folder in reversed(way)])
