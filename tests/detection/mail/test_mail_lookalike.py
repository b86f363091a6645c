"""Domains that look alike share a form; domains that do not share none; and what differs can be said in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.mail.lookalike import MOST_FORMS, describe, forms, skeleton, variant_keys

KNOWN = "acme-supplies.com"


def share(one: str, other: str) -> bool:
    return bool(set(variant_keys(one)) & set(variant_keys(other)))


LOOKALIKES = [
    ("acrne-supplies.com", KNOWN, "uses look-alike letters ('rn' for 'm')"),
    ("acme-supp1ies.com", KNOWN, "uses look-alike letters ('1' for 'l')"),
    ("acme-suppiies.com", KNOWN, "uses look-alike letters ('i' for 'l')"),
    ("acme-suppliess.com", KNOWN, "differs by one letter (an added 's')"),
    ("acme-suplies.com", KNOWN, "differs by one letter (a missing 'p')"),
    ("acne-supplies.com", KNOWN, "differs by one letter ('n' for 'm')"),
    ("amce-supplies.com", KNOWN, "differs by one letter ('mc' for 'cm')"),
    ("acmesupplies.com", KNOWN, "leaves out a hyphen"),
    ("ac-me-supplies.com", KNOWN, "adds a hyphen"),
    ("acme-supplies.co", KNOWN, "is the same name under .co instead of .com"),
    ("acme-supplies.net", KNOWN, "is the same name under .net instead of .com"),
    ("acme-supplies-billing.com", KNOWN, "adds 'billing'"),
    ("xn--acme-suppies-2sj.com", KNOWN, None),
    ("xn--pypal-4ve.com", "paypal.com", "uses letters of another alphabet that look the same"),
    ("acme-billing.com", "acme.com", "adds 'billing'"),
    ("acmepayments.com", "acme.com", "adds 'payments'"),
    ("secure-acme.com", "acme.com", "adds 'secure'"),
    ("acme.co", "acme.com", "is the same name under .co instead of .com"),
    ("lbm.com", "ibm.com", "uses look-alike letters ('l' for 'i')"),
    ("vvidgets.com", "widgets.com", "uses look-alike letters ('vv' for 'w')"),
    ("mircosoft.com", "microsoft.com", "differs by one letter ('rc' for 'cr')"),
]


@pytest.mark.parametrize(("site", "known", "words"), [row for row in LOOKALIKES if row[2]])
def test_lookalikes_share_a_form_and_the_difference_is_said(site: str, known: str, words: str) -> None:
    assert share(site, known)
    assert describe(site, known) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("acme-supplies.com", "other-supplies.com"),
        ("acme.com", "acne.com"),  # four letters are near one another by chance
        ("acme.com", "acme.de"),
        ("orchid.org", "mollusc.org"),
        ("primus.com", "prim.com"),
        ("10.0.0.1", "10.0.0.2"),
        ("gmail.com", "acme-gmail.de"),
    ],
)
def test_unlike_domains_share_nothing(one: str, other: str) -> None:
    assert not share(one, other)


def test_kinds_of_forms_do_not_meet() -> None:
    # "cornet" without its t is "corne"; the skeleton of "corne" must not be found by it.
    kinds = {form.partition(" ")[0] for form in forms("cornet.com")}
    assert kinds == {"skeleton", "label", "stem", "deletion"}
    assert len({form.partition(" ")[2] for form in forms("cornet.com")}) < len(forms("cornet.com"))
    assert len(set(variant_keys("cornet.com"))) == len(forms("cornet.com"))


def test_a_bare_host_or_an_address_has_no_lookalikes() -> None:
    assert variant_keys("localhost") == variant_keys("192.0.2.1") == variant_keys("") == ()


def test_a_skeleton_folds_the_alphabets_that_look_latin() -> None:
    assert skeleton("xn--80ak6aa92e.com") == "apple.com"


_label = st.text("abcdefghijklmnopqrstuvwxyz", min_size=5, max_size=25)


@given(_label, st.data())
def test_one_edit_anywhere_is_found(label: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(label) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    inserted = label[:at] + letter + label[at:]
    changed = label[:at] + letter + label[at + 1 :]
    for edited in (inserted, changed):
        assert share(f"{label}.com", f"{edited}.com")
        assert describe(f"{edited}.com", f"{label}.com") != "is unlike it"


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=25), st.data())
def test_two_swapped_letters_are_found(label: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(label) - 2))
    swapped = label[:at] + label[at + 1] + label[at] + label[at + 2 :]
    assert share(f"{label}.com", f"{swapped}.com")


@given(st.text(max_size=300))
def test_any_text_has_at_most_forty_forms_and_can_be_described(site: str) -> None:
    assert len(variant_keys(site)) <= MOST_FORMS
    assert describe(site, "acme.com")
