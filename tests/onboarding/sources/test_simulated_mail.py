"""What a simulated mail looks like: valid, readable by the real parser, and shaped as an organisation's traffic is."""

from __future__ import annotations

from collections import Counter, defaultdict
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import chain, pairwise

import pytest

from detection.mail.message import Authentication, Folder, Message
from detection.mail.parse import parse
from onboarding.sources.base import Listed
from onboarding.sources.simulated import SimulatedSource
from onboarding.sources.simulated.mail import Mail


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource("simulated:seed=5,mailboxes=20,days=35,attacks=100,zones=london+paris+madrid+berlin")


@pytest.fixture(scope="module")
def sample(source: SimulatedSource) -> list[tuple[Listed, bytes]]:
    """Every seventh message of the whole history."""
    pages = chain.from_iterable(source.pages(box.name, None) for box in source.mailboxes())
    messages = [message for page in pages for message in page.messages]
    return [(message, message.content) for message in messages[::9] if isinstance(message.content, bytes)]


@pytest.fixture(scope="module")
def parsed(sample: list[tuple[Listed, bytes]]) -> list[tuple[Listed, Message]]:
    found = [(listed, parse(content)) for listed, content in sample]
    assert all(isinstance(message, Message) for _, message in found)
    return [(listed, message) for listed, message in found if isinstance(message, Message)]


@pytest.fixture(scope="module")
def inbound(source: SimulatedSource) -> list[Mail]:
    """Every mail from outside that is not in a junk folder, once each, by time."""
    mails = {d.mail.message_id: d.mail for box in source.mailboxes() for d in source.deliveries(box.name)}
    outside = [m for m in mails.values() if not m.sender.mailbox.address.endswith(source.domains[0]) and not m.junk]
    return sorted(outside, key=lambda mail: (mail.time, mail.message_id))


def test_the_standard_library_finds_nothing_wrong(sample: list[tuple[Listed, bytes]]) -> None:
    for listed, content in sample[::8]:
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        for part in message.walk():
            assert part.defects == [], listed.path
        for name in ("From", "To", "Cc", "Date", "Reply-To", "Subject"):
            assert getattr(message[name], "defects", ()) == (), (listed.path, name)
        assert message["Date"].datetime.timestamp() == listed.time_hint


def test_no_line_is_longer_than_the_standard_allows_and_all_end_alike(sample: list[tuple[Listed, bytes]]) -> None:
    for listed, content in sample:
        assert content.count(b"\n") == content.count(b"\r\n"), listed.path
        assert max(map(len, content.split(b"\r\n"))) <= 998, listed.path
        assert content.isascii(), listed.path


def test_the_parser_reads_it_all_without_a_defect(parsed: list[tuple[Listed, Message]]) -> None:
    for listed, message in parsed:
        assert message.defects == 0, listed.path
        assert message.sender is not None
        assert message.message_id
        assert message.recipients
        if listed.folder is not Folder.SENT:
            assert message.received is not None
            assert 0 <= message.received - (listed.time_hint or 0) < 30


def test_authentication_is_seen_from_outside_and_not_always_good(parsed: list[tuple[Listed, Message]]) -> None:
    results = Counter(m.dmarc for listed, m in parsed if listed.label == "benign" and m.sending_network)
    assert {Authentication.PASS, Authentication.NONE, Authentication.FAIL, Authentication.UNKNOWN} <= set(results)
    assert results[Authentication.PASS] > sum(results.values()) / 2


def test_attachments_are_what_they_say_they_are_unless_they_attack(parsed: list[tuple[Listed, Message]]) -> None:
    kinds = Counter()
    for listed, message in parsed:
        for attachment in message.attachments:
            kinds[attachment.extension] += 1
            if listed.label == "benign":
                assert attachment.sniffed_type == attachment.declared_type, listed.path
    assert {"pdf", "docx", "xlsx", "png"} <= set(kinds)


def test_bodies_come_in_all_forms_and_several_languages(sample: list[tuple[Listed, bytes]]) -> None:
    joined = b"\n".join(content for _, content in sample)
    for piece in (b"multipart/alternative", b"multipart/mixed", b"text/html", b"List-Unsubscribe:", b"User-Agent:"):
        assert piece in joined
    for word in (b"Bonjour", b"Saludos", b"=?UTF-8?B?", b"\r\n> "):
        assert word in joined
    assert any(word in joined for word in (b"Hallo", b"Guten Tag", b"Abmelden", b"Viele Gr"))


def test_replies_answer_mail_that_was_there(source: SimulatedSource) -> None:
    ids: set[str] = set()
    replies: list[Mail] = []
    for box in source.mailboxes():
        for delivery in source.deliveries(box.name):
            ids.add(delivery.mail.message_id)
            if delivery.mail.references and delivery.day > 7 and delivery.mail.label == "benign":
                replies.append(delivery.mail)
    assert len(replies) > len(ids) / 20
    # Parents may lie only with people who have left, or have been sent between two outsiders: a few, not many.
    assert sum(reply.references[-1] in ids for reply in replies) > 0.98 * len(replies)


def test_new_senders_are_many_at_first_then_few_but_never_none() -> None:
    source = SimulatedSource("simulated:seed=2,mailboxes=20,days=70,attacks=0")
    mails = {d.mail.message_id: d.mail for box in source.mailboxes() for d in source.deliveries(box.name)}
    seen: set[str] = set()
    fresh: dict[int, list[bool]] = defaultdict(list)
    for mail in sorted(mails.values(), key=lambda mail: mail.time):
        address = mail.sender.mailbox.address
        if not address.endswith(source.domains[0]) and not mail.junk:
            fresh[(mail.time - source.options.first_second) // 604_800].append(address not in seen)
            seen.add(address)
    share = {week: sum(new) / len(new) for week, new in fresh.items()}
    assert share[0] > 0.15
    late = [share[week] for week in (7, 8, 9)]
    assert min(late) > 0.01
    assert max(late) < share[0] / 2


def test_a_few_senders_write_most_of_the_mail(inbound: list[Mail]) -> None:
    counts = sorted(Counter(mail.sender.mailbox.address for mail in inbound).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > sum(counts) / 2
    assert counts.count(1) > len(counts) / 4


def test_people_write_in_their_own_working_hours(source: SimulatedSource) -> None:
    hours: Counter[bool] = Counter()
    for person in source.people:
        for delivery in source.deliveries(person.address):
            if delivery.folder is Folder.SENT:
                local = delivery.mail.time + person.party.way.offset * 60
                hours[7 <= local % 86_400 / 3600 < 19 and (local // 86_400 + 3) % 7 < 5] += 1
    assert hours[True] > 0.85 * hours.total()
    assert hours[False] > 0


def test_vendors_keep_their_rhythm_their_payer_and_their_account(source: SimulatedSource) -> None:
    assert source.vendors
    vendor = next(v for v in source.vendors if v.every == 7 and v.first_day < 0 and v.migrates is None)
    payer = source.people[vendor.payer].address
    bills = [
        d
        for d in source.deliveries(payer)
        if d.mail.sender == vendor.billing and not d.mail.references and d.mail.label == "benign"
    ]
    assert len(bills) >= 4
    assert all(5 <= later.day - earlier.day <= 9 for earlier, later in pairwise(bills))
