"""One mail in several mailboxes is one message; whatever differs in what it says is another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from message_builder import attachment, link, mailbox, message, to

from detection.mail.identity import message_key
from detection.mail.message import Authentication, Defect, Recipient, Role

MAIL = message(
    text="Please find the figures attached.\nKind regards\nAnn",
    recipients=to("bob@acme.example", "eve@acme.example"),
    links=(link("https://example.com/a"),),
    attachments=(attachment("figures.xlsx"),),
)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "rewritten-by-the-archive@example.com"},
        {"received": 1_700_000_999, "received_path": ("relay",), "size": 4_321},
        {"recipients": tuple(Recipient(r.mailbox, Role.CC) for r in reversed(MAIL.recipients))},
        {"text": "Please find the\r\nfigures   attached. \u00a0Kind regards Ann\n\n", "text_length": 60},
        {"subject": "  Lunch "},
        {"sender": mailbox("ann.lee@example.com", "LEE, Ann")},
        {"spf": Authentication.PASS, "headers_present": frozenset({"received"})},
    ],
)
def test_a_copy_is_the_same_message(changes: dict[str, Any]) -> None:
    assert message_key(replace(MAIL, **changes)) == message_key(MAIL)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Please find the figures attached. Pay to the new account.\nKind regards\nAnn"},
        {"links": (link("https://evil.example/a"),)},
        {"attachments": (attachment("figures.xlsx", sha256="cd" * 32),)},
        {"reply_to": mailbox("ann.lee@evil.example")},
        {"sender": mailbox("ann.lee@example.com", "The Chief Executive")},
        {"sender": mailbox("ann.lee@examp1e.com", "Ann Lee")},
        {"date": 1_700_000_001},
        {"subject": "Re: Lunch"},
        {"recipients": to("bob@acme.example")},
        {"form_count": 1},
        {"image_count": 1},
    ],
)
def test_other_content_under_the_same_message_id_is_another_message(changes: dict[str, Any]) -> None:
    assert message_key(replace(MAIL, **changes)) != message_key(MAIL)


def test_without_a_date_the_message_id_and_the_arrival_tell_repeated_notices_apart() -> None:
    notice = message(date=None, message_id="1@example.com")
    assert message_key(notice) == message_key(replace(notice))
    assert message_key(replace(notice, message_id="2@example.com")) != message_key(notice)
    assert message_key(replace(notice, received=1_700_086_400)) != message_key(notice)


def test_of_texts_cut_by_the_cap_the_length_still_counts() -> None:
    cut = message(defects=int(Defect.CAPPED_TEXT), text_length=30_000)
    assert message_key(replace(cut, text_length=30_001)) != message_key(cut)


def test_parts_cannot_be_shifted_into_one_another() -> None:
    assert message_key(message(subject="ab", text="c")) != message_key(message(subject="a", text="bc"))
    one, two = mailbox("a@x.example"), mailbox("b@x.example")
    assert message_key(message(sender=one, reply_to=two)) != message_key(message(sender=two, reply_to=one))


@given(st.text(max_size=80), st.sampled_from([" ", "\n", "\t", "\r\n", "  "]))
def test_white_space_between_words_never_matters(text: str, space: str) -> None:
    assert message_key(message(text=space.join(text.split(" ")))) == message_key(message(text=text))
