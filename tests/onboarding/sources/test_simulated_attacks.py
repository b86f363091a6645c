"""The simulated attacks: every kind, as many as asked for, and known by nothing but what they do."""

from __future__ import annotations

from collections import Counter

import pytest

from detection.detectors.registry import AttackKind
from detection.mail.lookalike import variant_keys
from onboarding.sources.base import Listed
from onboarding.sources.simulated import SimulatedSource
from onboarding.sources.simulated.attacks.cells import KINDS, attacks_on
from onboarding.sources.simulated.attacks.disguise import lookalike
from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.mailbox import Cell, stream
from onboarding.sources.simulated.notifications import notifications
from onboarding.sources.simulated.oddities import oddities
from onboarding.sources.simulated.qr import _check, _codewords, _times, qr_modules
from onboarding.sources.simulated.randomness import Draw


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource("simulated:seed=9,mailboxes=20,days=30,attacks=0")


@pytest.fixture(scope="module")
def live(source: SimulatedSource) -> list[Listed]:
    return list(source.live(10, per_kind=12))


def test_every_kind_that_detectors_name_is_sent() -> None:
    # `unfamiliar-sender` is what is left when no kind explains a message, and the learned models know kinds of kinds.
    unsent = {AttackKind.UNFAMILIAR_SENDER, AttackKind.PHISHING, AttackKind.FRAUD}
    assert {kind.value for kind in set(AttackKind) - unsent} <= set(KINDS)


def test_no_attacks_asked_for_none_sent(source: SimulatedSource) -> None:
    labels = Counter(d.mail.label for box in source.mailboxes() for d in source.deliveries(box.name))
    assert set(labels) == {"benign", ""}


def test_history_holds_as_many_attacks_as_asked_for() -> None:
    source = SimulatedSource("simulated:mailboxes=40,days=120,attacks=100")
    labels = Counter(mail.label for mail in _only(source, attacks_on))
    messages = sum(box.estimate or 0 for box in source.mailboxes())
    assert labels.total() == pytest.approx(messages / 100, rel=0.15)
    assert set(labels) == set(KINDS)


def test_live_mail_is_new_in_time_order_and_has_each_kind(source: SimulatedSource, live: list[Listed]) -> None:
    ends = source.options.first_second + 30 * 86_400
    times = [message.time_hint or 0 for message in live]
    assert times == sorted(times)
    assert ends <= times[0]
    assert times[-1] < ends + 10 * 86_400
    assert len({message.path for message in live}) == len(live)
    ids = {(message.label, _message_id(message)) for message in live}
    counts = Counter(label for label, _ in ids)
    assert {kind: counts[kind] for kind in KINDS} == dict.fromkeys(KINDS, 12)
    assert counts["benign"] > 500


def test_benign_live_mail_is_the_same_whatever_attacks_come_with_it(
    source: SimulatedSource, live: list[Listed]
) -> None:
    quiet = {_message_id(m): _below(m) for m in source.live(10) if m.label == "benign"}
    assert quiet == {_message_id(m): _below(m) for m in live if m.label == "benign"}


def test_an_attack_has_no_header_that_benign_mail_lacks(live: list[Listed]) -> None:
    benign = set[str]()
    for message in live:
        if message.label == "benign":
            benign |= _headers(message)
    for message in live:
        assert _headers(message) <= benign, message.path


def test_the_set_of_headers_alone_does_not_tell_an_attack(source: SimulatedSource, live: list[Listed]) -> None:
    """Nearly every combination of headers that an attack has, honest mail has as well."""
    benign = {frozenset(_headers(m)) for m in live if m.label == "benign"}
    for box in source.mailboxes():
        benign |= {frozenset(_headers(m)) for page in source.pages(box.name, None) for m in page.messages}
    attacks = [frozenset(_headers(m)) for m in live if m.label in KINDS]
    assert sum(headers not in benign for headers in attacks) < 0.08 * len(attacks)


def test_two_attacks_of_a_kind_rarely_say_the_same(live: list[Listed]) -> None:
    for kind in KINDS:
        texts = {_message_id(m): _below(m).partition("\r\n\r\n")[2] for m in live if m.label == kind}
        assert len(set(texts.values())) == len(texts), kind


def test_history_has_honest_oddities_of_every_sort() -> None:
    source = SimulatedSource("simulated:mailboxes=60,days=120,attacks=0")
    found = {mail.about for mail in _only(source, oddities, notifications)}
    for oddity in (
        "executive-private-mail",
        "new-vendor-urgent-invoice",
        "real-salary-account-change",
        "service-sends-in-our-name",
        "namesake-of-an-executive",
        "colleague-on-the-road",
        "vendor-really-changes-bank",
        "vendor-moves-to-new-domain",
        "password-reset",
        "signature-request",
        "document-share",
    ):
        assert f"oddity:{oddity}" in found


@pytest.mark.parametrize("domain", ["vandora-logistics.com", "elmeld.co.uk", "kor.de", "mmm.io"])
def test_a_look_alike_is_never_the_original_and_mostly_near_it(domain: str) -> None:
    made = [lookalike(Draw(n, "look"), domain) for n in range(300)]
    assert domain not in made
    if len(domain) > 12:
        near = sum(bool(set(variant_keys(one)) & set(variant_keys(domain))) for one in made)
        assert near > 0.7 * len(made)


def test_qr_check_words_are_right_and_long_links_are_refused() -> None:
    words = _codewords(b"https://vandora.example/login")
    code = [*words, *_check(words)]
    root = 1
    for _ in range(26):  # ISO/IEC 18004: the code polynomial vanishes at 26 successive powers of 2
        value = 0
        for word in code:
            value = _times(value, root) ^ word
        assert value == 0
        root = _times(root, 2)
    assert len(qr_modules("x" * 106)) == 37
    with pytest.raises(ValueError, match="106"):
        qr_modules("x" * 107)


def _only(source: SimulatedSource, *cells: Cell) -> list[Mail]:
    """Every mail of some cells alone, once each."""
    days = source.options.days
    found = {d.mail.message_id: d.mail for p in source.people for d in stream(source.world, p, 0, days, cells)}
    return list(found.values())


def _message_id(message: Listed) -> str:
    return _below(message).partition("Message-ID: ")[2].partition("\r\n")[0]


def _below(message: Listed) -> str:
    assert isinstance(message.content, bytes)
    text = message.content.decode()
    return text[min(text.find(start) for start in ("\r\nFrom: ", "\r\nDate: ") if start in text) :]


def _headers(message: Listed) -> set[str]:
    assert isinstance(message.content, bytes)
    lines = message.content.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return {line.partition(":")[0] for line in lines if not line.startswith((" ", "\t"))}
