"""The declared facts. Adding one is a line and its docstring; everything else follows from the declaration.

A histogram is a count under a composite key, such as (sender, hour of the week): it is asked for the message's own
value and merges like any count.
"""

from __future__ import annotations

from detection.baselines.algebra import Count, DistinctCount, DistinctDays, Fact, First, FirstValue, Last, Recent
from detection.baselines.parts import (
    ABOUT_PAYMENT,
    ACCOUNT,
    ANSWERS,
    ATTACHMENT_HASH,
    ATTACHMENT_TYPE,
    AUTHENTICATION_SEEN,
    BULK,
    DKIM_PASS,
    DMARC_PASS,
    ENVELOPE_SITE,
    FAN_OUT,
    FROM_OUTSIDE,
    FROM_US,
    HEADERS,
    HOUR_BLOCK,
    HOUR_OF_WEEK,
    LANGUAGE,
    LINK_SHOWN_SITE,
    LINK_SITE,
    LOCAL_NAME,
    MAILER,
    NETWORK,
    OWN_ID,
    PARENT,
    PARTY,
    RECIPIENT,
    RECIPIENT_SITE,
    REPLY_TO,
    REPLY_TO_SITE,
    SENDER,
    SENDER_NAME,
    SENDER_SITE,
    SPF_PASS,
    SUBJECT_SHAPE,
    TENANT,
    THREAD,
    VARIANT,
    WITH_ACCOUNT_NUMBER,
    WITH_ATTACHMENTS,
    WITH_LINKS,
)

HOUR = 3_600
DAY = 24 * HOUR
WEEK = 7 * DAY

# The tenant as a whole
tenant_messages = Count((TENANT,))
"""Messages of the tenant so far."""

tenant_last_day = Recent((TENANT,), seconds=DAY)
"""Messages of the tenant in the last 24 hours."""

# Sender address
sender_messages = Count((SENDER,))
"""Messages this address sent."""
sender_first = First((SENDER,))
"""When this address was first seen sending."""
sender_last = Last((SENDER,))
"""When this address was last seen sending."""
sender_days = DistinctDays((SENDER,))
"""Days on which this address sent."""
sender_recipients = DistinctCount((SENDER,), of=RECIPIENT)
"""Different people this address has written to."""
sender_networks = DistinctCount((SENDER,), of=NETWORK)
"""Different networks this address has sent from."""
sender_network_messages = Count((SENDER, NETWORK))
"""Messages this address sent from this network."""
sender_mailer_messages = Count((SENDER, MAILER))
"""Messages this address sent with this program."""
sender_hour_messages = Count((SENDER, HOUR_BLOCK))
"""Messages this address sent in this four-hour block of the day."""
sender_reply_to_messages = Count((SENDER, REPLY_TO))
"""Messages this address sent with this Reply-To."""
sender_attachment_type_messages = Count((SENDER, ATTACHMENT_TYPE))
"""Messages this address sent with this kind of attachment."""
sender_authentication_seen = Count((SENDER,), AUTHENTICATION_SEEN)
"""Messages of this address that carried an authentication result."""
sender_spf_passes = Count((SENDER,), SPF_PASS)
"""Messages of this address that passed SPF."""
sender_dkim_passes = Count((SENDER,), DKIM_PASS)
"""Messages of this address that passed DKIM in alignment."""
sender_dmarc_passes = Count((SENDER,), DMARC_PASS)
"""Messages of this address that passed DMARC."""

sender_last_hour = Recent((SENDER,), seconds=HOUR)
"""Messages this address sent in the last hour: a burst."""
sender_last_day = Recent((SENDER,), seconds=DAY)
"""Messages this address sent in the last 24 hours."""
sender_last_week = Recent((SENDER,), seconds=WEEK)
"""Messages this address sent in the last 7 days."""
sender_names = DistinctCount((SENDER,), of=SENDER_NAME)
"""Different display names this address has used."""
sender_bulk_messages = Count((SENDER,), BULK)
"""Messages of this address that said they were bulk or automatic."""
sender_link_messages = Count((SENDER,), WITH_LINKS)
"""Messages of this address that had links."""
sender_attachment_messages = Count((SENDER,), WITH_ATTACHMENTS)
"""Messages of this address that had attachments."""
sender_payment_messages = Count((SENDER,), ABOUT_PAYMENT)
"""Messages of this address that spoke of payments or invoices."""
sender_account_number_messages = Count((SENDER,), WITH_ACCOUNT_NUMBER)
"""Messages of this address that held an account number."""
sender_hour_of_week_messages = Count((SENDER, HOUR_OF_WEEK))
"""Messages this address sent in this hour of the week."""
sender_language_messages = Count((SENDER, LANGUAGE))
"""Messages this address wrote in this language."""
sender_fan_out_messages = Count((SENDER, FAN_OUT))
"""Messages this address sent to about as many recipients."""
sender_header_order_messages = Count((SENDER, HEADERS))
"""Messages of this address with the same set of headers: the same sending program."""
sender_envelope_messages = Count((SENDER, ENVELOPE_SITE))
"""Messages of this address whose Return-Path was at this registrable domain."""
sender_link_site_messages = Count((SENDER, LINK_SITE))
"""Messages of this address that linked to this site."""
sender_answered_by = DistinctCount((SENDER,), ANSWERS, (RECIPIENT,), of=SENDER)
"""Different people who have answered this address: how much it matters."""

