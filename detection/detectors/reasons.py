"""Sentences that several detectors share."""

from __future__ import annotations

import numpy as np

from detection.detectors.registry import Reason
from detection.signals.registry import SIGNALS

FIRST_CONTACT = Reason(
    text="First mail ever from {sender}, and nobody of yours has written to that address.",
    when=((SIGNALS["sender_first_contact"], 1, 1), (SIGNALS["wrote_to_sender"], 0, 0)),
    weight=6,
)
REQUEST_FOR_MONEY = Reason(
    text="It speaks of money: of payments, invoices, pay, vouchers, fees or sums to come ({lure_money:such phrase}).",
    when=((SIGNALS["lure_money"], 1, np.inf),),
    weight=6,
)
TASK = Reason(
    text="It opens with a favour or task ({lure_task:such phrase}).",
    when=((SIGNALS["lure_task"], 1, np.inf),),
    weight=5,
)
GIFT_CARDS = Reason(
    text="It speaks of gift cards or vouchers ({lure_gift_card:such phrase}).",
    when=((SIGNALS["lure_gift_card"], 1, np.inf),),
    weight=9,
)
ACCOUNT_NUMBER = Reason(
    text="It holds {account_number_count:account number or wallet address|account numbers or wallet addresses}.",
    when=((SIGNALS["account_number_count"], 1, np.inf),),
    weight=6,
)
PRESSURE = Reason(
    text="It presses with urgency, secrecy or threats ({lure_pressure:such phrase}).",
    when=((SIGNALS["lure_pressure"], 1, np.inf),),
    weight=3,
)
REPLY_DIVERTED = Reason(
    text="Replies would go to {reply_to}, not to the sender.",
    when=((SIGNALS["reply_to_differs"], 1, 1),),
    weight=4,
)
UNFOUNDED_REPLY = Reason(
    text="It claims to answer something, but neither that message nor its thread was ever seen.",
    when=((SIGNALS["reply_unfounded"], 1, 1),),
    weight=4,
)
AUTHENTICATION_FAILED = Reason(
    text="{authentication_failures:.0f} of SPF, DKIM and DMARC failed, outright or softly.",
    when=((SIGNALS["authentication_failures"], 1, 3),),
    weight=4,
)
OWN_NAME = Reason(
    text="The display name {sender_name} is that of one of your own people, who writes from {own_address}; this mail "
    "comes from {sender}.",
    otherwise="The display name {sender_name} is that of one of your own people; this mail comes from {sender}, which "
    "is not an address of yours.",
    when=((SIGNALS["own_name_misused"], 1, 1),),
    weight=10,
)
DISOWNED = Reason(
    text="{sender} is an address of yours, but SPF or DMARC says that the mail is not.",
    when=((SIGNALS["own_sender_disowned"], 1, 1),),
    weight=10,
)
NEW_LINK = Reason(
    text="It links to {link_host}, a site that nobody had ever linked to in your mail.",
    otherwise="It holds {link_new_sites:link} to sites that nobody had ever linked to in your mail.",
    when=((SIGNALS["link_new_sites"], 1, np.inf),),
    weight=7,
)
