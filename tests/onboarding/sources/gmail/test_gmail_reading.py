"""Mail read from Gmail: all of it once, the newest first, from wherever reading stopped."""

from __future__ import annotations

import time
from itertools import islice

import pytest
from gmail_at_hand import Serve, gmail_of, ids_in
from provider_at_hand import ANN, all_of, ids, letter, listed, small
from simulators.faults import FaultPlan
from simulators.gmail import METADATA, MODIFY, USERS
from simulators.gmail_store import gmail_id
from simulators.organisation import Organisation

from detection.mail.message import Folder, Skip, SkipReason
from detection.mail.parse import parse
from onboarding.sources.base import CursorLostError, Moves, ReadsBack, ReadsManyAtOnce, SourceError
from onboarding.sources.gmail.tokens import READ

BOTH = pytest.mark.parametrize("scope", [READ, METADATA], ids=["bodies", "headers only"])


def test_every_message_is_listed_once_the_newest_first_with_its_bytes_and_folder(serve: Serve) -> None:
    organisation = small()
    source = serve(gmail_of(organisation))
    assert isinstance(source, ReadsBack)
    assert isinstance(source, ReadsManyAtOnce)
    assert isinstance(source, Moves)
    box = organisation.boxes[ANN]
    items = {gmail_id(item.id): item for item in box.items.values()}
    found = listed(all_of(source, ANN))
    assert sorted(one.path.rpartition("/")[2] for one in found) == sorted(items)
    times = [one.time_hint for one in found]
    assert times == sorted(times, key=lambda at: -(at or 0))
    for one in found:
        item = items[one.path.rpartition("/")[2]]
        assert one.content == item.bytes()
        assert one.folder == box.folders[item.folder].kind


@BOTH
def test_reading_goes_on_from_any_cursor_with_nothing_lost_and_nothing_twice(serve: Serve, scope: str) -> None:
    organisation = small(1, 48)
    source = serve(gmail_of(organisation, FaultPlan(reordered=True), delegated=(USERS, scope)))
    whole = all_of(source, ANN)
    assert len(whole) > 3
    for number, page in enumerate(whole):
        rest = all_of(source, ANN, page.cursor)
        assert sorted(ids(whole[: number + 1]) + ids(rest)) == ids_in(organisation, ANN)


@BOTH
def test_more_messages_in_one_second_than_a_page_holds_are_all_listed(serve: Serve, scope: str) -> None:
    organisation = small(1, 0)
    at = int(time.time()) - 86_400
    for number in range(45):
        organisation.deliver(ANN, letter(number), at)
    source = serve(gmail_of(organisation, delegated=(USERS, scope)))
    pages = all_of(source, ANN)
    assert sorted(ids(pages)) == ids_in(organisation, ANN)
    rest = all_of(source, ANN, pages[1].cursor)
    assert sorted(ids(pages[:2]) + ids(rest)) == ids_in(organisation, ANN)


