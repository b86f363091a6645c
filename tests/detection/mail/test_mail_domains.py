"""Whose a domain is, and what kind of place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.mail import domains
from detection.mail.domains import FREE_HOSTING, FREE_MAIL, REDIRECTORS, SHORTENERS, domain_of, listed_below, site_of


@pytest.mark.parametrize(
    ("name", "site"),
    [
        ("mail.acme.com", "acme.com"),
        ("a.b.acme.co.uk", "acme.co.uk"),
        ("one.github.io", "one.github.io"),
        ("acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("deep.acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("onmicrosoft.com", "onmicrosoft.com"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("", ""),
    ],
)
def test_the_site_is_who_answers_for_a_domain(name: str, site: str) -> None:
    assert site_of(name) == site


def test_customers_of_one_host_are_strangers() -> None:
    assert domain_of("a.github.io").site_key != domain_of("b.github.io").site_key


def test_free_mail_is_known_below_its_domain_too() -> None:
    assert domain_of("gmail.com").is_free_mail
    assert domain_of("mail.yahoo.co.jp").is_free_mail
    assert not domain_of("notgmail.com").is_free_mail


def test_a_listed_name_covers_what_lies_below_it_and_nothing_beside_it() -> None:
    assert listed_below("x.y.web.app", FREE_HOSTING)
    assert listed_below("bit.ly", SHORTENERS)
    assert not listed_below("rabbit.ly", SHORTENERS)


@pytest.mark.parametrize("names", [FREE_MAIL, SHORTENERS, FREE_HOSTING, REDIRECTORS, domains.SHARED_PARENTS])
def test_lists_hold_lower_case_domain_names(names: frozenset[str]) -> None:
    assert len(names) > 15
    assert all(name == name.lower().strip() and "." in name and " " not in name for name in names)


@given(st.text(max_size=400))
def test_any_text_has_a_site(name: str) -> None:
    known = domain_of(name)
    assert site_of(known.site) == known.site or len(name) > domains.LONGEST_DOMAIN or "." not in known.site
