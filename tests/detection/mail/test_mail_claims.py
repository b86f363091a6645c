"""What a mail claims to be, and what it names: brands, functions, accounts, own names inside links, files that bait."""

from __future__ import annotations

import pytest

from detection.mail.attachment_features import features_of as file_features
from detection.mail.batch import AttachmentFlag, LinkFlag
from detection.mail.brands import BRANDS, Claims, brand_in_host, claims_of
from detection.mail.content import content_of
from detection.mail.link_features import features_of as link_features
from detection.mail.link_features import own_names
from detection.mail.message import Attachment, Link, Mailbox
from detection.mail.names import names_a_role


def claims(name: str, address: str, subject: str = "", opening: str = "") -> Claims:
    site = address.rpartition("@")[2]
    return claims_of(Mailbox(name, address, site), subject, opening, site)


@pytest.mark.parametrize("address", ["no-reply@paypal.com", "service@paypal.de", "x@paypal.co.uk"])
def test_a_brand_writing_itself_claims_nothing(address: str) -> None:
    assert not any(claims("PayPal", address, "Your PayPal receipt", "your paypal account is in order"))


def test_a_brand_is_claimed_by_name_subject_text_and_domain() -> None:
    assert claims("Micrоsoft Account Team", "a@desk.example").in_name  # Cyrillic o
    assert claims("", "a@desk.example", "Action needed: Office 365 password").in_subject
    assert claims("", "a@desk.example", opening="dear paypal customer, we noticed").in_text
    assert claims("", "billing@micros0ft-support.example").in_domain
    assert claims("", "paypal.service@desk.example").in_domain


def test_a_word_that_holds_a_brand_or_is_a_common_one_is_no_claim() -> None:
    assert not any(claims("Amazonia Travel", "a@trips.example", "Target for next week", "the square box is orange"))
    assert not claims("", "a@shoppaypalace.example").in_domain


def test_the_brand_at_another_end_of_the_web_is_not_the_brand() -> None:
    assert claims("PayPal", "x@paypal.shop-secure.example").in_name
    assert brand_in_host("paypal.com.account-check.example", "account-check.example")
    assert not brand_in_host("images.paypal.com", "paypal.com")


def test_every_brand_has_a_name_and_a_site() -> None:
    assert len(BRANDS) > 90
    for brand in BRANDS:
        assert all(brand.names), brand
        assert brand.sites, brand
        assert all("." in site for site in brand.sites), brand


@pytest.mark.parametrize(
    "name",
    ["IT Support", "Acme Payroll", "HR", "The CEO", "Mail Administrator", "IT-Abteilung", "Service informatique"],
)
def test_functions_are_told_from_people(name: str) -> None:
    assert names_a_role(name)


@pytest.mark.parametrize("name", ["Robin Okafor", "Chris Hrdy", "Northgate Billing", ""])
def test_people_and_firms_are_no_functions(name: str) -> None:
    assert not names_a_role(name)


def test_an_account_is_one_however_it_is_printed() -> None:
    for text in ("IBAN GB33 BUKB 2020 1555 5555 55", "iban: GB33BUKB20201555555555", "to GB33BUKB20201555555555."):
        assert content_of("", text).accounts == ("gb33bukb20201555555555",), text
    assert content_of("", "account number: 12-3456 789").accounts == ("123456789",)
    # Digits that do not check are an account only where they are named as one.
    assert content_of("", "IBAN DE00 3704 0044 0532 0130 00").accounts == ("de00370400440532013000",)
    assert content_of("", "order DE00 3704 0044 0532 0130 00").accounts == ()


def test_quoted_history_names_no_account() -> None:
    text = "All fine with us, thank you very much.\n\n> Please pay to IBAN GB33 BUKB 2020 1555 5555 55"
    assert content_of("", text).accounts == ()


@pytest.mark.parametrize(
    ("url", "shown", "flag"),
    [
        ("https://paypal.com.check.example/x", "", LinkFlag.BRAND_IN_HOST),
        ("https://login.example/acme-tools/owa", "", LinkFlag.OWN_NAME_IN_URL),
        ("https://desk.example/" + "a" * 260, "", LinkFlag.LONG),
        ("https://a.b.c.desk.example/", "", LinkFlag.DEEP_HOST),
        ("https://desk.example/files/Invoice.zip", "", LinkFlag.DOWNLOAD),
        ("https://my-account-desk.example/", "", LinkFlag.DASHED_HOST),
        ("https://desk.example/", "Verify now", LinkFlag.ACTION_WORDS),
    ],
)
def test_each_oddity_of_a_link_is_its_own_flag(url: str, shown: str, flag: LinkFlag) -> None:
    names = own_names(("acme-tools.example",))
    host = url.split("/")[2]
    found = link_features(Link(url, host, shown), names=names)
    plain = link_features(Link("https://desk.example/page", "desk.example", "our news"), names=names)
    assert found is not None
    assert plain is not None
    assert found.flags & flag
    assert not plain.flags & flag


def test_ones_own_name_in_ones_own_links_is_no_oddity() -> None:
    found = link_features(
        Link("https://wiki.acme-tools.example/acme-tools", "wiki.acme-tools.example"),
        names=own_names(("acme-tools.example",)),
    )
    assert found is not None
    assert not found.flags & LinkFlag.OWN_NAME_IN_URL


@pytest.mark.parametrize(
    ("name", "flag"),
    [("Overdue_Invoice_311.pdf", AttachmentFlag.NAME_LURE), ("Rechnung.pdf", AttachmentFlag.NAME_LURE),
     ("forwarded.eml", AttachmentFlag.MESSAGE)],
)  # fmt: skip
def test_what_a_file_is_called_counts(name: str, flag: AttachmentFlag) -> None:
    def flags(called: str) -> int:
        return file_features(Attachment(called, called.rpartition(".")[2], "", "", 9, "0")).flags

    assert flags(name) & flag
    assert not flags("holiday-pictures.pdf") & flag
