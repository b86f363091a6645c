"""The folders of a mailbox and what kind each is; what lies below junk is junk."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from detection.mail.message import Folder
from onboarding.sources.folders import folder_of
from onboarding.sources.graph.batch import Batches, Item
from onboarding.sources.graph.listing import Lister

WELL_KNOWN: dict[str, Folder | None] = {
    "inbox": Folder.INBOX,
    "sentitems": Folder.SENT,
    "junkemail": Folder.JUNK,
    "deleteditems": Folder.TRASH,
    "recoverableitemsdeletions": Folder.TRASH,
    # Nothing in these was sent or has arrived.
    "drafts": None,
    "outbox": None,
    "syncissues": None,
    "conversationhistory": None,
}
"""Names that mean the same in every language of a mailbox; None: its messages are not mail."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Kind by folder id; a folder that is not here appeared meanwhile."""

    kinds: dict[str, Folder | None]

    def kind(self, folder_id: str) -> Folder:
        """What kind a folder is, UNKNOWN when it is not known."""
        return self.kinds.get(folder_id, Folder.UNKNOWN) or Folder.UNKNOWN

    def holds_mail(self, folder_id: str) -> bool:
        """Whether what lies there was sent or has arrived."""
        return self.kinds.get(folder_id, Folder.UNKNOWN) is not None

    def with_mail(self) -> list[str]:
        """Ids of the folders that hold mail, in a stable order."""
        return sorted(folder for folder, kind in self.kinds.items() if kind is not None)


def folders_of(lister: Lister, batches: Batches) -> Folders:
    """The folders of a mailbox. Raises ProviderError when they cannot be listed."""
    asked = [Item(name, f"{lister.root}/mailFolders/{name}?$select=id") for name in WELL_KNOWN]
    answers = batches.get(asked, "the folders")
    known = {
        str(answer.document["id"]): WELL_KNOWN[name]
        for name, answer in answers.items()
        if answer.good and isinstance(answer.document, dict) and "id" in answer.document
    }
    request = lister.request(
        f"{lister.root}/mailFolders/delta", "the folders", {"$select": "displayName,parentFolderId", "$top": "200"}
    )
    listed = {
        str(folder["id"]): folder
        for page in lister.client.pages(request, "@odata.nextLink")
        for folder in page
        if "@removed" not in folder
    }
    kinds: dict[str, Folder | None] = dict(known)
    for folder_id in listed:
        way: list[str] = []
        here = folder_id
        while here in listed and here not in way:
            way.append(here)
            here = str(listed[here].get("parentFolderId") or "")
        kinds[folder_id] = _kind(way, known, [str(listed[one].get("displayName") or "") for one in reversed(way)])
    return Folders(kinds)


def _kind(way: list[str], known: dict[str, Folder | None], names: list[str]) -> Folder | None:
    """Of a folder, by the way from it up to the root."""
    for folder_id in way:
        if folder_id in known:
            kind = known[folder_id]
            return Folder.OTHER if kind is Folder.INBOX and folder_id != way[0] else kind
    return folder_of(names)


def path_of(mailbox: str, message_id: str) -> str:
    """How a message of a mailbox is named; `id_of` gives its id back. Its id is immutable: moving it keeps the name."""
    return f"{mailbox}/{message_id}"


def id_of(path: str) -> str:
    """The id in a path, as it stands in an address."""
    return quote(path.rpartition("/")[2], safe="")
