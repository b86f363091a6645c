"""Folder names mean the same in every mail program and language."""

from __future__ import annotations

import pytest

from detection.mail.message import Folder
from onboarding.sources.folders import decode_imap_name, folder_of


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (["inbox"], Folder.INBOX),
        (["INBOX"], Folder.INBOX),
        (["notes_inbox"], Folder.INBOX),
        (["Posteingang"], Folder.INBOX),
        (["_sent_mail"], Folder.SENT),
        (["sent_items"], Folder.SENT),
        (["[Gmail]", "Sent Mail"], Folder.SENT),
        (["Gesendete Elemente"], Folder.SENT),
        (["Éléments envoyés"], Folder.SENT),
        (["Отправленные"], Folder.SENT),
        (["送信済みアイテム"], Folder.SENT),
        (["Wysłane"], Folder.SENT),
        (["Junk E-mail"], Folder.JUNK),
        (["bulk mail"], Folder.JUNK),
        (["Spam"], Folder.JUNK),
        (["垃圾邮件"], Folder.JUNK),
        (["Søppelpost"], Folder.JUNK),
        (["Ανεπιθύμητη αλληλογραφία"], Folder.JUNK),
        (["deleted_items"], Folder.TRASH),
        (["Gelöschte Elemente"], Folder.TRASH),
        (["Papierkorb"], Folder.TRASH),
        (["Удалённые"], Folder.TRASH),
        (["ゴミ箱"], Folder.TRASH),
        (["deleted_items", "_sent_mail"], Folder.TRASH),
        (["sent", "2001"], Folder.SENT),
        (["INBOX", "Projects"], Folder.OTHER),
        (["Archive"], Folder.OTHER),
        (["presentations"], Folder.OTHER),
        (["Sentinel project"], Folder.OTHER),
        ([], Folder.UNKNOWN),
    ],
)
def test_kind_of_folder(path: list[str], kind: Folder) -> None:
    assert folder_of(path) is kind


def test_decomposed_accents_mean_the_same() -> None:
    assert folder_of(["Ele\u0301ments supprime\u0301s"]) is Folder.TRASH


@pytest.mark.parametrize("name", ["&", "&-", "&!!-", "&AAA-", "a&b", "&2D4-", "Grüße &x-"])
def test_broken_imap_names_do_not_raise(name: str) -> None:
    assert isinstance(decode_imap_name(name), str)
