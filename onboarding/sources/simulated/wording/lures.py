"""What attackers write, by kind: an opening, a request, and pressure, in many combinations."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.sources.simulated.randomness import Draw
from onboarding.sources.simulated.wording.slots import Slots


@dataclass(frozen=True, slots=True)
class Lure:
    """Parts of one kind of attack's text; a mail takes one of each, pressure not always."""

    subjects: tuple[str, ...]
    openings: tuple[str, ...]
    asks: tuple[str, ...]
    pressures: tuple[str, ...]
    closings: tuple[str, ...] = ("Regards,\n{me}", "Thanks,\n{me}", "{me}", "Best regards,\n{me}", "Thank you\n{me}")
    greetings: tuple[str, ...] = ("Hi {to},", "Hello {to},", "{to},", "Good morning {to},", "Dear {to},", "Hi,")


def lure_text(draw: Draw, lure: Lure, slots: Slots) -> str:
    """One mail's text."""
    parts = [draw.pick(lure.openings), draw.pick(lure.asks)]
    if lure.pressures and draw.chance(0.75):
        parts.append(draw.pick(lure.pressures))
    together = " " if draw.chance(0.5) else "\n\n"
    text = [draw.pick(lure.greetings), together.join(parts), draw.pick(lure.closings)]
    return "\n\n".join(text).format_map(slots)


_GENERIC = ("Dear user,", "Dear customer,", "Hello {to},", "Attention {to},", "Dear {to},", "Dear colleague,")

