"""Mail read from Microsoft Graph: all of it once, the newest first, from wherever reading stopped."""

from __future__ import annotations

import time

import pytest
from graph_at_hand import Serve
from provider_at_hand import all_of, ids, letter, listed, small
from simulators.faults import FaultPlan
from simulators.graph import Graph

from detection.mail.message import Folder, Skip, SkipReason
from detection.mail.parse import parse
from onboarding.sources.base import Moves, ReadsBack, ReadsManyAtOnce, SourceError

ANN = "user0@acme.example"


def test_every_message_is_listed_once_the_newest_first_with_its_bytes_and_folder(serve: Serve) -> None:
    organisation = small()
    source = serve(Graph(organisation))
    assert isinstance(source, ReadsBack)
    assert isinstance(source, ReadsManyAtOnce)
    assert isinstance(source, Moves)
    box = organisation.boxes[ANN]
    found = listed(all_of(source, ANN))
    assert {one.path.rpartition("/")[2] for one in found} == set(box.items)
    assert len(found) == len(box.items)
    times = [one.time_hint for one in found]
    assert times == sorted(times, key=lambda at: -(at or 0))
    for one in found:
        item = box.items[one.path.rpartition("/")[2]]
        assert one.content == item.bytes()
        assert one.folder == box.folders[item.folder].kind


def test_reading_goes_on_from_any_cursor_with_nothing_lost_and_nothing_twice(serve: Serve) -> None:
    organisation = small(1, 240)
    source = serve(Graph(organisation))
    whole = all_of(source, ANN)
    assert len(whole) > 2
    for number, page in enumerate(whole):
        rest = all_of(source, ANN, page.cursor)
        assert sorted(ids(whole[: number + 1]) + ids(rest)) == sorted(organisation.boxes[ANN].items)


def test_more_messages_in_one_second_than_a_page_holds_are_all_listed(serve: Serve) -> None:
    organisation = small(1, 0)
    at = int(time.time()) - 86_400
    for number in range(450):
        organisation.deliver(ANN, letter(number), at)
    source = serve(Graph(organisation))
    pages = all_of(source, ANN)
    assert sorted(ids(pages)) == sorted(organisation.boxes[ANN].items)
    rest = all_of(source, ANN, pages[1].cursor)
    assert sorted(ids(pages[:2]) + ids(rest)) == sorted(organisation.boxes[ANN].items)


def test_reading_goes_back_no_further_than_asked_but_says_that_there_is_more(serve: Serve) -> None:
    organisation = small(1, 90)
    source = serve(Graph(organisation))
    since = int(time.time()) - 45 * 86_400
    found = listed(all_of(source, ANN, since=since))
    inside = [item for item in organisation.boxes[ANN].items.values() if item.received >= since]
    assert len(found) == len(inside) + 1
    older = [one for one in found if isinstance(one.content, Skip)]
    assert [one.content.reason for one in older if isinstance(one.content, Skip)] == ["outside-lookback"]
    assert not [one for one in listed(all_of(source, ANN, since=0)) if isinstance(one.content, Skip)]


def test_drafts_are_no_mail_and_sent_mail_is(serve: Serve) -> None:
    organisation = small(1, 20)
    organisation.deliver(ANN, letter(999), int(time.time()) - 86_400, Folder.UNKNOWN).draft = True
    found = listed(all_of(serve(Graph(organisation)), ANN))
    assert len(found) == 20
    assert sum(one.folder is Folder.SENT for one in found) == 4


def test_what_is_new_is_listed_once_whatever_happens_to_it(serve: Serve) -> None:
    organisation = small(1, 20)
    source = serve(Graph(organisation))
    before = all_of(source, ANN)
    cursor = before[-1].cursor
    assert all_of(source, ANN, cursor) == []
    now = int(time.time())
    new = [organisation.deliver(ANN, letter(5000 + n), now + n) for n in range(30)]
    sent = organisation.deliver(ANN, letter(6000), now, Folder.SENT)
    old = next(iter(organisation.boxes[ANN].items))
    organisation.touch(ANN, old)
    first = all_of(source, ANN, cursor)
    assert sorted(ids(first)) == sorted([item.id for item in new] + [sent.id])
    organisation.touch(ANN, new[0].id)
    organisation.move(ANN, new[1].id, organisation.boxes[ANN].folder(Folder.JUNK).id)
    organisation.delete(ANN, new[2].id)
    organisation.move(ANN, old, organisation.boxes[ANN].folder(Folder.JUNK).id)
    late = organisation.deliver(ANN, letter(7000), now + 60)
    assert ids(all_of(source, ANN, first[-1].cursor)) == [late.id]


