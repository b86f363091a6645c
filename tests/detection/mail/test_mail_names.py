"""Two spellings of one person's name are one key; what is no name has none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.keys import NO_KEY, key_of
from detection.mail.names import (
    domain_in_name,
    domain_in_name_key,
    local_name,
    local_name_key,
    person_key,
    person_name,
)


@pytest.mark.parametrize(
    "spelling",
    [
        "John Smith",
        "Smith, John",
        "JOHN   SMITH",
        "Dr. John Smith",
        "Smith, John Q.",
        "John Smith, PhD, MBA",
        "Mr John Smith Jr.",
        "John Smith (via DocuSign)",
        "'John Smith' via Sales",
        "John Smith | Acme Ltd",
        "John Smith - Chief Executive",
        "John Smith on behalf of Acme",
        "John Smith [External]",
        "John Smith <john.smith@acme.example>",
        "John Smith john.smith@acme.example",
        "John.Smith",
        "\u200bJohn\u00a0Smith\u200b",
        "Jοhn Smіth",  # Greek omicron, Cyrillic i
        "J0hn Smith",
        "Ｊｏｈｎ Ｓｍｉｔｈ",
        "Jöhn Smíth",
    ],
)
def test_spellings_of_one_name_are_one_name(spelling: str) -> None:
    assert person_name(spelling) == "john smith"
    assert person_key(spelling) == key_of("john smith")


@pytest.mark.parametrize("other", ["John Smyth", "Joan Smith", "John Smith Miller", "Иван Петров", "王伟"])
def test_other_people_are_other_names(other: str) -> None:
    assert person_key(other) not in (NO_KEY, person_key("John Smith"))


@pytest.mark.parametrize(
    "nothing", ["", " ", "J", "J. S.", "12345", "ceo@acme.example", '"ceo@acme.example"', "((((", "🎉"]
)
def test_what_is_no_name_has_no_key(nothing: str) -> None:
    assert person_key(nothing) == NO_KEY


@pytest.mark.parametrize(
    "local", ["john.smith", "john_smith", "smith-john", "john.q.smith", "john.smith2", "john.smith+tag"]
)
def test_a_local_part_of_two_names_spells_a_person(local: str) -> None:
    assert local_name_key(local) == person_key("John Smith")


@pytest.mark.parametrize(
    "local",
    ["j.smith", "jsmith", "no-reply", "customer.service", "accounts.payable", "a.b.c.d.e", "", "john", "x" * 500],
)
def test_other_local_parts_spell_nobody(local: str) -> None:
    assert local_name(local) == ""
    assert local_name_key(local) == NO_KEY


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("ceo@acme.com", "acme.com"),
        ("John Smith <ceo@mail.acme.co.uk>", "acme.co.uk"),
        ("acme.com Support", "acme.com"),
        ("Support (acme.com)", "acme.com"),
        ("Аcme.com Support", "acme.com"),  # Cyrillic A
        ("John A. Smith", ""),
        ("Smith, J.R.", ""),
        ("John Smith", ""),
    ],
)
def test_a_domain_inside_a_display_name_is_found(name: str, domain: str) -> None:
    assert domain_in_name(name) == domain
    assert domain_in_name_key(name) == key_of(domain)


@given(st.text(max_size=300))
def test_any_text_can_be_a_display_name_and_normalising_twice_changes_nothing(name: str) -> None:
    once = person_name(name)
    assert person_name(once) == once
    domain_in_name_key(name)
    local_name_key(name)


@given(st.permutations(["anna", "maria", "lopez"]))
def test_order_never_matters(words: list[str]) -> None:
    assert person_key(" ".join(words)) == person_key("Lopez, Anna María")
