"""`mbox:`: messages are cut where they begin, in bounded memory, and read on from exactly where reading stopped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_mail import assert_resumes_anywhere, letter, put, read, read_all, skips

from detection.mail.message import Folder, SkipReason
from onboarding.sources import mboxrd
from onboarding.sources.base import CursorLostError, SourceError
from onboarding.sources.mbox import MboxFiles
from onboarding.sources.mboxrd import separator_time, unquoted

LINE = b"From MAILER-DAEMON Sun Jan 01 09:27:24 2023\n"


def mbox(*messages: bytes, line: bytes = LINE) -> bytes:
    return b"".join(line + message + b"\n" for message in messages)


def contents(root: Path, mailbox: str = "a") -> list[bytes]:
    return [m.content for m in read(MboxFiles(str(root)), mailbox)]  # type: ignore[misc]


def test_a_file_is_a_mailbox_of_its_name_and_messages_come_as_they_were(tmp_path: Path) -> None:
    path = put(tmp_path, "2023-01.mbox", mbox(letter("one"), letter("two")))
    source = MboxFiles(str(path))
    assert [(box.name, box.estimate) for box in source.mailboxes()] == [("2023-01", 2)]
    first, second = read_all(source)
    assert (first.content, second.content) == (letter("one"), letter("two"))
    assert (first.path, first.time_hint) == ("2023-01.mbox#0", 1_672_565_244)
    assert all(requirement.granted for requirement in source.check())


def test_a_folder_holds_a_mailbox_a_file_at_any_depth(tmp_path: Path) -> None:
    for name in ("a.mbox", "b.MBX", "jane/Inbox", "jane/Sent", "jane/Archive.sbd/2001", "jane/Junk.mbox"):
        put(tmp_path, name, mbox(letter(name)))
    put(tmp_path, "jane/Inbox.msf", b"// an index\n")
    put(tmp_path, "jane/.hidden.mbox", mbox(letter("no")))
    put(tmp_path, "empty.mbox", b"")
    source = MboxFiles(str(tmp_path))
    assert {box.name: box.estimate for box in source.mailboxes()} == {
        "a": 1,
        "b": 1,
        "empty": 0,
        "jane/Archive.sbd/2001": 1,
        "jane/Inbox": 1,
        "jane/Junk": 1,
        "jane/Sent": 1,
    }
    kinds = {m.path.partition("#")[0]: m.folder for m in read_all(source)}
    assert kinds["jane/Inbox"] is Folder.INBOX
    assert kinds["jane/Sent"] is Folder.SENT
    assert kinds["jane/Junk.mbox"] is Folder.JUNK
    assert kinds["a.mbox"] is Folder.UNKNOWN


def test_files_that_shorten_to_one_name_stay_apart(tmp_path: Path) -> None:
    for name in ("a", "a.mbox", "a.mbx"):
        put(tmp_path, name, mbox(letter(name)))
    source = MboxFiles(str(tmp_path))
    assert [box.name for box in source.mailboxes()] == ["a", "a.mbox", "a.mbx"]
    assert [m.content for m in read_all(source)] == [letter("a"), letter("a.mbox"), letter("a.mbx")]


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b"From a@acme.example Sun Jan  1 09:27:24 2023", 1_672_565_244),
        (b"From a@acme.example  Sun Jan 01 09:27:24 2023\r\n", 1_672_565_244),
        (b"From - Sun Jan 01 09:27 2023\n", 1_672_565_220),
        (b"From a@acme.example Sun Jan 01 10:27:24 +0100 2023", 1_672_565_244),
        (b"From a@acme.example Sun Jan 01 04:27:24 2023 -0500", 1_672_565_244),
        (b"From a@acme.example Sun Jan 01 09:27:24 PST 2023", 1_672_565_244),
        (b"From ann at acme.example Sun Jan 01 09:27:24 2023", 1_672_565_244),
        (b'From "Ann B" <ann@acme.example> Sun Jan 01 09:27:24 2023', 1_672_565_244),
        (b"From a@acme.example Sun, 01 Jan 2023 09:27:24 +0000", 1_672_565_244),
        (b"From a@acme.example 2023-01-01T09:27:24Z", 1_672_565_244),
        (b"From a Sun Jan 01 09:27:24 2023 remote from host", 1_672_565_244),
        (b"From Sun Jan 01 09:27:24 2023", 1_672_565_244),
        (b"From a Sun Feb 30 09:27:24 2023", True),
        (b"From a Sun Jan 01 99:99:99 9999", True),
        (b"From the start of Sun Jan 01 09:27:24 2023", False),
        (b"From a Sun Jan 01 09:27:24 2023 it went wrong", False),
        (b"From here on, 2023 is over", False),
        (b"From a@acme.example", False),
        (b"From ", False),
    ],
)
def test_what_a_separator_is_and_says(line: bytes, time: int | bool) -> None:
    said = separator_time(line)
    assert said == time
    assert type(said) is type(time)


def test_text_that_begins_with_from_does_not_cut_a_message(tmp_path: Path) -> None:
    body = "Hello.\n\nFrom the moment we met on Sunday, Jan 1.\n\nFrom: x\n\nFromage\n"
    put(tmp_path, "a.mbox", mbox(letter("one", body), letter("two")))
    assert contents(tmp_path) == [letter("one", body), letter("two")]


def test_a_separator_needs_an_empty_line_before_it(tmp_path: Path) -> None:
    body = "quoted:\n" + LINE.decode() + "end\n"
    put(tmp_path, "a.mbox", mbox(letter("one", body)))
    assert contents(tmp_path) == [letter("one", body)]


def test_quoting_is_taken_off_once(tmp_path: Path) -> None:
    put(tmp_path, "a.mbox", mbox(b"Subject: x\n\n>From a\n>>From b\n> From c\nx >From d\n"))
    assert contents(tmp_path) == [b"Subject: x\n\nFrom a\n>From b\n> From c\nx >From d\n"]


@given(st.lists(st.sampled_from([b"From x\n", b">From y\n", b">>From z\n", b"text\n", b"\n", b"\r\n"]), max_size=8))
def test_unquoting_reverses_quoting(lines: list[bytes]) -> None:
    content = b"Subject: x\n\n" + b"".join(lines) + b"end\n"
    quoted = b"".join(
        b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in content.splitlines(keepends=True)
    )
    assert unquoted(quoted + b"\n") == content


def test_windows_line_ends(tmp_path: Path) -> None:
    put(tmp_path, "a.mbox", mbox(letter("one"), letter("two")).replace(b"\n", b"\r\n"))
    assert contents(tmp_path) == [letter("one").replace(b"\n", b"\r\n"), letter("two").replace(b"\n", b"\r\n")]


def test_a_cut_off_last_message_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = mbox(letter("one"), letter("two"))
    for cut in range(1, 40):
        put(tmp_path, "a.mbox", whole[:-cut])
        assert contents(tmp_path)[0] == letter("one")
        assert contents(tmp_path)[1].rstrip(b"\n") == letter("two")[: len(letter("two")) + 1 - cut].rstrip(b"\n")


def test_bytes_outside_any_message_are_listed_as_that(tmp_path: Path) -> None:
    put(tmp_path, "a.mbox", b"garbage\n\n" + mbox(letter("one")))
    put(tmp_path, "b.mbox", b"\x00\xff" * 10_000)
    put(tmp_path, "c.mbox", b"\n\n\r\n" + mbox(letter("two")))
    messages = read_all(MboxFiles(str(tmp_path)))
    assert skips(messages) == {"a.mbox#0": SkipReason.NOT_A_MESSAGE, "b.mbox#0": SkipReason.NOT_A_MESSAGE}
    assert [m.content for m in messages if isinstance(m.content, bytes)] == [letter("one"), letter("two")]


def test_a_huge_message_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = put(tmp_path, "a.mbox", mbox(letter("one")) + LINE)
    with open(path, "ab") as file:
        file.truncate(path.stat().st_size + 60_000_000)  # sparse
    with open(path, "ab") as file:
        file.write(b"\n\n" + mbox(letter("three")))
    held: list[int] = []
    real = mboxrd.read_range

    def watched(descriptor: int, start: int, stop: int) -> bytes:
        held.append(stop - start)
        return real(descriptor, start, stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mboxrd, "read_range", watched)
        messages = read(MboxFiles(str(tmp_path)), "a")
    assert max(held) < 5_000_000
    assert [type(m.content) is bytes for m in messages] == [True, False, True]
    assert list(skips(messages).values()) == [SkipReason.TOO_LARGE]


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from([LINE, b"\n", b"\r\n", b"From x\n", b">From y\n", b"Subject: a\n", b"body", b"\n" + LINE]),
        max_size=25,
    ),
    block=st.integers(1, 60),
    size=st.integers(1, 3),
)
def test_where_blocks_end_makes_no_difference_and_reading_resumes_anywhere(
    pieces: list[bytes], block: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tmp_path_factory.mktemp("mbox")
    put(root, "a.mbox", b"".join(pieces))
    source = MboxFiles(str(root), page_messages=size)
    assert_resumes_anywhere_but_estimates(source)
    whole = read_all(source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mboxrd, "BLOCK", block)
        patch.setattr(mboxrd, "LONGEST_SEPARATOR", 100)
        assert [m.content for m in read_all(source)] == [m.content for m in whole]


def assert_resumes_anywhere_but_estimates(source: MboxFiles) -> None:
    """An estimate counts messages only, so bytes outside any message are not in it."""
    for box in source.mailboxes():
        pages = list(source.pages(box.name, None))
        whole = [message for page in pages for message in page.messages]
        assert box.estimate == sum(isinstance(m.content, bytes) for m in whole)
        seen = 0
        for page in pages:
            seen += len(page.messages)
            assert read(source, box.name, page.cursor) == whole[seen:]


def test_reading_resumes_after_every_page_of_ordinary_mail(tmp_path: Path) -> None:
    put(tmp_path, "a.mbox", mbox(*(letter(f"{n}", "x\n" * n) for n in range(30))))
    assert_resumes_anywhere(MboxFiles(str(tmp_path), page_messages=4))


def test_appended_messages_are_read_on_from_the_cursor(tmp_path: Path) -> None:
    path = put(tmp_path, "a.mbox", mbox(letter("one"), letter("two")))
    source = MboxFiles(str(tmp_path))
    (page,) = source.pages("a", None)
    assert read(source, "a", page.cursor) == []
    with open(path, "ab") as file:
        file.write(mbox(letter("three")))
    assert [m.content for m in read(source, "a", page.cursor)] == [letter("three")]


def test_a_file_cut_or_rewritten_below_the_cursor_is_not_read_on(tmp_path: Path) -> None:
    path = put(tmp_path, "a.mbox", mbox(letter("one"), letter("two")))
    source = MboxFiles(str(tmp_path))
    (page,) = source.pages("a", None)
    for changed in (mbox(letter("two")), mbox(letter("two"), letter("one"), letter("six"))):
        path.write_bytes(changed)
        with pytest.raises(CursorLostError, match=r"mailbox a of .* read it from the start"):
            read(source, "a", page.cursor)
    for cursor in ("", "x", "-1-aa", "1²-aa", "99999999999999999999-aa", "0"):
        with pytest.raises(CursorLostError):
            read(source, "a", cursor)


def test_a_mailbox_that_is_gone_or_locked_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a.mbox", mbox(letter("one")))
    with pytest.raises(SourceError, match="mailbox b is not in"):
        read(MboxFiles(str(tmp_path)), "b")

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SourceError, match=r"mailbox a of .* Permission denied; make .*a\.mbox readable"):
        read(MboxFiles(str(tmp_path)), "a")
    assert not all(requirement.granted for requirement in MboxFiles(str(tmp_path)).check())


def test_odd_things_called_mbox(tmp_path: Path) -> None:
    (tmp_path / "folder.mbox").mkdir()
    put(tmp_path, "folder.mbox/mbox", mbox(letter("as Apple Mail exports it")))
    os.mkfifo(tmp_path / "pipe.mbox")
    (tmp_path / "out.mbox").symlink_to("/etc/passwd")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\n.mbox")).write_bytes(mbox(letter("odd name")))
    source = MboxFiles(str(tmp_path))
    assert [box.name for box in source.mailboxes()] == ["%FF%0A", "folder.mbox/mbox"]
    assert [m.path for m in read_all(source)] == ["%FF%0A.mbox#0", "folder.mbox/mbox#0"]
