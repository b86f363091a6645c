"""What the mail itself says and how it is made: lures, counts, shape of subject and body, defects."""

from __future__ import annotations

import numpy as np

from detection.mail.batch import Floats, MessageBatch
from detection.mail.message import Defect
from detection.signals.arrays import NAN, SECONDS_A_DAY, bits, shifts_of, stack
from detection.signals.context import Context
from detection.signals.registry import Member, SignalLevel, family


def _position(name: str) -> int:
    return list(_COUNTS).index(name)


_COUNTS = {
    "lure_payment": "Phrases that ask for a payment or transfer.",
    "lure_invoice": "Phrases about an invoice, statement or remittance.",
    "lure_bank_change": "Phrases that announce or ask for changed bank details.",
    "lure_payroll": "Phrases about pay, direct deposit or salary accounts.",
    "lure_gift_card": "Phrases about gift cards and vouchers.",
    "lure_advance_fee": "Phrases of advance-fee fraud: inheritances, funds, beneficiaries, lotteries, loans.",
    "lure_urgency": "Phrases that press for time.",
    "lure_secrecy": "Phrases that ask for silence or discretion.",
    "lure_account_threat": "Phrases that threaten with suspension, closing, loss of mail or storage.",
    "lure_credential": "Phrases that ask to log in, verify, confirm or update an account.",
    "lure_task": "Phrases that open a favour or task (are you available, need you to).",
    "lure_callback": "Phrases that ask to call a number.",
    "lure_extortion": "Phrases of blackmail.",
    "lure_document_share": "Phrases that announce a shared document, voicemail, fax or signature.",
    "lure_file_password": "Phrases that give the password of an attached file.",
    "lure_qr_code": "Phrases that ask to scan a QR code.",
    "phone_count": "Telephone numbers in the text.",
    "money_count": "Amounts of money in the text.",
    "account_number_count": "Bank account numbers, routing numbers and wallet addresses in the text.",
    "exclamation_count": "Exclamation marks in subject and text.",
    "upper_word_count": "Words all in capitals.",
    "non_ascii_lookalike_count": "Words that mix alphabets to look like other words.",
    "image_count": "Images in the body.",
    "form_count": "HTML forms in the body.",
}

"""Lures first: of money, of pressure, of the rest."""

INTENTS = tuple(name for name in _COUNTS if name.startswith("lure_"))
_GROUPS = [0, _position("lure_urgency"), _position("lure_credential")]


@family(
    SignalLevel.MESSAGE,
    *(Member(name, "count", doc, 0, 65_535) for name, doc in _COUNTS.items()),
    Member("lure_intents", "intents", "Different intents among the lure phrases found.", 0, len(INTENTS)),
    Member(
        "lure_money", "phrases", "Lure phrases about money: payment, invoice, bank change, payroll, gift card, fee."
    ),
    Member("lure_pressure", "phrases", "Lure phrases that press: urgency, secrecy, threat to the account."),
    Member("lure_density", "phrases per 1000 characters", "Lure phrases of all intents by length of text.", 0),
)
def lures_and_counts(m: MessageBatch, c: Context) -> Floats:
    """Counts of phrases and of things in the text, and what they add up to."""
    counts = stack([getattr(m, name) for name in _COUNTS])
    lures = counts[: len(INTENTS)]
    out = np.empty((len(_COUNTS) + 4, len(m)))
    out[: len(_COUNTS)] = counts
    # Sums of whole numbers are exact in any order.
    np.add.reduce(lures > 0, axis=0, dtype=np.float64, out=out[-4])
    money, pressure, others = np.add.reduceat(lures, _GROUPS, axis=0)
    out[-3], out[-2] = money, pressure
    np.divide(1000.0 * (money + pressure + others), m.text_length + 100.0, out=out[-1])
    return out


@family(
    SignalLevel.MESSAGE,
    Member("greeting_generic", "flag", "Greets nobody in particular: dear customer, dear user.", 0, 1),
    Member("bulk", "flag", "Says of itself that it is bulk or automatic mail.", 0, 1),
    Member("mailing_list", "flag", "Came over a mailing list.", 0, 1),
    Member("image_only", "flag", "Has images and next to no text (under 50 characters).", 0, 1),
    Member("quotes_without_thread", "flag", "Quotes earlier mail, and no header names what it answers.", 0, 1),
    Member("brand_in_name", "flag", "The display name is a well-known brand's; the sender is not that brand.", 0, 1),
    Member("brand_in_subject", "flag", "The subject names a well-known brand that the sender is not.", 0, 1),
    Member("brand_in_text", "flag", "The text presents itself as a well-known brand's that the sender is not.", 0, 1),
    Member("brand_in_domain", "flag", "The sender's address holds the name of a brand that it is not.", 0, 1),
    Member("brand_claims", "places", "Of name, subject, text and address, those that claim such a brand.", 0, 4),
    Member(
        "name_is_role", "flag", "The display name is a function's (IT support, payroll, CEO), not a person's.", 0, 1
    ),
)
def traits(m: MessageBatch, c: Context) -> Floats:
    """Flags that each need one comparison."""
    claims = (m.brand_in_name, m.brand_in_subject, m.brand_in_text, m.brand_in_domain)
    out = np.empty((11, len(m)))
    out[0], out[1], out[2] = m.greeting_generic, m.bulk, m.list_key != 0
    out[3] = (m.image_count > 0) & (m.text_length < 50)
    out[4] = (m.quoted_length > 0) & (m.parent_key == 0)
    out[5], out[6], out[7], out[8] = claims
    np.add.reduce(out[5:9], axis=0, out=out[9])
    out[10] = m.sender_name_role
    return out


