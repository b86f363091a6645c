"""How far back a mailbox is read before it pauses, by the time of its newest mail."""

from __future__ import annotations

from onboarding.reach import SECONDS_A_DAY, Reach


def days(count: int) -> int:
    return count * SECONDS_A_DAY


EARLY = Reach(since=days(0), until=days(370), early=days(30), lookback=days(300))


def test_an_early_round_reads_as_many_days_of_a_quiet_mailbox_but_not_past_the_lookback() -> None:
    assert EARLY.enough(days(400)) == days(370)
    assert EARLY.enough(days(350)) == days(320), "its newest mail is older: as many days of that"
    assert EARLY.enough(days(310)) == days(300), "older mail has not been asked for"
    assert EARLY.enough(days(200)) == days(300)


def test_without_a_lookback_an_early_round_goes_as_far_as_it_needs() -> None:
    assert Reach(since=None, until=days(370), early=days(30)).enough(days(100)) == days(70)


def test_another_round_pauses_where_it_was_told_or_nowhere() -> None:
    assert Reach(since=days(0), until=days(300)).enough(days(100)) == days(300)
    assert Reach(since=days(0)).enough(days(100)) is None
