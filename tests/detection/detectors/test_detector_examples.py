"""Each detector on raw example mails: what it is for scores far above the honest mail that looks most like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from detection.detectors import odds
from detection.detectors.registry import DETECTORS
from onboarding.sources.simulated.qr import qr_picture

FAILED = "mx.acme-tools.example; spf=fail smtp.mailfrom={0}; dkim=none; dmarc=fail header.from={0}"
PASSED = "mx.acme-tools.example; spf=pass smtp.mailfrom={0}; dkim=pass header.d={0}; dmarc=pass header.from={0}"
VENDOR = "Northgate Billing <billing@northgate-supplies.example>"
BOSS_ELSEWHERE = "Dana Whitfield <dana.w.office77@gmail.com>"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(600)

STAFF = tuple(f"Person{i} Surname{i} <person{i}.surname{i}@acme-tools.example>" for i in range(12))
Mail = dict[str, Any]


@pytest.fixture(autouse=True)
def without_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the detectors find by themselves: a trained model adds its log-odds to every one of them."""
    monkeypatch.setattr(odds, "signals_model", lambda: None)


@dataclass(frozen=True)
class Example:
    attack: Mail
    lookalike: Mail


def mail(sender: str, subject: str, text: str, **more: Any) -> Mail:
    return {"sender": sender, "subject": subject, "text": text} | more


