"""`eml:`: a tree of message files, whatever they are called and whatever else lies in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_mail import assert_resumes_anywhere, letter, place, put, read, read_all, skips

from detection.mail.message import Folder, SkipReason
from onboarding.sources.base import CursorLostError, SourceError
from onboarding.sources.eml import EmlTree
from onboarding.sources.paging import PAGE_BYTES


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return tmp_path / "acme"


def test_the_first_level_is_the_mailbox_and_any_file_is_a_message(tree: Path) -> None:
    place(tree, jane__inbox__1=b"a", jane__sent_items__12=b"bb", jane__7=b"c", **{"bob__deleted_items__x.y.": b"d"})
    source = EmlTree(str(tree))
    assert [(box.name, box.estimate) for box in source.mailboxes()] == [("bob", 1), ("jane", 3)]
    assert [(m.path, m.content, m.folder) for m in read_all(source)] == [
        ("bob/deleted_items/x.y.", b"d", Folder.TRASH),
        ("jane/7", b"c", Folder.UNKNOWN),
        ("jane/inbox/1", b"a", Folder.INBOX),
        ("jane/sent_items/12", b"bb", Folder.SENT),
    ]
    assert all(requirement.granted for requirement in source.check())


def test_files_directly_in_the_tree_belong_to_a_mailbox_of_its_name(tree: Path) -> None:
    place(tree, a=b"1", b=b"2", jane__c=b"3")
    assert [box.name for box in EmlTree(str(tree)).mailboxes()] == ["acme", "jane"]
    assert [m.path for m in read(EmlTree(str(tree)), "acme")] == ["a", "b"]


def test_a_folder_of_the_trees_own_name_and_loose_files_are_one_mailbox(tree: Path) -> None:
    place(tree, acme__1=b"1", zoe=b"2", aaa=b"3", bob__1=b"4")
    assert [(box.name, box.estimate) for box in EmlTree(str(tree)).mailboxes()] == [("acme", 3), ("bob", 1)]
    assert [m.path for m in read(EmlTree(str(tree)), "acme")] == ["aaa", "acme/1", "zoe"]
    assert_resumes_anywhere(EmlTree(str(tree), page_messages=1))


def test_hidden_files_and_folders_are_not_listed(tree: Path) -> None:
    place(tree, **{".DS_Store": b"x", "jane/.index": b"x", "jane/.git/a": b"x", ".cache/a": b"x", "jane/1": b"m"})
    assert [m.path for m in read_all(EmlTree(str(tree)))] == ["jane/1"]


def test_order_is_that_of_the_paths_bytes_also_where_folders_and_files_mix(tree: Path) -> None:
    place(tree, **{"j/a/1": b"", "j/a-b": b"", "j/a.b": b"", "j/a0": b"", "j/a!/2": b"", "j/B": b"", "j/é": b""})
    paths = [m.path for m in read(EmlTree(str(tree)), "j")]
    assert paths == sorted(paths, key=str.encode)
    assert len(paths) == 7
    assert_resumes_anywhere(EmlTree(str(tree), page_messages=1))


@settings(max_examples=25, deadline=None)
@given(
    names=st.sets(
        st.lists(st.text(alphabet="ab-.0/é%\n", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join),
        max_size=12,
    ),
    size=st.integers(1, 4),
)
def test_reading_resumes_anywhere_in_any_tree(
    names: set[str], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for name in sorted(names):
        try:
            put(root, os.path.join("box", name.strip("/")), name.encode())
        except OSError:
            continue  # one name is a file and another wants a folder there
    assert_resumes_anywhere(EmlTree(str(root), page_messages=size))


def test_messages_added_behind_a_cursor_are_read_and_no_others(tree: Path) -> None:
    place(tree, j__b=b"1", j__d=b"2")
    source = EmlTree(str(tree))
    (page,) = source.pages("j", None)
    place(tree, j__e=b"5")
    assert [m.path for m in read(source, "j", page.cursor)] == ["j/e"]


def test_a_message_added_or_removed_before_a_cursor_is_noticed(tree: Path) -> None:
    place(tree, j__b=b"1", j__d=b"2")
    source = EmlTree(str(tree))
    (page,) = source.pages("j", None)
    place(tree, j__c__x=b"4")
    with pytest.raises(CursorLostError, match="changed before the place"):
        read(source, "j", page.cursor)
    (tree / "j" / "c" / "x").unlink()
    assert read(source, "j", page.cursor) == []
    (tree / "j" / "d").unlink()
    with pytest.raises(CursorLostError, match="changed before the place"):
        read(source, "j", page.cursor)


def test_a_cursor_of_something_else_is_refused(tree: Path) -> None:
    place(tree, j__b=b"1")
    for cursor in ("", "a\nb", "%zz"):
        with pytest.raises(CursorLostError, match="from the start"):
            list(EmlTree(str(tree)).pages("j", cursor))


def test_names_of_any_bytes_are_readable_and_listed_as_text(tree: Path) -> None:
    (tree / "j").mkdir(parents=True)
    for name in (b"line\nbreak", b"\xff\xfe", "日本".encode(), b"100%", b"\xed\xa0\x80"):
        (Path(os.fsdecode(os.fsencode(tree) + b"/j/" + name))).write_bytes(name)
    os.mkdir(os.fsencode(tree) + b"/caf\xe9")
    Path(os.fsdecode(os.fsencode(tree) + b"/caf\xe9/1")).write_bytes(b"x")
    source = EmlTree(str(tree), page_messages=2)
    assert [box.name for box in source.mailboxes()] == ["caf%E9", "j"]
    assert {m.path for m in read_all(source)} == {
        "j/line%0Abreak",
        "j/%FF%FE",
        "j/日本",
        "j/100%25",
        "j/%ED%A0%80",
        "caf%E9/1",
    }
    assert not skips(read_all(source))
    assert_resumes_anywhere(source)


def test_a_huge_file_is_listed_as_too_large_and_not_read(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tree, j__a=b"m")
    with open(tree / "j" / "huge", "wb") as file:
        file.truncate(60_000_000_000)  # sparse: reading it would not fit into memory
    messages = read(EmlTree(str(tree)), "j")
    assert skips(messages) == {"j/huge": SkipReason.TOO_LARGE}
    assert "60,000,000,000 bytes" in messages[1].content.detail  # type: ignore[union-attr]


def test_the_cap_is_exact(tree: Path) -> None:
    place(tree, j__a=b"x" * 10, j__b=b"x" * 11)
    assert skips(read(EmlTree(str(tree), cap=10), "j")) == {"j/b": SkipReason.TOO_LARGE}


def test_what_cannot_be_read_is_listed_with_the_reason_and_nothing_hangs(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tree, j__locked=b"m", j__good=b"m", j__vanishing=b"m")
    os.mkfifo(tree / "j" / "pipe")
    real = os.open

    def refuse(path: bytes, *rest: int) -> int:
        if path.endswith(b"locked"):
            raise PermissionError(13, "Permission denied", path)
        if path.endswith(b"vanishing"):
            os.unlink(path)
        return real(path, *rest)

    monkeypatch.setattr("onboarding.sources.paging.os.open", refuse)
    messages = read(EmlTree(str(tree)), "j")
    unreadable = {f"j/{name}": SkipReason.UNREADABLE for name in ("locked", "pipe")}
    assert skips(messages) == unreadable | {"j/vanishing": SkipReason.GONE}
    details = {m.path: m.content.detail for m in messages if not isinstance(m.content, bytes)}
    assert "Permission denied" in details["j/locked"]
    assert "vanished" in details["j/vanishing"]


def test_links_are_not_followed_and_loops_end(tree: Path, tmp_path: Path) -> None:
    place(tree, j__a__1=b"m")
    put(tmp_path, "secret", b"outside")
    (tree / "j" / "loop").symlink_to(tree / "j")
    (tree / "j" / "self").symlink_to(tree / "j" / "self")
    (tree / "j" / "again").symlink_to(tree / "j" / "a" / "1")
    (tree / "j" / "out").symlink_to(tmp_path / "secret")
    (tree / "j" / "outfolder").symlink_to(tmp_path)
    (tree / "j" / "dangling").symlink_to(tmp_path / "nothing")
    messages = read(EmlTree(str(tree)), "j")
    assert [m.path for m in messages if isinstance(m.content, bytes)] == ["j/a/1"]
    assert set(skips(messages)) == {"j/dangling", "j/out", "j/outfolder", "j/self"}


def test_a_tree_given_by_a_link_is_read(tree: Path, tmp_path: Path) -> None:
    place(tree, j__1=b"m")
    (tmp_path / "current").symlink_to(tree)
    source = EmlTree(str(tmp_path / "current"))
    assert [m.content for m in read_all(source)] == [b"m"]


def test_a_mailbox_that_vanishes_or_locks_in_mid_way_is_named(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(tree, j__a__1=b"m", j__b__1=b"m")
    pages = EmlTree(str(tree), page_messages=1).pages("j", None)
    next(pages)
    (tree / "j" / "b" / "1").unlink()
    (tree / "j" / "b").rmdir()
    with pytest.raises(SourceError, match="j/b is not there"):
        list(pages)
    real = os.scandir

    def refuse(path: bytes) -> object:
        if path.endswith(b"/j/a"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr("onboarding.sources.local.os.scandir", refuse)
    with pytest.raises(SourceError, match="j/a may not be read: allow"):
        read(EmlTree(str(tree)), "j")
    assert EmlTree(str(tree)).mailboxes()[0].estimate is None
    assert not all(requirement.granted for requirement in EmlTree(str(tree)).check())


def test_pages_are_bounded_in_messages_and_bytes(tree: Path) -> None:
    for number in range(7):
        put(tree, f"j/{number}", b"x" * (PAGE_BYTES // 3))
    put(tree, "j/5", b"x" * (PAGE_BYTES + 1))
    sizes = [[len(m.content) for m in page.messages] for page in EmlTree(str(tree)).pages("j", None)]  # type: ignore[arg-type]
    assert all(sum(page) <= PAGE_BYTES or len(page) == 1 for page in sizes)
    assert [len(page) for page in sizes] == [3, 2, 1, 1]
    for number in range(2_001):
        put(tree, f"k/{number:04d}", b"x")
    assert [len(page.messages) for page in EmlTree(str(tree)).pages("k", None)] == [1_000, 1_000, 1]


def test_check_points_to_the_right_scheme(tmp_path: Path) -> None:
    separator = b"From - Sun Jan 01 09:27:24 2023\n"
    one, many, maildir = (tmp_path / name for name in ("one", "many", "maildir"))
    put(one, "1.eml", separator + letter("only one"))
    put(many, "2023.mbox", (separator + letter("x") + b"\n") * 2)
    put(maildir, "jane/cur/1.host:2,S", letter("x"))
    assert all(requirement.granted for requirement in EmlTree(str(one)).check())
    assert f"mbox:{many}" in EmlTree(str(many)).check()[-1].evidence
    assert f"maildir:{maildir}" in EmlTree(str(maildir)).check()[-1].evidence
