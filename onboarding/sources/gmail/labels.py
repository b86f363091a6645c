"""Labels as folders: a Gmail message has any number of labels, a message of ours lies in one folder."""

from __future__ import annotations

from collections.abc import Collection

from detection.mail.message import Folder

NOT_MAIL = frozenset({"DRAFT", "CHAT"})
"""What has one of these was neither sent nor has it arrived."""

# In this order: what lies in trash or spam is that first, whatever else it was; a mail to oneself is sent and in the inbox.
_KINDS = (("TRASH", Folder.TRASH), ("SPAM", Folder.JUNK), ("SENT", Folder.SENT), ("INBOX", Folder.INBOX))
_PLACES = frozenset({"INBOX", "SPAM", "TRASH"})
_WHERE = {Folder.INBOX: "INBOX", Folder.JUNK: "SPAM", Folder.TRASH: "TRASH"}


def folder_of(labels: Collection[str]) -> Folder:
    """The folder that labels mean; OTHER for what is archived.

    >>> folder_of(["SENT", "INBOX"]).name, folder_of(["Label_7"]).name
    ('SENT', 'OTHER')
    """
    return next((folder for label, folder in _KINDS if label in labels), Folder.OTHER)


def change(labels: Collection[str], folder: Folder) -> tuple[list[str], list[str]]:
    """Labels to add and to remove so that a message lies in a folder; both empty when it does. Other labels stay, so that
    moving it back restores what it was.

    >>> change(["INBOX", "Label_7"], Folder.JUNK)
    (['SPAM'], ['INBOX'])
    """
    wanted = {_WHERE[folder]} if folder in _WHERE else set()
    here = _PLACES & set(labels)
    return sorted(wanted - here), sorted(here - wanted)