# Party: the sender's registrable domain, or the address at free-mail providers
party_messages = Count((PARTY,))
"""Messages of this party."""
party_first = First((PARTY,))
"""When this party was first seen sending."""
party_last = Last((PARTY,))
"""When this party was last seen sending."""
party_days = DistinctDays((PARTY,))
"""Days on which this party sent."""
party_senders = DistinctCount((PARTY,), of=SENDER)
"""Different addresses of this party."""
party_recipients = DistinctCount((PARTY,), of=RECIPIENT)
"""Different people this party has written to."""
party_network_messages = Count((PARTY, NETWORK))
"""Messages of this party from this network."""

party_last_day = Recent((PARTY,), seconds=DAY)
"""Messages of this party in the last 24 hours."""
party_last_week = Recent((PARTY,), seconds=WEEK)
"""Messages of this party in the last 7 days."""
party_payment_messages = Count((PARTY,), ABOUT_PAYMENT)
"""Messages of this party that spoke of payments or invoices."""
party_account_number_messages = Count((PARTY,), WITH_ACCOUNT_NUMBER)
"""Messages of this party that held an account number."""
party_mailer_messages = Count((PARTY, MAILER))
"""Messages this party sent with this program."""
party_envelope_messages = Count((PARTY, ENVELOPE_SITE))
"""Messages of this party whose Return-Path was at this registrable domain."""

# Registrable domain of the sender
site_authentication_seen = Count((SENDER_SITE,), AUTHENTICATION_SEEN)
"""Messages of this registrable domain that carried an authentication result."""
site_spf_passes = Count((SENDER_SITE,), SPF_PASS)
"""Messages of this registrable domain that passed SPF."""
site_dkim_passes = Count((SENDER_SITE,), DKIM_PASS)
"""Messages of this registrable domain that passed DKIM in alignment."""
site_dmarc_passes = Count((SENDER_SITE,), DMARC_PASS)
"""Messages of this registrable domain that passed DMARC."""

# Pair
pair_messages = Count((SENDER, RECIPIENT))
"""Messages this sender sent to this recipient."""
pair_first = First((SENDER, RECIPIENT))
"""When this sender first wrote to this recipient."""
pair_last = Last((SENDER, RECIPIENT))
"""When this sender last wrote to this recipient."""
party_pair_messages = Count((PARTY, RECIPIENT))
"""Messages this party sent to this recipient."""

# Whom the tenant writes to
wrote_to = Count((SENDER, RECIPIENT), FROM_US, (RECIPIENT, SENDER))
"""Messages that this recipient had sent to this sender before."""
wrote_to_sender = Count((SENDER,), FROM_US, (RECIPIENT,))
"""Messages that anyone of the tenant had sent to this sender."""
wrote_to_site = Count((SENDER_SITE,), FROM_US, (RECIPIENT_SITE,))
"""Messages that anyone of the tenant had sent to the sender's registrable domain."""
wrote_to_reply_to = Count((REPLY_TO,), FROM_US, (RECIPIENT,))
"""Messages that anyone of the tenant had sent to the Reply-To address."""

wrote_to_last = Last((SENDER, RECIPIENT), FROM_US, (RECIPIENT, SENDER))
"""When this recipient last wrote to this sender."""
wrote_to_sender_people = DistinctCount((SENDER,), FROM_US, (RECIPIENT,), of=SENDER)
"""Different people of the tenant who have written to this sender."""
wrote_to_site_people = DistinctCount((SENDER_SITE,), FROM_US, (RECIPIENT_SITE,), of=SENDER)
"""Different people of the tenant who have written to the sender's registrable domain."""
wrote_to_reply_to_site = Count((REPLY_TO_SITE,), FROM_US, (RECIPIENT_SITE,))
"""Messages that anyone of the tenant had sent to the registrable domain of the Reply-To address."""

# Reply-To
reply_to_senders = DistinctCount((REPLY_TO,), of=SENDER)
"""Different addresses that have sent with this Reply-To."""
reply_to_as_sender = Count((REPLY_TO,), learn_key=(SENDER,))
"""Messages that the Reply-To address has itself sent."""

# Recipient
recipient_messages = Count((RECIPIENT,))
"""Messages addressed to this recipient."""
recipient_senders = DistinctCount((RECIPIENT,), of=SENDER)
"""Different addresses that have written to this recipient."""

recipient_outside_parties = DistinctCount((RECIPIENT,), FROM_OUTSIDE, of=PARTY)
"""Different outside parties that have written to this recipient: how exposed they are."""
recipient_correspondents = DistinctCount((RECIPIENT,), FROM_US, (SENDER,), of=RECIPIENT)
"""Different people this recipient has written to."""
recipient_answered_by = DistinctCount((RECIPIENT,), ANSWERS, of=SENDER)
"""Different people who have answered this recipient: how much they matter."""
recipient_last_hour = Recent((RECIPIENT,), seconds=HOUR)
"""Messages addressed to this recipient in the last hour: a flood."""
recipient_last_day = Recent((RECIPIENT,), seconds=DAY)
"""Messages addressed to this recipient in the last 24 hours."""