NEWSLETTER = mail(
    "Metal Weekly <news@metal-weekly.example>",
    "This week in metal",
    "Prices rose again this week. Read on at https://www.metal-weekly.example/issue or unsubscribe.",
    List_Unsubscribe="<https://www.metal-weekly.example/u>",
)
NEW_CUSTOMER = mail(
    "Sam Idowu <sam.idowu@harbour-boats.example>",
    "Question about hinges",
    "Hello, do you make the large hinges in stainless steel as well? We would need about forty. Kind regards, Sam",
)

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "unfamiliar_sender": (
        Example(
            mail(
                "info <info@trade-offers-4411.example>",
                "Proposal",
                "Dear sir, kindly get back to me. http://offers-4411.example/go?e=robin.okafor@acme-tools.example",
                Reply_To="trade.offers.4411@gmail.com",
                Authentication_Results=FAILED.format("trade-offers-4411.example"),
            ),
            mail(VENDOR, "Delivery", "Your parts leave us on Friday."),
        ),
    ),
    "executive_impersonation": (
        Example(
            mail(
                BOSS_ELSEWHERE,
                "Quick task",
                "Are you available? I need you to handle something urgent, keep it between us.",
            ),
            mail(
                "Dana Whitfield <dana@whitfield-family.example>",
                "Photographs",
                "Here are the pictures of the garden. " * 20,
            ),
        ),
        Example(
            mail(
                BOSS_ELSEWHERE, "Payment", "I need you to process a wire transfer today. Please keep this confidential."
            ),
            NEW_CUSTOMER,
        ),
    ),
    "lookalike_domain": (
        Example(
            mail(
                "Northgate Billing <billing@northgate-suplies.example>",
                "Re: Invoice 60",
                "Please note that our bank details have changed. Kindly make all future payments to the new account.",
            ),
            mail(
                "Kim Lee <kim.lee@northern-lights.example>",
                "Invoice",
                "Please find attached our invoice for the lamps.",
            ),
        ),
        Example(
            mail(
                "IT <it@acme-too1s.example>",
                "Password",
                "Please verify your account at https://acme-too1s.example/login",
            ),
            NEWSLETTER,
        ),
    ),
    "credential_phishing": (
        Example(
            mail(
                "Mail Administrator <admin@mail-upgrade-desk.example>",
                "Your mailbox is almost full",
                "Dear user, your mailbox will be suspended within 24 hours. Click here to verify your account.",
                html='<p>Dear user, your mailbox will be suspended within 24 hours.</p><p><a href="http://198.51.100.7/'
                'login/verify.php">https://mail.acme-tools.example</a> Click here to verify your account.</p>',
            ),
            NEWSLETTER,
        ),
        Example(
            mail(
                "Document Centre <share@docs-portal-77.example>",
                "A document was shared with you",
                "You have received a secure document. Log in to view: https://docs-portal-77.example/signin?u=robin",
            ),
            mail(
                VENDOR,
                "Our portal",
                "Log in to your account at https://portal.northgate-supplies.example/invoices to see the invoice.",
                Authentication_Results=PASSED.format("northgate-supplies.example"),
            ),
        ),
    ),
    "payment_fraud": (
        Example(
            mail(
                "Accounts <accounts@global-settle.example>",
                "Outstanding payment",
                "Your overdue invoice must be paid today. Our bank details have changed, please make the wire transfer to "
                "IBAN GB33BUKB20201555555555 immediately.",
                Reply_To="settle.desk@gmail.com",
            ),
            mail("Kim Lee <kim@northern-lights.example>", "Lamps", "The lamps you ordered leave us on Friday. Kim"),
        ),
    ),
    "vendor_impersonation": (
        Example(
            mail(
                "Northgate Billing <northgate.billing.dept@gmail.com>",
                "Overdue invoice",
                "Please find attached the overdue invoice. Our bank details have changed.",
            ),
            NEW_CUSTOMER,
        ),
    ),
    "vendor_compromise": (
        Example(
            mail(
                VENDOR,
                "Invoice 61",
                "Our invoice for last week is attached. Please pay to IBAN DE89 3704 0044 0532 0130 00.",
                Authentication_Results=PASSED.format("northgate-supplies.example"),
            ),
            mail(
                VENDOR,
                "Invoice 61",
                "Our invoice for last week is attached. Please pay to IBAN GB29 NWBK 6016 1331 9268 19.",
                Authentication_Results=PASSED.format("northgate-supplies.example"),
            ),
        ),
        Example(
            mail(
                VENDOR,
                "Re: Invoice 60",
                "Our bank details have changed. Please make all future payments to IBAN GB33BUKB20201555555555.",
                Authentication_Results=PASSED.format("northgate-supplies.example"),
                Reply_To="northgate.billing.dept@gmail.com",
            ),
            mail(
                VENDOR,
                "Invoice 64",
                "Our invoice for last week is attached.",
                Authentication_Results=PASSED.format("northgate-supplies.example"),
            ),
        ),
    ),
    "employee_impersonation": (
        Example(
            mail(
                "Person3 Surname3 <p3.home.office@gmail.com>",
                "Quick favour",
                "Are you at your desk? I need you to look at a document for me, it is urgent.",
            ),
            mail(
                "Person3 Surname3 <person3@surname-family.example>",
                "Photographs",
                "Here are the pictures of the garden. " * 20,
            ),
        ),
    ),
    "brand_impersonation": (
        Example(
            mail(
                "Microsoft account team <security@account-desk-77.example>",
                "Unusual sign-in activity",
                "Your Microsoft account will be suspended. Verify your account: https://account-desk-77.example/login",
            ),
            mail(
                "Microsoft account team <account-security-noreply@microsoft.com>",
                "Your receipt",
                "Thank you for your order of last week. See https://account.microsoft.com/orders",
                Authentication_Results=PASSED.format("microsoft.com"),
            ),
        ),
    ),
    "invoice_fraud": (
        Example(
            mail(
                "Accounts <billing@office-directory-entry.example>",
                "Overdue invoice 20117",
                "Please find attached the overdue invoice for your entry. Pay to IBAN GB33BUKB20201555555555.",
                attach=("Invoice_20117.pdf", "application/pdf", b"%PDF-1.4\n" + bytes(400)),
            ),
            NEW_CUSTOMER,
        ),
    ),
    "attachment_phishing": (
        Example(
            mail(
                "Document Centre <share@voice-desk-77.example>",
                "New voicemail",
                "You have a new voicemail. Open the attached page and sign in to listen to the message.",
                attach=("Voicemail_113.html", "text/html", b"<html><body><form></form></body></html>"),
            ),
            mail(
                "Kim Lee <kim@northern-lights.example>",
                "Drawings",
                "Here are the drawings.",
                attach=("lamp.pdf", "application/pdf", b"%PDF-1.4\n" + bytes(400)),
            ),
        ),
    ),
    "spoofed_internal": (
        Example(
            mail(
                "Dana Whitfield <dana.whitfield@acme-tools.example>",
                "Quick task",
                "I need you to process a payment today.",
                Authentication_Results=FAILED.format("acme-tools.example"),
                Reply_To="dana.w.office77@gmail.com",
            ),
            mail(
                "Dana Whitfield <dana.whitfield@acme-tools.example>",
                "Plans",
                "Notes from our meeting.",
                Authentication_Results=PASSED.format("acme-tools.example"),
            ),
        ),
    ),
    "payroll_diversion": (
        Example(
            mail(
                "Person3 Surname3 <p3.surname.home@gmail.com>",
                "Direct deposit",
                "I would like to update my direct deposit information before the next payroll. What do you need from me?",
            ),
            NEW_CUSTOMER,
        ),
    ),
    "gift_card": (
        Example(
            mail(
                BOSS_ELSEWHERE,
                "Are you there?",
                "Are you available? I need you to buy some gift cards for a client, scratch the back and send me the codes. "
                "Keep it confidential, it is a surprise.",
            ),
            mail(
                "Corner Shop <hello@corner-shop.example>",
                "Gift ideas",
                "Looking for presents? See our gift cards at https://www.corner-shop.example/gifts",
                List_Unsubscribe="<https://www.corner-shop.example/u>",
            ),
        ),
    ),
    "advance_fee": (
        Example(
            mail(
                "Barrister John Mensah <john.mensah.chambers@gmail.com>",
                "CONFIDENTIAL PROPOSAL",
                "Dear beneficiary, I am the lawyer of your late relative, who died without next of kin. The sum of "
                "$10,500,000.00 in an inheritance fund will be transferred to you. This business proposal is confidential.",
                Reply_To="mensah.chambers@outlook.com",
            ),
            NEW_CUSTOMER,
        ),
    ),
    "extortion": (
        Example(
            mail(
                "You know me <a8812@anon-relay.example>",
                "I recorded you",
                "I hacked your device and recorded a video of you through your webcam. Send $1,200 in bitcoin to "
                "1BoatSLRHtKNngkdXEeobR76b53LETtpyT or I will send the video to all your contacts.",
            ),
            NEW_CUSTOMER,
        ),
    ),
    "callback": (
        Example(
            mail(
                "Order Desk <order.desk.5521@gmail.com>",
                "Your subscription has been renewed",
                "Thank you for your purchase. Your card will be charged $399.99. If you did not authorize this, please "
                "call our support team at +1 (808) 555-0142 to cancel.",
            ),
            NEWSLETTER,
        ),
    ),
    "malicious_attachment": (
        Example(
            mail(
                "Shipping <docs@parcel-notice.example>",
                "Your parcel",
                "Please open the attached document.",
                attach=("label.pdf.exe", "application/octet-stream", b"MZ" + bytes(400)),
            ),
            mail(
                "Kim Lee <kim@northern-lights.example>",
                "Drawings",
                "Here are the drawings.",
                attach=("lamp.pdf", "application/pdf", b"%PDF-1.4\n" + bytes(400)),
            ),
        ),
    ),
    "qr_phishing": (
        Example(
            mail(
                "HR Department <hr@staff-benefits-desk.example>",
                "Action required",
                "Scan the QR code with your phone to verify your account.",
                html='<p>Scan the QR code to verify your account.</p><img src="cid:code">',
                attach=("code.png", "image/png", PICTURE),
            ),
            mail(
                "Kim Lee <kim@northern-lights.example>", "Logo", "Our logo.", attach=("logo.png", "image/png", PICTURE)
            ),
        ),
        Example(
            mail(
                "HR Department <hr@staff-benefits-desk.example>",
                "Your benefits",
                "See the picture.",
                attach=("code.png", "image/png", qr_picture("https://staff-benefits-desk.example/login")),
            ),
            mail(
                "HR Department <hr@staff-benefits-desk.example>",
                "Your benefits",
                "See the picture.",
                attach=("code.png", "image/png", PICTURE),
            ),
        ),
    ),
    "reconnaissance": (
        Example(
            mail(BOSS_ELSEWHERE, "Hi", "Are you available? I have a task for you."),
            mail(
                "Kim Lee <kim@northern-lights.example>", "Thank you for your visit", "It was good to see you all. " * 30
            ),
        ),
    ),
}
WITHOUT_NETWORK = {"internal_compromise", "lateral_phishing"}
"""Needs the networks that mail came from: tested below."""


