"""The pieces of the evaluation: a baseline that learns, attacks that look like the tenant's mail, the same headers for all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluation import peers
from benchmarks.evaluation.attacks import Attack, Window, by_date, send
from benchmarks.evaluation.mail import read_page
from benchmarks.evaluation.page import Method, Tried, page
from benchmarks.evaluation.peers import letter
from benchmarks.evaluation.trial import boundary
from benchmarks.evaluation.words import fit, grams
from detection.keys import NO_KEY
from detection.mail.batch import MessageBatch, Row
from detection.mail.organisation import Organisation
from onboarding.sources.base import Listed, Page

OWN = Organisation(frozenset({"acme.example"}))
NOW = 1_800_000_000
START = 1_700_000_000
PHISH = (
    b"Received: from trap.example by trap.example; Mon, 1 Jan 2024 10:00:00 +0000\r\n"
    b"Authentication-Results: trap.example; spf=fail smtp.mailfrom=bad.example\r\nX-Trap: 1\r\n"
    b"From: Support <help@bad.example>\r\nTo: phishing@pot\r\nSubject: Verify phishing@pot\r\n"
    b"Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
    b"Dear phishing@pot, log in at http://bad.example/?u=phishing@pot\r\n"
)


def mail(number: int) -> bytes:
    """A mail among colleagues, or from outside, without any header of the way."""
    sender = f"client{number % 7}@partner.example" if number % 3 else "jane.doe@acme.example"
    return (
        f"From: {sender}\r\nTo: john.roe@acme.example\r\nSubject: Report {number}\r\n"
        f"Message-ID: <{number}@partner.example>\r\n\r\nThe numbers of week {number}.\r\n"
    ).encode()


@pytest.fixture(scope="module")
def history() -> MessageBatch:
    listed = tuple(Listed(f"{i}", mail(i), time_hint=START + 3600 * i) for i in range(200))
    return MessageBatch.from_rows([one.row for one in read_page(Page(listed, ""), "john.roe", OWN, NOW)])


def test_the_bag_of_words_separates_what_its_words_separate() -> None:
    good = [grams(f"minutes {i}", "a@b.example", "the agenda of our meeting next week") for i in range(40)]
    bad = [grams(f"notice {i}", "x@y.example", "verify your password now to keep your account") for i in range(20)]
    attack = np.arange(60) >= 40
    fitted = fit([*good, *bad], attack, np.arange(60) % 5 == 4)
    unseen = fitted([grams("hello", "", "your password and your account"), grams("hello", "", "agenda of the meeting")])
    assert unseen[0] > 0 > unseen[1]


def test_the_bag_of_words_refuses_to_learn_from_one_class() -> None:
    with pytest.raises(ValueError, match="both classes"):
        fit([grams("a", "b", "c")] * 4, np.zeros(4, dtype=np.bool_), np.zeros(4, dtype=np.bool_))


def test_words_do_not_depend_on_the_run() -> None:
    assert grams("Hello", "", "").tolist() == [0x3610A686 & (2**20 - 1)]


def test_an_attack_arrives_in_the_window_at_a_mailbox_of_the_tenant_in_headers_of_its_mail(
    history: MessageBatch,
) -> None:
    cut = boundary(history)
    since = int(history.time[cut])
    target = Window(history, OWN, since=since)
    sent = send(target, [Attack("phishing", f"{i}.eml", PHISH) for i in range(12)], "seed")
    assert len(sent) == 12
    batch = MessageBatch.from_rows([one.row for one in sent])
    assert (batch.time >= since).all()
    assert (batch.time <= history.time[-1]).all()
    assert set(batch.recipient) <= {"john.roe@acme.example", "jane.doe@acme.example"}
    assert set(batch.header_order_key.tolist()) <= set(history.header_order_key.tolist())
    for column in ("received_hops", "spf", "dkim", "dmarc", "arc", "network_key", "bulk"):
        assert set(getattr(batch, column).tolist()) <= set(getattr(history, column).tolist()), column
    assert (batch.envelope_sender_key == NO_KEY).all()
    assert not any(b"phishing@pot" in one.words for one in sent)


def test_an_attack_is_the_same_whatever_else_is_sent(history: MessageBatch) -> None:
    target = Window(history, OWN, since=int(history.time[100]))
    attacks = [Attack("phishing", f"{i}.eml", PHISH) for i in range(3)]
    alone = send(target, attacks[1:2], "seed")[0].row
    assert alone in [one.row for one in send(target, attacks, "seed")]


def test_nothing_is_sent_into_a_window_without_mail(history: MessageBatch) -> None:
    assert send(Window(history, OWN, since=int(history.time[-1]) + 1), [Attack("fraud", "a.eml", PHISH)], "seed") == []


def test_the_boundary_divides_no_second() -> None:
    rows = _rows(60)
    for row in rows[30:]:
        row["time"] = rows[30]["time"]
    assert boundary(MessageBatch.from_rows(rows), 0.7) == 30


def test_other_filters_are_shown_the_same_headers_for_both_kinds() -> None:
    def names(raw: bytes) -> list[bytes]:
        head = letter(raw, "john.roe@acme.example", START, 1).partition(b"\r\n\r\n")[0]
        return sorted(line.partition(b":")[0].lower() for line in head.split(b"\r\n"))

    benign = mail(1).replace(b"\r\n\r\n", b"\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n", 1)
    assert names(PHISH) == names(benign)
    assert b"phishing@pot" not in letter(PHISH, "john.roe@acme.example", START, 1).partition(b"\r\n\r\n")[2]


def test_attacks_are_divided_by_date(tmp_path: Path) -> None:
    for year in (2024, 2021, 2023, 2022):
        (tmp_path / f"{2030 - year}.eml").write_bytes(PHISH.replace(b"2024", str(year).encode()))
    earlier, later = by_date(tmp_path, "phishing", 10)
    assert [one.name for one in earlier] == ["9.eml", "8.eml"]
    assert [one.name for one in later] == ["7.eml", "6.eml"]


def test_the_page_tells_recall_at_the_same_false_positive_rate() -> None:
    benign, attacks = np.arange(1000.0), np.array([998.5, 500.0])
    one = Tried("acme", "a tenant", {"listed": 3, "mails": 3, "days": 1, "earlier": 2, "later": 1, "benign": 1000})
    one.methods.append(Method("a filter", benign, attacks, ("phishing", "phishing")))
    text = page([one], "make evaluate", "today", "here", "")
    assert "| a filter | 0.500 [0.013, 0.987] (1 of 2) |" in text


def _rows(n: int) -> list[Row]:
    listed = tuple(Listed(f"{i}", mail(i), time_hint=START + 60 * i) for i in range(n))
    return [one.row for one in read_page(Page(listed, ""), "john.roe", OWN, NOW)]


def test_attacks_that_a_method_was_not_shown_count_neither_way() -> None:
    shown = Method("few", np.arange(2_000.0), np.array([np.nan, 5_000.0, 1.0, np.nan]), kinds=("phishing",) * 4)
    found = shown.recall(np.ones(4, dtype=np.bool_))
    assert (found.hits, found.n) == (1, 2)


def test_other_filters_are_asked_once_for_the_same_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def ask(raw: bytes) -> float:
        asked.append(raw)
        return float(len(raw))

    monkeypatch.setenv("EVALUATE_KEPT", str(tmp_path))
    for _ in range(2):
        assert peers.kept_scores("any", ask, iter([b"a", b"bc"]), 2).tolist() == [1.0, 2.0]
    assert sorted(asked) == [b"a", b"bc"]
