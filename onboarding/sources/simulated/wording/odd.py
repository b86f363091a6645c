"""Words of honest mail that looks like an attack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Odd:
    """One kind of look-alike."""

    name: str
    subjects: tuple[str, ...]
    texts: tuple[str, ...]


PRIVATE_MAIL = Odd(
    "executive-private-mail",
    ("Scan", "For the meeting", "Please print", "Fwd: documents", "From my private mail"),
    (
        "Hi {to},\n\ncould you print the attached for tomorrow? My laptop is in the office.\n\n{me}",
        "{to},\n\nsending this from home, please put it into the folder for {project}.\n\nThanks\n{me}",
        "Hi {to},\n\nI am on the train and the office mail does not load. Can you move my {hour} "
        "appointment?\n\n{me}\nSent from my phone",
        "Attached the receipts from {city}. Can you file them?\n\n{me}",
    ),
)
NEWCOMER = Odd(
    "new-vendor-urgent-invoice",
    (
        "Invoice {number} - due today",
        "Urgent: invoice {number}",
        "Invoice {number} for the event in {city}",
        "First invoice {number}",
    ),
    (
        "Dear {to},\n\nplease find attached our invoice {number} over {amount}. As agreed with {team} it is "
        "due on receipt, because the material is reserved for you only until {day}.\n\nIBAN {iban}\n\nKind "
        "regards\n{me}",
        "Hello {to},\n\nthis is our first invoice for you. Could you please arrange payment today so that "
        "the truck can leave? Our account: {iban}.\n\nBest regards\n{me}",
        "Hi {to},\n\n{team} asked me to send the invoice for the deposit directly to you. It is rather "
        "urgent because of the deadline on {day}. The amount is {amount}.\n\nThank you\n{me}",
    ),
)
NEW_ACCOUNT = Odd(
    "real-salary-account-change",
    ("New bank account", "Change of bank details", "My account for the salary"),
    (
        "Hi {to},\n\nI have moved to another bank. Please use IBAN {iban} for my salary from next month. The "
        "form is in the portal.\n\nThanks\n{me}",
        "Hello {to},\n\nmy bank account changes next month, I have entered IBAN {iban} in the HR portal. "
        "Anything else you need?\n\n{me}",
    ),
)
SURVEY = Odd(
    "service-sends-in-our-name",
    (
        "Your opinion counts: {count} questions",
        "Reminder: staff survey",
        "Action required: compliance training",
        "Confirm your details for {month}",
    ),
    (
        "Hello {to},\n\nplease take {count} minutes for this month's survey. [[Start the "
        "survey|{link}]]\n\nIt closes on {day}.",
        "Hello {to},\n\nyour compliance training is due by {day}. Please sign in with your company account: "
        "[[Start training|{link}]]",
        "Dear colleague,\n\nplease verify your personal details for {month}. [[Check my "
        "details|{link}]]\n\nPeople Team",
    ),
)
NAMESAKE = Odd(
    "namesake-of-an-executive",
    ("Enquiry", "Hello from {company}", "{product}", "Following up"),
    (
        "Hello {to},\n\nwe met at the fair in {city}. I would like to talk about the {product}. Would {day} "
        "suit you?\n\nBest regards\n{me}",
        "Dear {to},\n\ncould you send me a quote for {count} x {product}?\n\nKind regards\n{me}",
    ),
)
FROM_THE_ROAD = Odd(
    "colleague-on-the-road",
    ("Quick question", "{to}, are you there?", "Today", "Need the {doc}", "Call me"),
    (
        "Are you at your desk? I need the {doc} before {hour}.\n\n{me}\n\nSent from my phone",
        "Hi {to},\n\nI am at the customer in {city} and cannot get into the VPN. Can you send me the {doc} "
        "right away?\n\n{me}",
        "{to}, please approve order {number} today, it is urgent. I am in meetings until {hour}.\n\n{me}",
        "Could you pick up {count} vouchers for the team event? I will pay you back tomorrow.\n\n{me}",
    ),
)
BANK_CHANGE = Odd(
    "vendor-really-changes-bank",
    ("Our bank details have changed", "New bank account of {company}", "Important: change of bank details"),
    (
        "Dear {to},\n\n{company} has moved to another bank. From now on please pay to IBAN {iban}. The "
        "bank's confirmation is attached; please call us on the number you have on file to verify "
        "it.\n\nKind regards\n{me}",
        "Hello {to},\n\nplease note our new bank details: IBAN {iban}. Invoices will show it from this "
        "month. You are welcome to check with your usual contact by phone.\n\nBest regards\n{me}",
    ),
)
NEW_DOMAIN = Odd(
    "vendor-moves-to-new-domain",
    ("We have a new mail address", "{company} is now {host}", "New domain"),
    (
        "Dear {to},\n\nfrom today our mail comes from {host}. The old addresses still work for a year. "
        "Nothing else changes.\n\nKind regards\n{me}",
        "Hello {to},\n\nas part of our new brand we have moved to {host}. Please update your records and "
        "your spam filter.\n\n{me}\n{company}",
    ),
)
