"""What attackers write who want payments to go elsewhere."""

from __future__ import annotations

from onboarding.sources.simulated.wording.lure import Lure

MONEY: dict[str, Lure] = {
    "lookalike-domain": Lure(
        (
            "Updated bank details",
            "Invoice and new account",
            "Overdue invoice",
            "Re: outstanding payment",
            "{vendor}: change of account",
            "Payment of invoice {number}",
        ),
        (
            "I am writing about our open invoices.",
            "Following our audit, the account you pay us on can no longer be used.",
            "Please note that {vendor} has changed its bank.",
            "Our records show that invoice {number} over {amount} has not been paid.",
        ),
        (
            "Please use our new account for all payments from now on: IBAN {iban}.",
            "Kindly update our bank details in your system to IBAN {iban} and confirm.",
            "Could you hold the payment that is due and send it to IBAN {iban} instead?",
            "When will the next payment go out? It has to go to our new account, IBAN {iban}.",
        ),
        (
            "Please confirm today, so that the payment is not delayed.",
            "Payments to the old account will be returned.",
            "The matter is urgent on our side.",
            "Let me know once it is done.",
        ),
    ),
    "payment-fraud": Lure(
        (
            "New bank details {vendor}",
            "Change of remittance account",
            "{vendor} payment information",
            "Outstanding invoices {vendor}",
            "Vendor account update",
        ),
        (
            "This is the accounts department of {vendor}.",
            "I am taking over the receivables of {vendor}.",
            "Due to a tax audit our main account is frozen for now.",
            "We have moved our banking to another bank.",
        ),
        (
            "All invoices have to be paid to the following account: IBAN {iban}.",
            "Please change the payment details in your records to IBAN {iban}.",
            "Kindly send the amount of {amount} that is due to our new account, IBAN {iban}.",
            "Please tell me which invoices are due and pay them to IBAN {iban}.",
        ),
        (
            "This takes effect immediately.",
            "Please send me the proof of payment.",
            "Do not use the old account any more.",
            "We need the payment today.",
        ),
    ),
    "stranger-invoice": Lure(
        (
            "Final notice: invoice {number}",
            "Overdue payment {number}",
            "Invoice {number}",
            "Payment reminder {number}",
            "Annual listing fee",
        ),
        (
            "Please find attached the invoice for our consulting services.",
            "Your payment for order {number} is overdue.",
            "The fee for your entry in our business register is due.",
            "Your director has approved the attached invoice.",
        ),
        (
            "Please pay {amount} to IBAN {iban} today.",
            "The amount of {amount} has to be on account {iban} by {day}.",
            "Kindly process the wire transfer of {amount} to IBAN {iban} and send me the confirmation.",
        ),
        (
            "After that we hand the case to a collection agency.",
            "This is the last reminder before legal action.",
            "A late fee is added every day.",
            "Please treat it as urgent.",
        ),
    ),
    "vendor-compromise": Lure(
        ("Account details", "Before you pay", "Payment {number}", "Change of our account", "Upcoming payment"),
        (
            "Before you pay this invoice, please note one thing.",
            "Sorry for the extra work on this one.",
            "Our bank is being changed this quarter.",
            "I just noticed that the invoice still shows our old account.",
        ),
        (
            "Please send the payment to our new account, IBAN {iban}.",
            "The account on the invoice is under audit; please use IBAN {iban} this time.",
            "Could you update our details to IBAN {iban} and let me know when the transfer goes out?",
            "The corrected invoice with the new IBAN {iban} follows, please use it for this and all open invoices.",
        ),
        (
            "Could you confirm by return of mail?",
            "The old account is closed at the end of the week.",
            "Please do not pay to the old account.",
            "I would appreciate it if this could go out today.",
        ),
    ),
}