def test_every_detector_has_its_examples() -> None:
    learned = {name for name in DETECTORS if name.startswith("learned_")}  # theirs are in their models' tests
    assert set(EXAMPLES) | WITHOUT_NETWORK == set(DETECTORS) - learned


CASES = [(name, example) for name, examples in EXAMPLES.items() for example in examples]


@pytest.mark.parametrize(("name", "example"), CASES, ids=[f"{n}-{e.attack['subject']}" for n, e in CASES])
def test_the_attack_scores_far_above_its_benign_lookalike(
    name: str, example: Example, deliver: Callable[..., dict[str, float]], ordinary: dict[str, float]
) -> None:
    attack, lookalike = deliver(**example.attack)[name], deliver(**example.lookalike)[name]
    assert attack > 1.4 * lookalike
    assert attack > 5 * ordinary[name]


def test_an_own_mailbox_in_wrong_hands_stands_out(deliver: Callable[..., dict[str, float]]) -> None:
    """From a network and program that its owner never used, with a link nobody ever sent."""
    own = {
        "sender": "Dana Whitfield <dana.whitfield@acme-tools.example>",
        "to": "Robin Okafor <robin.okafor@acme-tools.example>",
    }
    way = "from client (unknown [203.0.113.77]) by mx.acme-tools.example; Wed, 08 May 2024 09:00:00 +0000"
    taken = deliver(
        subject="Shared document",
        text="I have shared a document with you, log in to view: https://files-view-77.example/signin",
        Received=way,
        **own,
    )
    usual = deliver(subject="Plans 61", text="Notes from our meeting.", Received=way, **own)
    assert taken["internal_compromise"] > 1.4 * usual["internal_compromise"]
    spread = deliver(
        subject="Shared document",
        text="I have shared a document with you, log in to view: https://files-view-77.example/signin",
        Received=way,
        Cc=", ".join(STAFF),
        **own,
    )
    assert spread["lateral_phishing"] > 1.4 * usual["lateral_phishing"]
    assert spread["lateral_phishing"] > 1.2 * taken["lateral_phishing"]


