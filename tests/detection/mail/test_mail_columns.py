"""A message becomes a row of columns: every column, of its type, whatever the message; unknown stays unknown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from message_builder import attachment, link, mailbox, message, to

from detection.keys import NO_KEY, key_of
from detection.mail.batch import COLUMNS, RAGGED, SCHEMA, Level, MessageBatch
from detection.mail.columns import Origin, from_messages, row_of, rows_of
from detection.mail.message import Attachment, Authentication, Folder, Link, Mailbox, Message, Recipient, Role
from detection.mail.organisation import Organisation

ACME = Organisation(frozenset({"acme.example"}))
INBOX = Origin("bob", "inbox/1", Folder.INBOX, "bob@acme.example")


def row(**changes: Any) -> dict[str, Any]:
    return row_of(message(**changes), ACME, INBOX)


# --- any message -----------------------------------------------------------------------------------------------------

_text = st.text(max_size=60)
_number = st.integers(-(2**70), 2**70)
_mailbox = st.builds(Mailbox, _text, _text, _text)
_message = st.builds(
    Message,
    message_id=_text,
    date=st.none() | _number,
    received=st.none() | _number,
    sender=st.none() | _mailbox,
    envelope_sender=st.none() | _mailbox,
    reply_to=st.none() | _mailbox,
    recipients=st.lists(st.builds(Recipient, _mailbox, st.sampled_from(Role)), max_size=4).map(tuple),
    subject=_text,
    in_reply_to=_text,
    references=st.lists(_text, max_size=3).map(tuple),
    mailer=_text,
    list_id=_text,
    bulk=st.booleans(),
    received_path=st.lists(_text, max_size=3).map(tuple),
    sending_network=_text,
    spf=st.sampled_from(Authentication),
    dkim=st.sampled_from(Authentication),
    dmarc=st.sampled_from(Authentication),
    arc=st.sampled_from(Authentication),
    spf_domain=_text,
    dkim_domain=_text,
    text=st.text(max_size=300),
    text_length=_number,
    html_length=_number,
    hidden_text_length=_number,
    image_count=_number,
    form_count=_number,
    links=st.lists(st.builds(Link, _text, _text, _text, _text), max_size=3).map(tuple),
    attachments=st.lists(
        st.builds(Attachment, _text, _text, _text, _text, _number, _text, st.booleans()), max_size=3
    ).map(tuple),
    content_types=st.just(()),
    charset=_text,
    size=_number,
    defects=st.integers(0, 2**40),
    headers_present=st.frozensets(_text, max_size=3),
)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_message, max_size=4), st.none() | _number, st.text(max_size=20))
def test_any_message_becomes_a_row_and_any_rows_survive_arrow(
    messages: list[Message], time: int | None, path: str
) -> None:
    rows = [row_of(m, ACME, Origin("box", path, Folder.JUNK, "bob@acme.example"), time) for m in messages]
    for one in rows:
        assert one.keys() == {name for name, _, _ in COLUMNS}
    batch = MessageBatch.from_rows(rows)
    table = batch.to_arrow()
    assert table.schema == SCHEMA
    table.validate(full=True)
    assert_same(MessageBatch.from_arrow(table), batch)


def test_surrogates_control_characters_and_huge_values_become_columns() -> None:
    odd = message(
        subject="\ud800 \x00 " + "é" * 100_000,
        text="\udfff" + "verify your account " * 50_000,
        sender=Mailbox("\ud83d" * 5_000, "x" * 100_000 + "@" + "y" * 100_000, "y" * 100_000),
        message_id="<" * 100_000,
        links=tuple(link(f"https://{'a.' * 5_000}example/{'b' * 2_000}") for _ in range(3)),
    )
    batch = from_messages([(odd, Origin("box\udc80", "file\udcff"))], ACME)
    assert len(batch.sender[0]) < 1_000
    assert "\\udcff" in batch.path[0]
    batch.to_arrow().validate(full=True)


# --- batches ---------------------------------------------------------------------------------------------------------


def assert_same(one: MessageBatch, other: MessageBatch) -> None:
    for name, kind, _ in COLUMNS:
        a, b = getattr(one, name), getattr(other, name)
        if isinstance(b, np.ndarray):
            assert a.dtype == b.dtype == np.dtype(kind.to_pandas_dtype()), name
            np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            assert list(a) == list(b), name
    for level in RAGGED:
        np.testing.assert_array_equal(one.offsets[level], other.offsets[level])


@pytest.fixture(scope="module")
def several() -> MessageBatch:
    messages = [
        message(subject=f"Number {n}", recipients=to(*[f"p{i}@acme.example" for i in range(n % 4)]), links=links)
        for n in range(9)
        for links in [(link("https://example.com/a"),) * (n % 3)]
    ]
    return from_messages([(m, INBOX) for m in messages], ACME)


def test_a_slice_of_a_batch_equals_the_batch_of_the_slice(several: MessageBatch) -> None:
    table = several.to_arrow()
    for start, stop in [(0, 9), (2, 5), (4, 4), (8, 9), (9, 9)]:
        assert_same(several.take(start, stop), MessageBatch.from_arrow(table.slice(start, stop - start)))


def test_a_batch_of_one_equals_the_slice_of_a_batch_of_many() -> None:
    rows = [
        row(links=(link("https://example.com/a"),) * (n % 3), recipients=to("a@b.example") * (n % 2)) for n in range(6)
    ]
    batch = MessageBatch.from_rows(rows)
    for index, one in enumerate(rows):
        assert_same(MessageBatch.from_rows([one]), batch.take(index, index + 1))


def test_rows_made_together_are_those_made_one_by_one() -> None:
    texts = (
        "",
        "Dear customer, verify your account now",
        "Bitte überweisen Sie 500 EUR auf DE89 3704 0044 0532 0130 00",
        "x" * 9_000,
    )
    mails = [
        (message(text=text, subject=subject), INBOX, None) for text in texts for subject in ("", "Gift cards", "Ünd")
    ]
    alone = [row_of(mail, ACME, origin, time) for mail, origin, time in mails]
    assert repr(rows_of(mails, ACME)) == repr(alone)
    assert rows_of([], ACME) == []


def test_times_beyond_reason_stay_within_their_columns() -> None:
    for date in (2**80, -(2**80)):
        MessageBatch.from_rows([row_of(message(date=date), ACME, INBOX, time=-date)])


def test_no_rows_are_an_empty_batch_of_the_same_columns() -> None:
    empty = MessageBatch.from_rows([])
    assert len(empty) == 0
    assert_same(MessageBatch.from_arrow(empty.to_arrow()), empty)


def test_columns_are_contiguous_whatever_the_size_of_the_batch(several: MessageBatch) -> None:
    for batch in (several, several.take(3, 4)):
        for name, kind, _ in COLUMNS:
            values = getattr(batch, name)
            assert not isinstance(values, np.ndarray) or values.flags.c_contiguous, (name, kind)


def test_a_row_without_its_time_is_refused_and_every_row_made_now_is_whole() -> None:
    incomplete = row()
    assert incomplete.keys() == {name for name, _, _ in COLUMNS}
    del incomplete["time"]
    with pytest.raises(KeyError, match="time"):
        MessageBatch.from_rows([incomplete])


# --- unknown is a value of its own ----------------------------------------------------------------------------------


def test_what_a_message_does_not_say_is_unknown_not_harmless() -> None:
    bare = row(sender=None, date=None, received=None, message_id="", subject="", text="", recipients=(), charset="")
    keys = {name: bare[name] for name, kind, level in COLUMNS if name.endswith("_key") and level is Level.MESSAGE}
    del keys["message_key"], keys["header_order_key"]
    assert set(keys.values()) == {NO_KEY}
    assert (bare["spf_aligned"], bare["dkim_aligned"], bare["language"]) == (-1, -1, -1)
    assert math.isnan(bare["subject_upper_share"])
    assert bare["date_skew"] == np.iinfo(np.int64).min
    assert bare["variant_key"] == ()
    assert not bare["sender_is_own"]


def test_alignment_is_known_only_where_a_result_and_both_domains_are() -> None:
    passed = {"spf": Authentication.PASS}
    assert row(**passed, spf_domain="mail.example.com")["spf_aligned"] == 1
    assert row(**passed, spf_domain="other.example")["spf_aligned"] == 0
    assert row(**passed, spf_domain="")["spf_aligned"] == -1
    assert row(spf=Authentication.UNKNOWN, spf_domain="example.com")["spf_aligned"] == -1
    assert row(**passed, spf_domain="example.com", sender=None)["spf_aligned"] == -1


# --- sender and recipients ------------------------------------------------------------------------------------------


def test_the_party_of_a_sender_is_its_site_or_at_a_free_mail_provider_its_address() -> None:
    assert row(sender="a@mail.shop.co.uk")["sender_party_key"] == key_of("shop.co.uk")
    assert row(sender="ceo.acme@gmail.com")["sender_party_key"] == key_of("ceo.acme@gmail.com")


def test_own_are_the_domains_of_the_tenant_and_what_lies_below_them() -> None:
    assert row(sender="a@lists.acme.example")["sender_is_own"]
    assert not row(sender="a@notacme.example")["sender_is_own"]
    counted = row(recipients=to("a@acme.example", "b@sub.acme.example", "c@other.example"))
    assert (counted["recipient_count"], counted["own_recipient_count"]) == (4, 3)


def test_the_owner_of_the_mailbox_is_a_recipient_even_when_not_named() -> None:
    hidden = row(recipients=to("list@other.example"))
    assert hidden["recipient"] == ["list@other.example", "bob@acme.example"]
    assert hidden["recipient_role"] == [Role.TO, Role.DELIVERED]
    assert row(recipients=to("bob@acme.example"))["recipient"] == ["bob@acme.example"]


def test_the_owner_does_not_receive_what_the_owner_sent() -> None:
    sent = Origin("bob", "sent/1", Folder.SENT, "bob@acme.example")
    assert row_of(message(), ACME, sent)["recipient"] == ["bob@acme.example"]
    assert row_of(message(recipients=to("x@y.example")), ACME, sent)["recipient"] == ["x@y.example"]
    own = row(sender="bob@acme.example", recipients=to("x@y.example"))
    assert own["recipient"] == ["x@y.example"]


def test_names_of_sender_local_part_and_recipient_share_their_keys() -> None:
    said = row(sender="ann.lee@acme.example", sender_name="LEE, Ann (Finance)")
    assert said["sender_name_key"] == said["sender_local_name_key"] != NO_KEY
    written_to = row(recipients=(Recipient(mailbox("a1@x.example", "Ann Lee"), Role.TO), *to("ann.lee@acme.example")))
    assert written_to["recipient_name_key"][:2] == [said["sender_name_key"]] * 2


# --- time and thread -------------------------------------------------------------------------------------------------


def test_time_is_the_callers_word_before_the_receiving_servers_before_the_senders() -> None:
    assert row()["time"] == 1_700_000_060
    assert row()["date_skew"] == -60
    assert row(received=None)["time"] == 1_700_000_000
    assert row_of(message(), ACME, INBOX, time=5)["time"] == 5


def test_a_thread_is_the_first_reference_and_the_parent_what_is_answered() -> None:
    reply = row(message_id="c@x", in_reply_to="b@x", references=("a@x", "b@x"))
    assert (reply["thread_key"], reply["parent_key"], reply["own_id_key"]) == tuple(map(key_of, ("a@x", "b@x", "c@x")))
    assert row(in_reply_to="b@x")["thread_key"] == key_of("b@x")
    alone = row()
    assert alone["thread_key"] == alone["own_id_key"]
    assert alone["parent_key"] == NO_KEY


def test_counts_follow_what_is_listed() -> None:
    many = row(
        links=(link("https://a.example/1"), link("https://b.a.example/2"), link("mailto:x@y.example")),
        attachments=(attachment("a.pdf", "application/pdf"),),
    )
    assert (many["link_count"], many["link_site_count"], many["attachment_count"]) == (2, 1, 1)


def test_a_fingerprint_of_headers_is_the_sending_programs_not_the_ways() -> None:
    written = frozenset({"from", "to", "x-mailer"})
    fingerprint = row(headers_present=written)["header_order_key"]
    assert row(headers_present=written | {"received", "arc-seal", "in-reply-to"})["header_order_key"] == fingerprint
    assert row(headers_present=written | {"x-php-script"})["header_order_key"] != fingerprint
