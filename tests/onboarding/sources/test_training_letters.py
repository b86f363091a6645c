"""Training letters: every template can be written out, both kinds in every language, the same letters for ever."""

from __future__ import annotations

from itertools import islice

import pytest

from detection.mail.message import Message
from detection.mail.parse import parse
from onboarding.sources.base import SourceError
from onboarding.sources.registry import open_source
from onboarding.sources.simulated.fillings import known_slots
from onboarding.sources.simulated.patterns import (
    LANGUAGES,
    PatternError,
    read_pattern,
    read_templates,
    slots_of,
    templates,
)
from onboarding.sources.simulated.training import training_letter, training_letters


def test_every_template_uses_slots_that_there_are() -> None:
    for template in templates():
        used = {slot.rstrip("0123456789") for text in (template.subject, template.body) for slot in slots_of(text)}
        assert used <= set(known_slots(template.language)), template.name


def test_attacks_and_benign_mail_are_written_in_every_language() -> None:
    written = {(template.label, template.language) for template in templates()}
    for language in LANGUAGES:
        assert ("benign", language) in written
        assert {("phishing", language), ("fraud", language), ("spam", language)} <= written


def test_letters_are_the_same_whichever_others_are_asked_for() -> None:
    assert list(training_letters(3, 5, 9))[2] == training_letter(3, 7)
    assert training_letter(4, 7).content != training_letter(3, 7).content


def test_letters_are_mail_that_parses_with_a_text_and_no_slot_left_open() -> None:
    for letter in training_letters(1, 0, 300):
        message = parse(letter.content)
        assert isinstance(message, Message), letter.template
        assert message.subject, letter.template
        assert "{" not in message.subject or "[{" in message.subject, letter.template


def test_the_share_of_attacks_is_alike_in_html_and_in_plain_text() -> None:
    letters = list(training_letters(1, 0, 6_000))
    html = [letter.label == "benign" for letter in letters if b"text/html" in letter.content]
    signed = [letter.label == "benign" for letter in letters if b"dmarc=pass" in letter.content]
    everywhere = sum(letter.label == "benign" for letter in letters) / len(letters)
    assert abs(sum(html) / len(html) - everywhere) < 0.08  # mailing lists and one-line mail are plain only
    assert abs(sum(signed) / len(signed) - everywhere) < 0.04


def test_the_source_resumes_from_a_cursor_and_lists_every_letter_once() -> None:
    source = open_source("simulated:training,seed=2,letters=1100")
    pages = list(source.pages("training", None))
    again = list(islice(source.pages("training", pages[0].cursor), 1))
    assert again == pages[1:2]
    paths = [listed.path for page in pages for listed in page.messages]
    assert len(set(paths)) == 1100
    assert {listed.label for page in pages for listed in page.messages} == {"benign", "phishing", "fraud", "spam"}


@pytest.mark.parametrize(
    "uri", ["simulated:training,letters=many", "simulated:training,size=3", "simulated:training,seed"]
)
def test_an_option_that_is_not_understood_is_named(uri: str) -> None:
    with pytest.raises(SourceError, match=uri.rpartition(",")[2]):
        open_source(uri)


@pytest.mark.parametrize(
    ("text", "what"),
    [("@ en\nSubject\n{a|b", "not closed"), ("@ en\nA}\nbody", "not opened"), ("@ xx\nA\nbody", "not a language")],
)
def test_a_template_that_cannot_be_read_is_named_by_file_and_line(text: str, what: str) -> None:
    with pytest.raises(PatternError, match=f"benign/odd, line .*{what}"):
        list(read_templates(text, "benign", "odd"))


def test_a_group_without_alternatives_is_refused() -> None:
    with pytest.raises(PatternError, match="neither a slot"):
        read_pattern("{Not a slot}")