# Names
name_messages = Count((SENDER_NAME,))
"""Messages under this display name, whoever sent them."""
name_sender_messages = Count((SENDER_NAME, SENDER))
"""Messages this address sent under this display name."""
name_addresses = DistinctCount((SENDER_NAME,), of=SENDER)
"""Different addresses seen under this display name."""
own_name_messages = Count((SENDER_NAME,), FROM_US)
"""Messages the tenant's own people sent under this display name."""
own_local_name_messages = Count((SENDER_NAME,), FROM_US, (LOCAL_NAME,))
"""Messages from own addresses whose local part spells this display name."""
own_name_spelled = Count((LOCAL_NAME,), FROM_US, (SENDER_NAME,))
"""Messages the tenant's own people sent under the name that the sender's local part spells."""
own_local_spelled = Count((LOCAL_NAME,), FROM_US)
"""Messages from own addresses whose local part spells the name that the sender's local part spells."""
own_name_correspondents = DistinctCount((SENDER_NAME,), FROM_US, of=RECIPIENT)
"""Different people that the tenant's own bearer of this name writes to: how prominent the name is."""
own_local_name_correspondents = DistinctCount((SENDER_NAME,), FROM_US, (LOCAL_NAME,), of=RECIPIENT)
"""The same, where the name is known from the own address only."""
own_name_address = FirstValue((SENDER_NAME,), FROM_US, of=SENDER)
"""The own address that first bore this display name."""
outside_name_messages = Count((SENDER_NAME,), FROM_OUTSIDE)
"""Messages from outside under this display name."""

# Look-alike neighbourhood of the sender's domain
variant_messages = Count((VARIANT,))
"""Messages of all domains that share this look-alike form."""
variant_first = First((VARIANT,))
"""When a domain of this look-alike form was first seen."""
variant_first_site = FirstValue((VARIANT,), of=SENDER_SITE)
"""The registrable domain that was first seen with this look-alike form."""
site_messages = Count((SENDER_SITE,))
"""Messages of this registrable domain, free-mail providers included."""

# Links and attachments
link_site_messages = Count((LINK_SITE,))
"""Messages that linked to this site."""
link_site_first = First((LINK_SITE,))
"""When this site was first linked to."""
link_site_parties = DistinctCount((LINK_SITE,), of=PARTY)
"""Different parties that have linked to this site."""
link_site_last_day = Recent((LINK_SITE,), seconds=DAY)
"""Messages that linked to this site in the last 24 hours."""
own_link_site_messages = Count((LINK_SITE,), FROM_US)
"""Messages in which the tenant's own people linked to this site."""
shown_site_messages = Count((LINK_SHOWN_SITE,), learn_key=(LINK_SITE,))
"""Messages that really linked to the site which the reader is shown."""
attachment_type_messages = Count((ATTACHMENT_TYPE,))
"""Messages with this kind of attachment."""
attachment_hash_messages = Count((ATTACHMENT_HASH,))
"""Messages that carried exactly this file."""


# Bank accounts and wallets named in the text
account_messages = Count((ACCOUNT,))
"""Messages that named this account."""
party_account_messages = Count((PARTY, ACCOUNT))
"""Messages in which this party named this account."""
# Campaigns, lists, infrastructure
subject_messages = Count((SUBJECT_SHAPE,))
"""Messages with this shape of subject."""
subject_senders = DistinctCount((SUBJECT_SHAPE,), of=SENDER)
"""Different addresses that have used this shape of subject."""
subject_last_day = Recent((SUBJECT_SHAPE,), seconds=DAY)
"""Messages with this shape of subject in the last 24 hours: a campaign."""
network_messages = Count((NETWORK,))
"""Messages from this network."""
network_parties = DistinctCount((NETWORK,), of=PARTY)
"""Different parties that have sent from this network: many at a mail provider, one at a company."""
mailer_messages = Count((MAILER,))
"""Messages sent with this program."""

# Threads
thread_messages = Count((THREAD,))
"""Messages of this thread."""
thread_own_messages = Count((THREAD,), FROM_US)
"""Messages of this thread that the tenant sent."""
thread_sender_messages = Count((THREAD, SENDER))
"""Messages of this thread that this sender sent."""
thread_sender_addressed = Count((THREAD, SENDER), learn_key=(THREAD, RECIPIENT))
"""Messages of this thread that were addressed to this sender."""
parent_seen = Count((PARENT,), learn_key=(OWN_ID,))
"""Whether the message that this one says it answers was ever seen."""

thread_party_messages = Count((THREAD, PARTY))
"""Messages of this thread that this party sent."""
thread_last = Last((THREAD,))
"""When the thread's last message came."""

FACTS: dict[str, Fact] = {name: value for name, value in list(globals().items()) if isinstance(value, Fact)}
"""Every declared fact by name, in the order of declaration."""