def test_an_own_address_that_a_list_sent_on_is_hardly_forged(deliver: Callable[..., dict[str, float]]) -> None:
    """Lists break signatures: the same failure says much less of what came over one."""
    forged = {
        "sender": "Dana Whitfield <dana.whitfield@acme-tools.example>",
        "subject": "Re: plans",
        "text": "Thanks, that is fine by me. See you on Thursday.",
        "Authentication_Results": FAILED.format("acme-tools.example"),
    }
    listed = deliver(**forged, List_Id="<plans.lists.example>", Precedence="list")["spoofed_internal"]
    assert deliver(**forged)["spoofed_internal"] > 2 * listed


def test_what_the_model_says_raises_every_detector_and_none_without_it(
    deliver: Callable[..., dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from detection import models
    from detection.models.artifact import read_artifact

    lure = mail(
        "Account team <notice@sign-in-88.example>",
        "Your mailbox will be closed",
        "Dear user, your mailbox is full. Verify your password within 24 hours: https://sign-in-88.example/login",
    )
    alone = deliver(**lure)
    shipped = odds.signals_model_of(read_artifact((models.SHIPPED / models.SIGNALS_MODEL).read_bytes()))
    monkeypatch.setattr(odds, "signals_model", lambda: shipped)
    together, ordinary = deliver(**lure), deliver(**NEWSLETTER)
    for name in ("credential_phishing", "learned_phishing", "unfamiliar_sender"):
        assert together[name] > ordinary[name]
    assert all(
        together[name] - alone[name] == pytest.approx(together["qr_phishing"] - alone["qr_phishing"])
        for name in ("credential_phishing", "brand_impersonation", "malicious_attachment")
    )