def test_a_forgotten_sync_state_is_a_bounded_resync_with_nothing_lost_or_twice(serve: Serve) -> None:
    organisation = small(1, 20)
    graph = Graph(organisation)
    source = serve(graph)
    cursor = all_of(source, ANN)[-1].cursor
    now = int(time.time())
    known = [organisation.deliver(ANN, letter(5000 + n), now + n).id for n in range(10)]
    pages = all_of(source, ANN, cursor)
    assert sorted(ids(pages)) == sorted(known)
    graph.forget_cursors()
    missed = [organisation.deliver(ANN, letter(8000 + n), now + 20 + n).id for n in range(7)]
    again = all_of(source, ANN, pages[-1].cursor)
    assert sorted(ids(again)) == sorted(missed)
    late = organisation.deliver(ANN, letter(9000), now + 100).id
    assert ids(all_of(source, ANN, again[-1].cursor)) == [late]


def test_more_new_mail_than_a_filtered_delta_gives_is_listed_all_the_same(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.graph.FILTERED_DELTA_MOST", 50)
    monkeypatch.setattr("onboarding.sources.graph.mailbox.FILTERED_DELTA_MOST", 50)
    monkeypatch.setattr("onboarding.sources.graph.mailbox.SETTLING_SECONDS", 0)
    organisation = small(1, 10)
    source = serve(Graph(organisation))
    first = all_of(source, ANN)
    now = int(time.time())
    new = [organisation.deliver(ANN, letter(5000 + n), now + 1).id for n in range(180)]
    assert len(new) == 180
    found: list[str] = []
    cursor = first[-1].cursor
    for _ in range(4):  # what is younger than the resync's own moment is left to the next round
        time.sleep(1.1)
        pages = all_of(source, ANN, cursor)
        found += ids(pages)
        cursor = pages[-1].cursor if pages else cursor
    assert sorted(found) == sorted(new)


def test_a_message_deleted_between_listing_and_reading_is_counted_as_that(serve: Serve) -> None:
    organisation = small(1, 40)
    expected = set(organisation.boxes[ANN].items)
    source = serve(Graph(organisation, FaultPlan(seed=3, deleted_meanwhile=0.2)))
    found = listed(all_of(source, ANN))
    gone = {one.path.rpartition("/")[2] for one in found if isinstance(one.content, Skip)}
    assert gone == expected - set(organisation.boxes[ANN].items)
    assert {one.content.reason for one in found if isinstance(one.content, Skip)} == {SkipReason.GONE}
    assert {one.path.rpartition("/")[2] for one in found} == expected


def test_a_huge_message_is_not_fetched_and_a_large_one_is_fetched_alone(serve: Serve) -> None:
    organisation = small(1, 10)
    now = int(time.time())

    def huge() -> bytes:
        return letter(1, size=150_000_000)

    monster = organisation.deliver(ANN, huge, now - 86_400, size=150_000_000)
    large = organisation.deliver(ANN, letter(2, size=3_000_000), now - 86_000)
    source = serve(Graph(organisation))
    found = {one.path.rpartition("/")[2]: one.content for one in listed(all_of(source, ANN))}
    skipped = found[monster.id]
    assert isinstance(skipped, Skip)
    assert skipped.reason == "too-large"
    assert found[large.id] == large.bytes()
    assert source.client.counts.bytes < 20_000_000


def test_where_only_headers_are_granted_the_body_is_unknown_and_sent_mail_is_there_too(serve: Serve) -> None:
    organisation = small(1, 20)
    source = serve(Graph(organisation, roles=("User.Read.All", "Mail.ReadBasic.All")))
    found = listed(all_of(source, ANN))
    assert len(found) == 20
    assert all(one.body_unknown for one in found)
    for one in found:
        item = organisation.boxes[ANN].items[one.path.rpartition("/")[2]]
        assert isinstance(one.content, bytes)
        ours, whole = parse(one.content), parse(item.bytes())
        assert not isinstance(ours, Skip)
        assert not isinstance(whole, Skip)
        for name in ("sender", "recipients", "subject", "message_id"):
            assert getattr(ours, name) == getattr(whole, name), name
        assert ours.text == ""


def test_a_message_is_moved_once_and_back(serve: Serve) -> None:
    organisation = small(1, 5)
    graph = Graph(organisation, roles=("User.Read.All", "Mail.ReadWrite"))
    source = serve(graph)
    one = next(m for m in listed(all_of(source, ANN)) if m.folder is Folder.INBOX)
    path = source.move(ANN, one.path, Folder.JUNK)
    source.move(ANN, path, Folder.JUNK)
    assert len(graph.moves) == 1
    source.move(ANN, path, Folder.INBOX)
    box = organisation.boxes[ANN]
    assert box.items[path.rpartition("/")[2]].folder == box.folder(Folder.INBOX).id


def test_moving_without_the_permission_or_what_is_gone_says_so(serve: Serve) -> None:
    source = serve(Graph(small(1, 5)))
    one = next(m for m in listed(all_of(source, ANN)) if m.folder is Folder.INBOX)
    with pytest.raises(SourceError, match="Insufficient privileges"):
        source.move(ANN, one.path, Folder.JUNK)
    with pytest.raises(SourceError, match="not found in the store"):
        source.move(ANN, f"{ANN}/nothing", Folder.JUNK)
