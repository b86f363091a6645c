"""SPF, DKIM, DMARC and ARC (RFC 8601): what they say, and what they usually say for this sender.

Nothing said (`UNKNOWN`) is not the same as `none` or a failure: it makes these signals unknown.
"""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    sender_authentication_seen,
    sender_dkim_passes,
    sender_dmarc_passes,
    sender_messages,
    sender_spf_passes,
    site_authentication_seen,
    site_dkim_passes,
    site_dmarc_passes,
    site_messages,
    site_spf_passes,
)
from detection.mail.batch import Floats, MessageBatch
from detection.mail.message import Authentication
from detection.signals.arrays import NAN, known, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_METHODS = ("spf", "dkim", "dmarc", "arc")
_PASSED, _FAILED, _NONE = range(3)
_OUTCOMES = ("passed", "failed", "none")

_OUTCOME_OF = np.full((len(_OUTCOMES), len(Authentication)), 0.0)
"""Look-up table outcome x `Authentication` value; NaN where nothing is known (also after an error on the way)."""
_OUTCOME_OF[_PASSED, Authentication.PASS] = 1.0
for _result in (Authentication.SOFTFAIL, Authentication.FAIL, Authentication.PERMERROR):
    _OUTCOME_OF[_FAILED, _result] = 1.0
_OUTCOME_OF[_NONE, [Authentication.NONE, Authentication.NEUTRAL]] = 1.0
_OUTCOME_OF[:, [Authentication.UNKNOWN, Authentication.TEMPERROR]] = NAN


_HABITS = rows_of(
    (
        *(sender_spf_passes, sender_dkim_passes, sender_dmarc_passes),
        *(site_spf_passes, site_dkim_passes, site_dmarc_passes),
        *(sender_authentication_seen, sender_messages, site_authentication_seen, site_messages),
    )
)
_WHOLE = [6, 6, 6, 8, 8, 8]


@family(
    SignalLevel.AUTHENTICATION,
    *(
        Member(f"{method}_{outcome}", "flag", doc.format(method.upper()), 0, 1)
        for outcome, doc in zip(_OUTCOMES, ("{} passed.", "{} failed.", "{} has nothing to say here."), strict=True)
        for method in _METHODS
    ),
    Member("spf_aligned", "flag", "The SPF domain is the sender's (RFC 7489 section 3.1).", 0, 1),
    Member("dkim_aligned", "flag", "The signing domain is the sender's (RFC 7489 section 3.1).", 0, 1),
    Member("sender_spf_pass_rate", "share", "How often this sender passed SPF; unknown when never checked.", 0, 1),
    Member("sender_dkim_pass_rate", "share", "How often this sender passed DKIM in alignment; unknown likewise.", 0, 1),
    Member("sender_dmarc_pass_rate", "share", "How often this sender passed DMARC; unknown likewise.", 0, 1),
    Member("spf_lost", "share", "Usual SPF pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dkim_lost", "share", "Usual DKIM pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dmarc_lost", "share", "Usual DMARC pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("authentication_unknown", "flag", "No trustworthy header speaks of SPF, DKIM or DMARC.", 0, 1),
    Member(
        "authentication_failures", "methods", "Of SPF, DKIM and DMARC, those that failed; unknown if none ran.", 0, 3
    ),
    Member("authentication_lost", "share", "How often this sender's mail had results, when this one has none.", 0, 1),
    Member("own_sender_disowned", "flag", "An own address in From that authentication says is not yours.", 0, 1),
    Member("own_sender_unproven", "flag", "An own address in From that was checked, and nothing vouches for it.", 0, 1),
    Member(
        "site_spf_lost", "share", "Usual SPF pass rate of a domain whose mail does not pass now; 0 if it does.", 0, 1
    ),
    Member("site_dkim_lost", "share", "Usual DKIM pass rate of a domain whose mail does not pass now.", 0, 1),
    Member("site_dmarc_lost", "share", "Usual DMARC pass rate of a domain whose mail does not pass now.", 0, 1),
    Member("site_authentication_lost", "share", "How often the domain's mail had results, when this has none.", 0, 1),
)
def results(m: MessageBatch, c: Context) -> Floats:
    """Each method's result, and the results against what this sender usually has."""
    codes = np.concatenate([m.spf, m.dkim, m.dmarc, m.arc]).reshape(4, len(m))
    outcomes = _OUTCOME_OF[:, codes]
    aligned = known(stack([m.spf_aligned, m.dkim_aligned]))
    silent = np.maximum.reduce(codes[:3], axis=0) == Authentication.UNKNOWN
    held = outcomes[_PASSED, :3] == 1.0
    # DKIM proves something of the sender only when its own domain signed.
    held[1] &= aligned[1] == 1.0
    failed = outcomes[_FAILED, :3] == 1.0

    counts = c.numbers[_HABITS]
    rates = np.minimum(counts[:6] / counts[_WHOLE], 1.0)
    lost = np.where(held, 0.0, rates.reshape(2, 3, len(m)))
    seen = silent * np.minimum(counts[6:9:2] / counts[7:10:2], 1.0)

    vouched = held[1] | held[2]
    own = m.sender_is_own
    rest = stack(
        [
            silent,
            np.add.reduce(failed, axis=0),
            seen[0],
            own & (failed[2] | (failed[0] & ~vouched)),
            own & ~(vouched | (held[0] & (aligned[0] == 1.0))),
        ]
    )
    rest[1] = np.where(silent, NAN, rest[1])
    rest[3:] = np.where(own & silent, NAN, rest[3:])
    return np.concatenate([outcomes.reshape(12, len(m)), aligned, rates[:3], lost[0], rest, lost[1], seen[1:]])


@family(
    SignalLevel.AUTHENTICATION,
    Member("envelope_differs", "flag", "The envelope sender's site is not the sender's; unknown without either.", 0, 1),
    Member("received_hops", "hops", "Servers the mail passed; unknown without Received headers."),
)
def way(m: MessageBatch, c: Context) -> Floats:
    """The way here against the name on it."""
    values = stack([m.envelope_site_key != m.sender_site_key, m.received_hops])
    missing = (m.envelope_site_key == 0) | (m.sender_site_key == 0)
    return np.where([missing, m.received_hops == 0], NAN, values)
