"""Both readings of tags find the same: the quick one either agrees with the exact one or gives up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.mail import tags
from detection.mail.defects import Defects
from detection.mail.html import read
from detection.mail.limits import DEFAULT_LIMITS

_PIECES = st.sampled_from(
    [
        "<p>", "</p>", "<a href=\"https://a.example/x\">", "</a>", "<br/>", "text ", "a < b", "<3", ">", "<", "\"", "'", "=",
        "<!--", "-->", "<!-- <b> -->", "<!doctype html>", "<style>.x{display:none}", "</style>", "<STYLE title='>'>", "<title>",
        "</title>", "<img alt=\"a>b\">", "<img alt='", "<div style=\"display:none\">", "</div>",
        "<a title=\"<!-- x -->\">", "</ b>",
    ]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=14))
def test_the_quick_reading_shows_what_the_exact_one_shows(pieces: list[str]) -> None:
    html = "".join(pieces)
    quick, exact = tags._quick(html, 1_000), tags._exact(html, 1_000)
    assert quick is None or quick == exact


@pytest.mark.parametrize("html", ['<p class="x">a</p> <!-- c --> b', "<style>a > b {}</style><td>x<br>y"])
def test_plain_mail_takes_the_quick_reading(html: str) -> None:
    assert tags._quick(html, 100) is not None


@pytest.mark.parametrize("html", ['<img alt="a > b">c', "1 < 2 <b>x</b>", '<a href="x'])
def test_what_simple_cuts_would_misread_is_left_to_the_exact_reading(html: str) -> None:
    assert tags._quick(html, 100) is None


def test_too_many_tags_are_cut_and_said_to_be() -> None:
    tokens = tags.tokens_of("<b>x" * 50, 10)
    assert (len(tokens.tags), tokens.capped, tokens.texts[-1]) == (10, True, "")


def test_text_hidden_by_a_style_sheet_is_not_shown() -> None:
    reading = read("<style>.pre{display:none}</style><div class=pre>hidden</div><p>shown", DEFAULT_LIMITS, Defects())
    assert (reading.text, reading.hidden_length) == ("shown", len("hidden"))


def test_tags_kept_from_earlier_mail_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tags, "_known", {})
    monkeypatch.setattr(tags, "_MOST_KNOWN", 20)
    for number in range(100):
        tags.tokens_of(f'<p id="{number}">x</p><p title="{"y" * 400}">', 10)
    assert len(tags._known) <= 20
    assert max(map(len, tags._known)) <= tags._LONGEST_KNOWN