@family(
    SignalLevel.MESSAGE,
    Member("subject_claims_reply", "flag", "The subject claims to answer something.", 0, 1),
    Member("subject_claims_forward", "flag", "The subject claims to forward something.", 0, 1),
    Member("subject_missing", "flag", "There is no subject.", 0, 1),
    Member("mailer_missing", "flag", "The sending program does not name itself.", 0, 1),
    Member("text_missing", "flag", "There is no readable text.", 0, 1),
    Member("html_present", "flag", "Has an HTML body.", 0, 1),
    Member("hidden_text_present", "flag", "Has HTML text that a reader cannot see.", 0, 1),
)
def presence(m: MessageBatch, c: Context) -> Floats:
    """What is there and what is missing."""
    return stack(
        [
            m.subject_is_reply,
            m.subject_is_forward,
            m.subject_length == 0,
            m.mailer_key == 0,
            m.text_length == 0,
            m.html_length > 0,
            m.hidden_text_length > 0,
        ]
    )


@family(
    SignalLevel.MESSAGE,
    Member("size", "bytes", "Raw size of the message."),
    Member("text_length", "characters", "Readable text."),
    Member("html_length", "characters", "HTML of the body."),
    Member("subject_length", "characters", "Length of the subject."),
    Member("reference_count", "messages", "Messages that References names."),
    Member("subject_upper_share", "share", "Share of capitals in the subject; unknown without letters.", 0, 1),
    Member("hidden_text_share", "share", "Share of the text that a reader cannot see; unknown without text.", 0, 1),
    Member(
        "text_brevity",
        "share",
        "How short the text is: 1 for none, one half at 500 characters, towards 0 for long.",
        0,
        1,
    ),
    Member("capitals_density", "words per 1000 characters", "Words in capitals by length of text.", 0),
)
def shape(m: MessageBatch, c: Context) -> Floats:
    """Lengths of the message, and what they make of each other."""
    out = np.empty((9, len(m)))
    out[:6] = stack([m.size, m.text_length, m.html_length, m.subject_length, m.reference_count, m.subject_upper_share])
    text, hidden = out[1], m.hidden_text_length
    np.divide(hidden, hidden + text, out=out[6])
    np.divide(500.0, 500.0 + text, out=out[7])
    np.divide(1000.0 * m.upper_word_count, text + 100.0, out=out[8])
    return out


@family(
    SignalLevel.MESSAGE,
    Member("text_share_of_html", "share", "Readable text to HTML, saturating at 1; unknown without HTML.", 0, 1),
    Member("quoted_share", "share", "Share of the text that is quoted history; unknown without text.", 0, 1),
    Member("date_skew_days", "days", "How far Date lies from arrival, either way; unknown without a usable Date."),
    Member("date_in_future_days", "days", "How far Date lies after arrival; unknown without a usable Date."),
)
def proportions(m: MessageBatch, c: Context) -> Floats:
    """Further shares, and how far Date lies from arrival."""
    skew = np.where(m.date_skew == _NO_DATE, NAN, m.date_skew / SECONDS_A_DAY)
    text = m.text_length
    html = np.where(m.html_length > 0, np.minimum(text / m.html_length, 1.0), NAN)
    return stack([html, np.minimum(m.quoted_length / text, 1.0), np.abs(skew), np.maximum(skew, 0.0)])


_NO_DATE = np.iinfo(np.int64).min


_DEFECTS = {
    Defect.SEVERAL_FROM: "There are several From addresses.",
    Defect.BROKEN_FROM: "From cannot be read by the rules.",
    Defect.BROKEN_DATE: "Date cannot be read.",
    Defect.RAW_8BIT_HEADER: "Headers hold raw 8-bit bytes.",
    Defect.PARSERS_DISAGREE: "Mail programs would read different senders from it.",
}
_DEFECT_SHIFTS = shifts_of([*_DEFECTS])
_CAPPED = np.uint32(
    Defect.CAPPED_HEADERS
    | Defect.CAPPED_RECIPIENTS
    | Defect.CAPPED_PARTS
    | Defect.CAPPED_DEPTH
    | Defect.CAPPED_TEXT
    | Defect.CAPPED_HTML
    | Defect.CAPPED_LINKS
)


@family(
    SignalLevel.MESSAGE,
    *(Member(f"defect_{defect.name.lower()}", "flag", doc, 0, 1) for defect, doc in _DEFECTS.items()),
    Member("capped", "flag", "Was too large or too deep somewhere and is known in part only.", 0, 1),
)
def defects(m: MessageBatch, c: Context) -> Floats:
    """What was wrong with the bytes."""
    capped = (m.defects & _CAPPED) != 0
    return np.concatenate([bits(m.defects, _DEFECT_SHIFTS), stack([capped])])
