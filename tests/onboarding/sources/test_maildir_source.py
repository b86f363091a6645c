"""`maildir:`: the layouts people have, and cursors that survive what mail programs do meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_mail import assert_resumes_anywhere, put, read, read_all, skips

from detection.mail.message import Folder, SkipReason
from onboarding.sources.base import CursorLostError, SourceError
from onboarding.sources.maildir import Maildirs, delivery_time, flags, unique_name


def names(root: Path) -> list[str]:
    return [box.name for box in Maildirs(str(root)).mailboxes()]


def test_a_maildir_is_a_mailbox_and_its_folders_are_part_of_it(tmp_path: Path) -> None:
    root = tmp_path / "jane"
    put(root, "new/1700000003.M1.host", b"new")
    put(root, "cur/1700000001.M1.host:2,S", b"read")
    put(root, "cur/1700000002.M1.host:2,ST", b"trashed")
    put(root, "tmp/1700000009.M1.host", b"half written")
    put(root, ".Gesendete Elemente/cur/1700000000.M2.host:2,S", b"sent")
    put(root, ".Gel&APY-scht/cur/1700000004.M2.host:2,S", b"deleted")
    put(root, ".INBOX.Spam.2023/new/1700000005.M2.host", b"junk")
    put(root, ".Archive.2023/cur/1700000006.M2.host:2,", b"kept")
    put(root, "dovecot-uidlist", b"3 V1")
    source = Maildirs(str(root))
    assert [(box.name, box.estimate) for box in source.mailboxes()] == [("jane", 7)]
    assert [(m.content, m.folder, m.time_hint) for m in read_all(source)] == [
        (b"sent", Folder.SENT, 1_700_000_000),
        (b"read", Folder.INBOX, 1_700_000_001),
        (b"trashed", Folder.TRASH, 1_700_000_002),
        (b"new", Folder.INBOX, 1_700_000_003),
        (b"deleted", Folder.TRASH, 1_700_000_004),
        (b"junk", Folder.JUNK, 1_700_000_005),
        (b"kept", Folder.OTHER, 1_700_000_006),
    ]
    assert read_all(source)[0].path == ".Gesendete Elemente/1700000000.M2.host"
    assert all(requirement.granted for requirement in source.check())


def test_a_folder_of_maildirs_is_a_mailbox_each(tmp_path: Path) -> None:
    put(tmp_path, "bob/cur/1.host", b"b")
    put(tmp_path, "acme.example/jane/new/1.host", b"j")
    put(tmp_path, "zoe/Maildir/cur/1.host", b"z")
    put(tmp_path, "zoe/notes.txt", b"x")
    put(tmp_path, "sync/INBOX/cur/1.host", b"in")
    put(tmp_path, "sync/Sent/cur/2.host", b"out")
    put(tmp_path, "nothing/here", b"x")
    source = Maildirs(str(tmp_path))
    assert names(tmp_path) == ["acme.example/jane", "bob", "sync", "zoe"]
    assert {m.path: m.folder for m in read_all(source)} == {
        "acme.example/jane/1.host": Folder.INBOX,
        "bob/1.host": Folder.INBOX,
        "sync/INBOX/1.host": Folder.INBOX,
        "sync/Sent/2.host": Folder.SENT,
        "zoe/Maildir/1.host": Folder.INBOX,
    }
    assert_resumes_anywhere(Maildirs(str(tmp_path), page_messages=1))


def test_a_maildir_called_maildir_is_named_for_its_owner(tmp_path: Path) -> None:
    put(tmp_path, "jane/Maildir/cur/1.host", b"x")
    assert names(tmp_path / "jane" / "Maildir") == ["jane"]
    assert [m.content for m in read_all(Maildirs(str(tmp_path / "jane" / "Maildir")))] == [b"x"]


def test_names_that_shorten_alike_stay_apart(tmp_path: Path) -> None:
    put(tmp_path, "jane/Maildir/cur/1.host", b"x")
    put(tmp_path, "jane/maildir/cur/1.host", b"y")
    assert names(tmp_path) == ["jane", "jane/maildir"]
    assert [m.content for m in read_all(Maildirs(str(tmp_path)))] == [b"x", b"y"]


def test_a_cursor_survives_changed_flags_and_mail_moved_from_new_to_cur(tmp_path: Path) -> None:
    for n in range(6):
        put(tmp_path, f"new/170000000{n}.M{n}.host", str(n).encode())
    source = Maildirs(str(tmp_path), page_messages=3)
    first, rest = source.pages(tmp_path.name, None)
    (tmp_path / "cur").mkdir()
    for path in sorted((tmp_path / "new").iterdir()):
        path.rename(tmp_path / "cur" / f"{path.name}:2,FS")
    assert read(source, tmp_path.name, first.cursor) == list(rest.messages)


def test_mail_delivered_later_is_read_on_from_the_cursor(tmp_path: Path) -> None:
    put(tmp_path, "cur/1700000001.M1.host:2,S", b"1")
    source = Maildirs(str(tmp_path))
    (page,) = source.pages(tmp_path.name, None)
    put(tmp_path, ".Sent/cur/1700000002.M1.host:2,S", b"2")
    assert [m.content for m in read(source, tmp_path.name, page.cursor)] == [b"2"]


def test_a_message_renamed_while_the_mailbox_is_read_is_found_again(tmp_path: Path) -> None:
    for n in range(3):
        put(tmp_path, f"new/170000000{n}.M{n}.host", str(n).encode())
    (tmp_path / "cur").mkdir()
    pages = Maildirs(str(tmp_path), page_messages=1).pages(tmp_path.name, None)
    read_before = [next(pages)]
    (tmp_path / "new" / "1700000001.M1.host").rename(tmp_path / "cur" / "1700000001.M1.host:2,S")
    (tmp_path / "new" / "1700000002.M2.host").unlink()
    messages = [m for page in [*read_before, *pages] for m in page.messages]
    assert [m.content for m in messages[:2]] == [b"0", b"1"]
    assert skips(messages) == {"1700000002.M2.host": SkipReason.GONE}


def test_messages_that_share_a_unique_name_are_both_listed(tmp_path: Path) -> None:
    for name in ("cur/1.host:2,S", "cur/1.host:2,F", "new/1.host", ".Sent/cur/1.host", "cur/:2,S", "cur/1"):
        put(tmp_path, name, name.encode())
    source = Maildirs(str(tmp_path), page_messages=1)
    assert {m.content for m in read_all(source)} == {
        name.encode()
        for name in ("cur/1.host:2,S", "cur/1.host:2,F", "new/1.host", ".Sent/cur/1.host", "cur/:2,S", "cur/1")
    }
    assert_resumes_anywhere(source)


@settings(max_examples=25, deadline=None)
@given(
    files=st.sets(
        st.tuples(
            st.sampled_from(["", ".Sent/", ".a.b/", "sub/deep/", ".Spam%\n/"]),
            st.sampled_from(["cur/", "new/"]),
            st.text(alphabet="17.:2,SM;! %é\n", min_size=1, max_size=8),
        ),
        max_size=12,
    ),
    size=st.integers(1, 4),
)
def test_reading_resumes_anywhere_in_any_maildir(
    files: set[tuple[str, str, str]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("maildir")
    (root / "cur").mkdir()
    for folder, part, name in sorted(files):
        if not name.startswith("."):
            put(root, folder + part + name, name.encode())
    source = Maildirs(str(root), page_messages=size)
    assert_resumes_anywhere(source)
    assert not skips(read_all(source))


@pytest.mark.parametrize("cursor", ["", "1", "x/0/a/", "1/0//", "1/0/a"])
def test_a_cursor_of_something_else_is_refused(tmp_path: Path, cursor: str) -> None:
    put(tmp_path, "cur/1.host", b"x")
    with pytest.raises(CursorLostError, match="from the start"):
        read(Maildirs(str(tmp_path)), tmp_path.name, cursor)


def test_delivery_times_and_flags_are_read_with_care() -> None:
    assert delivery_time(b"1700000000.M1.host") == 1_700_000_000
    assert [delivery_time(name) for name in (b"1.eml", b"99999999999.x", b"x.1", b"", b"9999999999.x")] == [None] * 5
    assert unique_name(b"1.host;2,S") == unique_name(b"1.host!2,") == b"1.host"
    assert unique_name(b":2,S") == b":2,S"
    assert flags(b"1.host,S=2,W=3:2,RT") == b"RT"


def test_links_and_pipes_do_not_lead_out_or_hang(tmp_path: Path) -> None:
    root = tmp_path / "mail"
    put(root, "jane/cur/1.host", b"x")
    put(tmp_path, "other/cur/1.host", b"outside")
    (root / "linked").symlink_to(tmp_path / "other")
    (root / "jane" / ".Loop").symlink_to(root / "jane")
    (root / "jane" / "cur" / "2.host").symlink_to(tmp_path / "other" / "cur" / "1.host")
    os.mkfifo(root / "jane" / "cur" / "3.host")
    assert names(root) == ["jane"]
    with pytest.raises(SourceError, match="mailbox linked is not in"):
        read(Maildirs(str(root)), "linked")
    messages = read_all(Maildirs(str(root)))
    assert [m.content for m in messages if isinstance(m.content, bytes)] == [b"x"]
    assert set(skips(messages)) == {"jane/2.host", "jane/3.host"}


def test_a_huge_message_is_skipped(tmp_path: Path) -> None:
    path = put(tmp_path, "cur/1.host", b"x")
    os.truncate(path, 60_000_000_000)  # sparse
    assert skips(read_all(Maildirs(str(tmp_path)))) == {"1.host": SkipReason.TOO_LARGE}


def test_a_mailbox_that_locks_or_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "jane/.Sent/cur/1.host", b"x")
    put(tmp_path, "jane/cur/1.host", b"x")
    source = Maildirs(str(tmp_path))
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/.Sent/cur"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("onboarding.sources.maildirs.os.scandir", refuse)
    with pytest.raises(SourceError, match=r"jane/\.Sent/cur may not be read"):
        read(source, "jane")
    assert source.mailboxes()[0].estimate is None
    monkeypatch.undo()
    (tmp_path / "jane").rename(tmp_path / ".gone")
    with pytest.raises(SourceError, match="mailbox jane is not in"):
        read(source, "jane")