def test_a_page_is_bounded_in_bytes_and_reading_goes_on_in_the_middle_of_a_list(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.sources.gmail.content.PAGE_BYTES", 1_000)
    organisation = small(1, 60)
    source = serve(gmail_of(organisation, FaultPlan(reordered=True)))
    whole = all_of(source, ANN)
    assert all(sum(len(one.content) for one in page.messages) <= 1_000 for page in whole)  # type: ignore[arg-type]
    assert sorted(ids(whole)) == ids_in(organisation, ANN)
    for number in (0, 3, 7):
        rest = all_of(source, ANN, whole[number].cursor)
        assert sorted(ids(whole[: number + 1]) + ids(rest)) == ids_in(organisation, ANN)


@BOTH
def test_reading_goes_back_no_further_than_asked_but_says_that_there_is_more(serve: Serve, scope: str) -> None:
    organisation = small(1, 90)
    source = serve(gmail_of(organisation, delegated=(USERS, scope)))
    since = int(time.time()) - 45 * 86_400
    pages = all_of(source, ANN, since=since)
    inside = [item for item in organisation.boxes[ANN].items.values() if item.received >= since]
    assert len(listed(pages)) == len(inside) + 1
    older = [one.content.reason for one in listed(pages) if isinstance(one.content, Skip)]
    assert older == ["outside-lookback"]
    assert all_of(source, ANN, pages[-1].cursor, since) == []
    assert not [one for one in listed(all_of(source, ANN, since=0)) if isinstance(one.content, Skip)]


@BOTH
def test_reading_ends_though_a_message_came_in_the_second_before_the_bound(serve: Serve, scope: str) -> None:
    organisation = small(1, 9)
    source = serve(gmail_of(organisation, delegated=(USERS, scope)))
    times = sorted({item.received for item in organisation.boxes[ANN].items.values()})
    # Gmail's `after:` shows it, and it is asked for again as long as it is not known.
    pages = list(islice(source.history(ANN, None, times[1] + 1), 50))
    assert len(pages) < 50
    inside = [item for item in organisation.boxes[ANN].items.values() if item.received > times[1]]
    assert sum(not isinstance(one.content, Skip) for one in listed(pages)) == len(inside)


def test_drafts_are_no_mail_and_sent_mail_is(serve: Serve) -> None:
    organisation = small(1, 20)
    source = serve(gmail_of(organisation))
    organisation.deliver(ANN, letter(999), int(time.time()) - 86_400, Folder.UNKNOWN).draft = True
    pages = all_of(source, ANN)
    assert len(listed(pages)) == 20
    assert sum(one.folder is Folder.SENT for one in listed(pages)) == 4
    organisation.deliver(ANN, letter(1999), int(time.time()), Folder.UNKNOWN).draft = True
    assert all_of(source, ANN, pages[-1].cursor) == []


@BOTH
def test_what_is_new_is_listed_once_whatever_happens_to_it(serve: Serve, scope: str) -> None:
    organisation = small(1, 20)
    source = serve(gmail_of(organisation, delegated=(USERS, scope)))
    cursor = all_of(source, ANN)[-1].cursor
    assert all_of(source, ANN, cursor) == []
    now = int(time.time())
    new = [organisation.deliver(ANN, letter(5000 + n), now + n) for n in range(30)]
    sent = organisation.deliver(ANN, letter(6000), now, Folder.SENT)
    imported = organisation.deliver(ANN, letter(6001), now - 50 * 86_400)
    old = next(iter(organisation.boxes[ANN].items))
    organisation.touch(ANN, old)
    first = all_of(source, ANN, cursor)
    assert sorted(ids(first)) == sorted(gmail_id(item.id) for item in [*new, sent, imported])
    # From the middle of it, too.
    rest = all_of(source, ANN, first[0].cursor)
    assert sorted(ids(first[:1]) + ids(rest)) == sorted(ids(first))
    organisation.touch(ANN, new[0].id)
    organisation.move(ANN, new[1].id, organisation.boxes[ANN].folder(Folder.JUNK).id)
    organisation.delete(ANN, new[2].id)
    organisation.move(ANN, old, organisation.boxes[ANN].folder(Folder.JUNK).id)
    late = organisation.deliver(ANN, letter(7000), now + 60)
    assert ids(all_of(source, ANN, first[-1].cursor)) == [gmail_id(late.id)]


@BOTH
def test_mail_that_comes_while_history_is_read_is_listed_once(serve: Serve, scope: str) -> None:
    organisation = small(1, 60)
    source = serve(gmail_of(organisation, delegated=(USERS, scope)))
    now = int(time.time())
    pages = []
    for number, page in enumerate(source.history(ANN, None, None)):
        pages.append(page)
        organisation.deliver(ANN, letter(3000 + number), now)
        organisation.deliver(ANN, letter(4000 + number), now - 59 * 86_400)
        organisation.touch(ANN, min(organisation.boxes[ANN].items))
    pages += all_of(source, ANN, pages[-1].cursor)
    assert sorted(ids(pages)) == ids_in(organisation, ANN)


@BOTH
def test_a_forgotten_history_id_is_a_bounded_resync_with_nothing_lost_or_twice(serve: Serve, scope: str) -> None:
    organisation = small(1, 45)
    gmail = gmail_of(organisation, delegated=(USERS, scope))
    source = serve(gmail)
    cursor = all_of(source, ANN)[-1].cursor
    now = int(time.time())
    known = [gmail_id(organisation.deliver(ANN, letter(5000 + n), now + n).id) for n in range(10)]
    pages = all_of(source, ANN, cursor)
    assert sorted(ids(pages)) == sorted(known)
    gmail.forget_history()
    missed = [gmail_id(organisation.deliver(ANN, letter(8000 + n), now + 20 + n).id) for n in range(30)]
    before = source.client(scope).counts.requests
    again = all_of(source, ANN, pages[-1].cursor)
    assert sorted(ids(again)) == sorted(missed)
    assert source.client(scope).counts.requests - before < 60
    rest = all_of(source, ANN, again[0].cursor)
    assert sorted(ids(again[:1]) + ids(rest)) == sorted(missed)
    late = organisation.deliver(ANN, letter(9000), now + 200).id
    assert ids(all_of(source, ANN, again[-1].cursor)) == [gmail_id(late)]


def test_a_message_deleted_between_listing_and_reading_is_counted_as_that(serve: Serve) -> None:
    organisation = small(1, 40)
    expected = ids_in(organisation, ANN)
    source = serve(gmail_of(organisation, FaultPlan(seed=3, deleted_meanwhile=0.2)))
    found = listed(all_of(source, ANN))
    gone = {one.path.rpartition("/")[2] for one in found if isinstance(one.content, Skip)}
    assert gone == set(expected) - set(ids_in(organisation, ANN))
    assert {one.content.reason for one in found if isinstance(one.content, Skip)} == {SkipReason.GONE}
    assert gone
    assert sorted(one.path.rpartition("/")[2] for one in found) == expected


def test_a_huge_message_is_not_fetched_and_a_large_one_is(serve: Serve) -> None:
    organisation = small(1, 10)
    now = int(time.time())

    def huge() -> bytes:
        return letter(1, size=70_000_000)

    monster = organisation.deliver(ANN, huge, now - 86_400, size=150_000_000)
    large = organisation.deliver(ANN, letter(2, size=3_000_000), now - 86_000)
    source = serve(gmail_of(organisation))
    found = {one.path.rpartition("/")[2]: one for one in listed(all_of(source, ANN))}
    skipped = found[gmail_id(monster.id)]
    assert isinstance(skipped.content, Skip)
    assert skipped.content.reason == "too-large"
    assert "150,000,000 bytes" in skipped.content.detail
    assert (skipped.folder, skipped.time_hint) == (Folder.INBOX, now - 86_400)
    assert found[gmail_id(large.id)].content == large.bytes()
    assert source.client(READ).counts.bytes < 20_000_000


def test_where_only_headers_are_granted_the_body_is_unknown(serve: Serve) -> None:
    organisation = small(1, 20)
    source = serve(gmail_of(organisation, delegated=(USERS, METADATA)))
    found = listed(all_of(source, ANN))
    assert len(found) == 20
    assert all(one.body_unknown for one in found)
    items = {gmail_id(item.id): item for item in organisation.boxes[ANN].items.values()}
    for one in found:
        assert isinstance(one.content, bytes)
        ours, whole = parse(one.content), parse(items[one.path.rpartition("/")[2]].bytes())
        assert not isinstance(ours, Skip)
        assert not isinstance(whole, Skip)
        for name in ("sender", "recipients", "subject", "message_id"):
            assert getattr(ours, name) == getattr(whole, name), name
        assert ours.text == ""


@pytest.mark.parametrize("kind", [Folder.INBOX, Folder.OTHER])
def test_a_message_is_moved_once_and_back(serve: Serve, kind: Folder) -> None:
    organisation = small(1, 5)
    gmail = gmail_of(organisation, delegated=(USERS, READ, MODIFY))
    source = serve(gmail)
    one = next(m for m in listed(all_of(source, ANN)) if m.folder is kind)
    path = source.move(ANN, one.path, Folder.JUNK)
    source.move(ANN, path, Folder.JUNK)
    assert len(gmail.moves) == 1
    box = organisation.boxes[ANN]
    item = next(item for item in box.items.values() if gmail_id(item.id) == path.rpartition("/")[2])
    assert box.folders[item.folder].kind is Folder.JUNK
    source.move(ANN, path, kind)
    assert box.folders[item.folder].kind is kind


def test_moving_without_the_permission_or_what_is_gone_says_so(serve: Serve) -> None:
    gmail = gmail_of(small(1, 5))
    source = serve(gmail)
    one = next(m for m in listed(all_of(source, ANN)) if m.folder is Folder.INBOX)
    with pytest.raises(SourceError, match="not delegated"):
        source.move(ANN, one.path, Folder.JUNK)
    gmail.delegated = (USERS, READ, MODIFY)
    with pytest.raises(SourceError, match="it is gone"):
        source.move(ANN, f"{ANN}/nothing", Folder.JUNK)


def test_quota_is_counted_in_units_before_it_is_spent(serve: Serve) -> None:
    gmail = gmail_of(small(1, 30))
    source = serve(gmail)
    all_of(source, ANN)
    pacer = source.client(READ).pacer
    spent = sum(pacer.of_mailbox(ANN)._read(pacer.of_mailbox(ANN).path.read_bytes()).slots)
    # Thirty messages of 20 units; three lists of 5, history of 2, profile of 1.
    assert spent == gmail.meter.granted == 30 * 20 + 3 * 5 + 2 + 1


def test_a_cursor_of_another_version_is_told(serve: Serve) -> None:
    source = serve(gmail_of(Organisation("acme.example")))
    source._reading_scope = READ
    for wrong in ("2:walk:x", "1:walk:x", "1:other:eJyrrgUAAXUA-Q==", "rubbish"):
        with pytest.raises(CursorLostError, match="read it from the start"):
            all_of(source, ANN, wrong)