LURES: dict[str, Lure] = {
    "executive-impersonation": Lure(
        (
            "Quick request",
            "Are you available?",
            "Urgent",
            "Confidential",
            "Payment today",
            "{to}",
            "Acquisition {project}",
            "Wire transfer",
        ),
        (
            "Are you at your desk? I am in a meeting and cannot talk on the phone.",
            "I need your help with something confidential.",
            "I am about to board and will only have mail for the next hours.",
            "We are closing a deal that has not been announced yet.",
            "I am using my private mail because my office account does not work from here.",
        ),
        (
            "I need you to make a wire transfer of {amount} today. Tell me when you are ready and I will send the bank details.",
            "Please process a payment to a new supplier before the end of the day. What do you need from me?",
            "Can you tell me the current balance and how much we can send by same-day transfer?",
            "Please handle this personally: {amount} must go out to the lawyer's account today.",
            "Send me your mobile number, I have a task for you that has to be done right away.",
        ),
        (
            "Keep this between us for now, I will inform the others myself.",
            "This is urgent, please do not wait for the usual approval.",
            "I count on your discretion.",
            "It has to be done before {hour}.",
            "Do not call, just answer this mail.",
        ),
        ("{me}", "Thanks\n{me}", "Regards\n{me}\nSent from my phone", "{me}\n\nSent from my mobile device"),
    ),
    "gift-card": Lure(
        ("Favour", "Are you free?", "Surprise for the team", "Quick task", "Need your help", "Gift cards"),
        (
            "I want to surprise some of the staff and need your help.",
            "I am stuck in a conference call, can you do something for me quickly?",
            "We have clients to thank and I forgot all about it.",
            "I wanted to ask {team} but nobody answers.",
        ),
        (
            "Please get {count} gift cards worth 100 each from a shop nearby, scratch off the codes and send me pictures.",
            "Could you buy Apple gift cards for {amount} in total? I will pay you back by tonight.",
            "I need {count} Amazon gift cards at 200 each. Mail me the codes when you have them.",
            "Can you pick up some Steam or Google Play cards, {count} of them, and send the codes on the back?",
        ),
        (
            "Do not tell anybody, it should stay a surprise.",
            "I need them within the hour.",
            "Keep the receipt, you will be refunded.",
            "How soon can you get it done?",
        ),
    ),
    "payroll-diversion": Lure(
        ("Direct deposit", "Change of bank account", "My salary", "Payroll update", "New account for my pay"),
        (
            "I have changed banks and my old account is closed.",
            "I would like to update my direct deposit information.",
            "My bank account was blocked and I have opened another one.",
            "Before the next payroll run I need to change my details.",
        ),
        (
            "Please pay my salary to the new account: IBAN {iban}.",
            "Can you change my direct deposit to account {iban}, effective from this pay period?",
            "What do you need from me to change the account my pay goes to? The new one is {iban}.",
            "Kindly update my payroll record with IBAN {iban}.",
        ),
        (
            "Please confirm that it is in time for this month.",
            "I cannot log in to the portal at the moment.",
            "Will it take effect with the next run?",
            "Please do it today.",
        ),
    ),
    "reconnaissance": Lure(
        ("Hello", "Question", "Quick question", "Are you the right person?", "Availability", "test"),
        (
            "Are you in the office today?",
            "I hope you are well.",
            "I got your name from a colleague.",
            "We have not been in touch before.",
        ),
        (
            "Let me know when you get this mail.",
            "Who is responsible for paying suppliers in your company?",
            "Could you send me the name and direct number of the person who handles outgoing payments?",
            "Please send me the list of open invoices and their due dates.",
            "Is this still the right address to reach you?",
            "How are payments approved at your end, and who signs?",
        ),
        (
            "I would be grateful for a short answer.",
            "I will explain the details then.",
            "I can only be reached by mail at the moment.",
        ),
    ),
    "callback": Lure(
        (
            "Order confirmation {number}",
            "Your subscription was renewed",
            "Payment receipt {number}",
            "Invoice {number} - thank you",
            "Auto-renewal of {brand}",
        ),
        (
            "Thank you for your purchase. Your {brand} protection plan has been renewed for one year.",
            "Your account was charged {amount} for the annual {brand} subscription.",
            "We received your order {number} over {amount}; delivery starts today.",
            "This confirms the automatic renewal of your {brand} membership.",
        ),
        (
            "If you did not authorise this charge, call our billing department at {phone} within 24 hours.",
            "To cancel and get a refund, please call {phone}.",
            "Questions? Our support team is available around the clock on {phone}.",
            "For a refund of {amount} contact customer care: {phone} (toll free).",
        ),
        (
            "The amount will appear on your statement within 24 hours.",
            "Refunds are only possible by phone.",
            "Please have your order number {number} ready.",
        ),
        ("{me}", "Billing department\n{me}", "Kind regards\n{me}"),
        _GENERIC,
    ),
    "extortion": Lure(
        (
            "Your secrets",
            "I have your data",
            "Pay attention",
            "Last warning",
            "I know everything",
            "Your system was hacked",
        ),
        (
            "I have had access to your devices for several months.",
            "I recorded you through your camera while you visited adult sites.",
            "We copied your customer database and your internal mail.",
            "Your password is known to me, and so are all your contacts.",
        ),
        (
            "Send {amount} in bitcoin to {wallet} and I will delete everything.",
            "Transfer {amount} USD in bitcoin to my wallet {wallet}.",
            "The price of my silence is {amount}, payable to this bitcoin address: {wallet}.",
        ),
        (
            "You have 48 hours. Otherwise everybody you know gets the recording.",
            "If the payment does not arrive, we publish everything.",
            "Do not contact the police and do not answer this mail.",
            "The clock started when you opened this mail.",
        ),
        ("", "You have been warned.", "Anonymous"),
        ("Hello,", "Hello {to},", "Greetings!", "Attention!"),
    ),
    "advance-fee": Lure(
        (
            "Investment proposal",
            "Inheritance",
            "Confidential business",
            "Fund transfer",
            "Greetings from {me}",
            "Your compensation payment",
        ),
        (
            "I am a lawyer and represent a late client who left {amount} USD and no heir.",
            "I work at a bank and found an account that nobody has touched for years.",
            "I am a widow in poor health and want to leave my fortune to a good cause.",
            "Your name was chosen for a compensation payment of {amount} USD by the fund.",
            "I am looking for a partner to invest {amount} USD in your country.",
        ),
        (
            "With your help the money can be transferred; your share is 40 percent.",
            "Please send me your full name, address, telephone number and bank account.",
            "Only a small transfer fee has to be paid in advance.",
            "Answer to my private address and I will tell you the details.",
        ),
        (
            "Please treat this as strictly confidential.",
            "God bless you.",
            "I await your urgent reply.",
            "This is free of any risk.",
        ),
        ("Yours sincerely\n{me}", "Barrister {me}", "Mr. {me}", "With regards\n{me}"),
        ("Dear friend,", "Dear Sir or Madam,", "Greetings,", "Dear beneficiary,", "Hello dear,"),
    ),
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
    "credential-phishing": Lure(
        (
            "Your password expires today",
            "Mailbox storage full",
            "Action required: verify your account",
            "{count} messages on hold",
            "Unusual sign-in activity",
            "Security notice for {host}",
            "Account verification",
        ),
        (
            "Your mailbox has reached its storage limit and will stop receiving mail.",
            "We noticed an unusual sign-in attempt to your account.",
            "The password of your {host} account expires today.",
            "{count} incoming messages are held because your account is not verified.",
            "All users have to move to the new mail system this week.",
        ),
        (
            "Please [[verify your account|{link}]] to keep access.",
            "Sign in here to keep your current password: [[Keep current password|{link}]]",
            "[[Release messages|{link}]]",
            "Confirm your identity on the following page: [[https://{host}/account|{link}]]",
            "Click below to upgrade your mailbox: [[Upgrade now|{link}]]",
        ),
        (
            "Your account will be suspended within 24 hours if you do nothing.",
            "Failure to do so will lead to permanent deletion of your mailbox.",
            "The link is valid for {count} hours.",
            "Ignore this at your own risk.",
        ),
        ("{me}", "Kind regards\n{me}", "Thank you\n{me}"),
        _GENERIC,
    ),
    "brand-impersonation": Lure(
        (
            "{brand}: document waiting for you",
            "Your {brand} account",
            "{brand} notification",
            "Delivery problem {number}",
            "Your {brand} payment failed",
            "New voice message",
        ),
        (
            "A document has been shared with you on {brand}.",
            "We could not process your last payment to {brand}.",
            "Your {brand} account has been limited.",
            "Somebody left you a voice message of {count} seconds.",
            "Your parcel {number} could not be delivered.",
        ),
        (
            "[[View document|{link}]]",
            "Update your billing information here: [[Update now|{link}]]",
            "[[Sign in to {brand}|{link}]] to confirm your details.",
            "[[Listen to message|{link}]]",
        ),
        (
            "The document expires in {count} hours.",
            "Otherwise your account is closed.",
            "You have to sign in with your mail password.",
        ),
        ("{me}", "Regards\n{me}"),
        _GENERIC,
    ),
    "qr-phishing": Lure(
        (
            "Action required: multi-factor authentication",
            "Salary adjustment {month}",
            "Document for signature",
            "Your benefits for {month}",
            "Renew your authenticator",
        ),
        (
            "Your multi-factor authentication expires today.",
            "The document about your salary adjustment is ready.",
            "A secure document has been prepared for you.",
            "Company policy requires you to enrol your phone again.",
        ),
        (
            "Scan the QR code below with the camera of your phone to continue.",
            "To view it, please scan the code with your mobile phone and sign in.",
            "Use your phone to scan the code and verify your account.",
        ),
        (
            "Without it you lose access by {hour}.",
            "Only phones are allowed for security reasons.",
            "The code is valid for one day.",
        ),
        ("{me}",),
        _GENERIC,
    ),
    "malicious-attachment": Lure(
        (
            "Invoice {number}",
            "Purchase order {number}",
            "Scanned document",
            "Payment advice",
            "Quotation request {number}",
            "Your parcel {number}",
        ),
        (
            "Please find the document attached.",
            "Attached is our purchase order {number}.",
            "The payment of {amount} has been made, see the advice.",
            "As discussed on the phone, here is the file.",
        ),
        (
            "Open the file and enable the content to see it in full.",
            "The password of the archive is {password}.",
            "Please check it and come back to me today.",
            "Kindly confirm the quantities in the attached list.",
        ),
        ("We need your answer by {day}.", "The file is only readable on a computer."),
    ),
    "internal-compromise": Lure(
        ("{doc} {project}", "Please look at this", "Shared: {doc}", "Updated {doc}", "For your approval"),
        (
            "I have shared a file with you.",
            "Please see the {doc} I put together.",
            "As promised, here is the {doc}.",
            "Could you take a look at this for me?",
        ),
        (
            "You can open it here: [[{doc}|{link}]]",
            "[[Open the {doc}|{link}]] (you may have to sign in with your mail password again)",
            "Let me know what you think: [[view file|{link}]]",
        ),
        ("I need it back today.", "Please do not pass it on.", "The link only works for a day."),
    ),
}
