"""What a campaign's subjects have in common."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.mail.sending_program import product_of
from detection.mail.subject import subject_of


@pytest.mark.parametrize(
    "subject",
    [
        "Invoice 4711",
        "RE: Invoice 12",
        "AW: WG: Invoice 9",
        "Re[2]: [Sales] invoice  0815",
        "[Sales] Fwd: RE: INVOICE 7",
        "RV: TR: Invoice 33",
        "回复: Invoice 1",
        "SV: Antw: Invoice 8",
    ],
)
def test_one_campaign_has_one_shape(subject: str) -> None:
    assert subject_of(subject).shape == "invoice #"


def test_marks_say_whether_it_answers_or_forwards() -> None:
    assert subject_of("AW: x")[1:3] == (True, False)
    assert subject_of("WG: x")[1:3] == (False, True)
    assert subject_of("Re: Fwd: x")[1:3] == (True, True)
    assert subject_of("Reminder: x")[1:3] == (False, False)
    assert subject_of("Regarding x")[1:3] == (False, False)


def test_a_subject_of_nothing_but_a_tag_keeps_it() -> None:
    assert subject_of("[URGENT]").shape == "[urgent]"


def test_the_share_of_capitals_is_unknown_without_letters() -> None:
    assert subject_of("RE: ABcd").upper_share == 0.5
    assert math.isnan(subject_of("12:30 ???").upper_share)


@given(st.text(max_size=500))
def test_any_text_can_be_a_subject(subject: str) -> None:
    assert not any(c in "0123456789" for c in subject_of(subject).shape)


@pytest.mark.parametrize(
    ("mailer", "product"),
    [
        ("Microsoft Outlook 16.0", "microsoft outlook"),
        ("Microsoft Office Outlook, Build 11.0.5510", "microsoft office outlook"),
        ("Apple Mail (2.3774.500)", "apple mail"),
        ("PHPMailer 6.1.4 (https://example.com)", "phpmailer"),
        ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Thunderbird/115.4", "thunderbird"),
        ("Roundcube Webmail/1.4", "roundcube webmail"),
        ("1.0", "1.0"),
        ("", ""),
    ],
)
def test_a_mailer_is_its_product_whatever_its_version(mailer: str, product: str) -> None:
    assert product_of(mailer) == product
