"""The URI of a simulated organisation: what it may say, and what it answers to mistakes."""

from __future__ import annotations

from datetime import date

import pytest

from onboarding.sources.base import SourceError
from onboarding.sources.registry import open_source
from onboarding.sources.simulated import SimulatedSource, parse_uri


def test_no_options_give_the_small_preset_with_a_fixed_start() -> None:
    options = parse_uri("simulated:")
    assert (options.mailboxes, options.days, options.start) == (20, 90, date(2026, 1, 5))


def test_options_override_the_preset_whatever_their_order() -> None:
    assert parse_uri("simulated:days=9,size=medium").days == 9
    assert parse_uri("simulated:size=medium,days=9") == parse_uri("simulated:days=9,size=medium")


def test_the_canonical_uri_gives_the_same_options_and_names_all_of_them() -> None:
    options = parse_uri("simulated:seed=7,zones=london+newyork,attacks=1.5,languages=de")
    assert parse_uri(options.uri()) == options
    assert options.languages == ("en", "de")


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("simulated:mailboxes=4", "mailboxes=4 is not a whole number from 5"),
        ("simulated:mailboxes=ten", "mailboxes=ten"),
        ("simulated:mailboxes=-7", "mailboxes=-7"),
        ("simulated:mailboxes=" + "9" * 5000, "whole number"),
        ("simulated:days=0", "days=0"),
        ("simulated:rate=nan", "rate=nan is not a number"),
        ("simulated:rate=inf", "rate=inf"),
        ("simulated:attacks=-1", "attacks=-1"),
        ("simulated:start=2026-02-30", "not a date like"),
        ("simulated:start=0001-01-01", "year"),
        ("simulated:zones=atlantis", "'atlantis' is not one of london"),
        ("simulated:zones=london+london", "names one twice"),
        ("simulated:languages=xx", "'xx' is not one of en"),
        ("simulated:size=huge", "size=huge is not one of small"),
        ("simulated:seed", "not name=value"),
        ("simulated:seed=", "not name=value"),
        ("simulated:colour=red", "no option 'colour'; there are size, seed"),
        ("simulated:seed=1,seed=2", "given twice"),
        ("maildir:/mail", "is not a simulated source"),
    ],
)
def test_a_wrong_option_is_refused_by_name(uri: str, says: str) -> None:
    with pytest.raises(SourceError) as error:
        parse_uri(uri)
    assert says in str(error.value)


def test_the_registry_opens_it() -> None:
    assert isinstance(open_source("simulated:seed=7"), SimulatedSource)
