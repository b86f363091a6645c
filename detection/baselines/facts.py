"""The declared facts. Adding one is a line and its docstring; everything else follows from the declaration."""

from __future__ import annotations

from detection.baselines.algebra import Count, DistinctCount, DistinctDays, Fact, First, FirstValue, Last
from detection.baselines.parts import (
    ATTACHMENT_HASH,
    ATTACHMENT_TYPE,
    AUTHENTICATION_SEEN,
    DKIM_PASS,
    DMARC_PASS,
    FROM_OUTSIDE,
    FROM_US,
    HOUR_BLOCK,
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
    SENDER,
    SENDER_NAME,
    SENDER_SITE,
    SPF_PASS,
    TENANT,
    THREAD,
    VARIANT,
)

# The tenant as a whole
tenant_messages = Count((TENANT,))
"""Messages of the tenant so far."""
tenant_first = First((TENANT,))
"""When the tenant's history begins."""

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
party_link_site_messages = Count((PARTY, LINK_SITE))
"""Messages of this party that linked to this site."""

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

# Recipient
recipient_messages = Count((RECIPIENT,))
"""Messages addressed to this recipient."""
recipient_senders = DistinctCount((RECIPIENT,), of=SENDER)
"""Different addresses that have written to this recipient."""

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
attachment_hash_messages = Count((ATTACHMENT_HASH,))
"""Messages that carried exactly this file."""

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

FACTS: dict[str, Fact] = {name: value for name, value in list(globals().items()) if isinstance(value, Fact)}
"""Every declared fact by name, in the order of declaration."""
