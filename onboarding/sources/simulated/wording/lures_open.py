"""What attackers write who want something opened: a link, a code, a file."""

from __future__ import annotations

from onboarding.sources.simulated.wording.lure import GENERIC, Lure

OPEN: dict[str, Lure] = {
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
        GENERIC,
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
        GENERIC,
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
        GENERIC,
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
