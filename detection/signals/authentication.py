"""SPF, DKIM, DMARC and ARC (RFC 8601): what they say, and what they usually say for this sender.

Nothing said (`UNKNOWN`) is not the same as `none` or a failure: it makes these signals unknown.
"""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.mail.message import Authentication
from detection.signals.arrays import NAN, known, stack
from detection.signals.context import Context, shares_of
from detection.signals.registry import Member, SignalLevel, family

_METHODS = ("spf", "dkim", "dmarc", "arc")
_PASSED, _FAILED, _NONE = range(3)
_OUTCOMES = ("passed", "failed", "none")

_OUTCOME_OF = np.full((len(_OUTCOMES), len(Authentication)), 0.0)
"""Look-up table outcome x `Authentication` value; NaN where nothing is known (also after an error on the way)."""
_OUTCOME_OF[_PASSED, Authentication.PASS] = 1.0
for _result in (Authentication.SOFTFAIL, Authentication.FAIL):
    _OUTCOME_OF[_FAILED, _result] = 1.0
_OUTCOME_OF[_NONE, [Authentication.NONE, Authentication.NEUTRAL]] = 1.0
# A record that cannot be read proves nothing of this mail (RFC 7208 section 2.6.7): every mail of its domain has that.
_OUTCOME_OF[:, [Authentication.UNKNOWN, Authentication.TEMPERROR, Authentication.PERMERROR]] = NAN
_HELD_OF = np.zeros(len(Authentication), dtype=np.bool_)
_HELD_OF[Authentication.PASS] = True
_FAILED_OF = _OUTCOME_OF[_FAILED] == 1.0


@family(
    SignalLevel.AUTHENTICATION,
    *(
        Member(f"{method}_{outcome}", "flag", doc.format(method.upper()), 0, 1)
        for outcome, doc in zip(_OUTCOMES, ("{} passed.", "{} failed.", "{} has nothing to say here."), strict=True)
        for method in _METHODS
    ),
    Member("spf_aligned", "flag", "The SPF domain is the sender's (RFC 7489 section 3.1).", 0, 1),
    Member("dkim_aligned", "flag", "The signing domain is the sender's (RFC 7489 section 3.1).", 0, 1),
)
def results(m: MessageBatch, c: Context) -> Floats:
    """Each method's result."""
    codes = np.concatenate([m.spf, m.dkim, m.dmarc, m.arc]).reshape(4, len(m))
    return np.concatenate([_OUTCOME_OF[:, codes].reshape(12, len(m)), known(stack([m.spf_aligned, m.dkim_aligned]))])


_RATES = shares_of(
    (
        *(f.sender_spf_passes, f.sender_dkim_passes, f.sender_dmarc_passes),
        *(f.site_spf_passes, f.site_dkim_passes, f.site_dmarc_passes),
    )
)
_SEEN = shares_of((f.sender_authentication_seen, f.site_authentication_seen))


@family(
    SignalLevel.AUTHENTICATION,
    Member("spf_lost", "share", "Usual SPF pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dkim_lost", "share", "Usual DKIM pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dmarc_lost", "share", "Usual DMARC pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member(
        "site_spf_lost", "share", "Usual SPF pass rate of a domain whose mail does not pass now; 0 if it does.", 0, 1
    ),
    Member("site_dkim_lost", "share", "Usual DKIM pass rate of a domain whose mail does not pass now.", 0, 1),
    Member("site_dmarc_lost", "share", "Usual DMARC pass rate of a domain whose mail does not pass now.", 0, 1),
    Member("authentication_lost", "share", "How often this sender's mail had results, when this one has none.", 0, 1),
    Member("site_authentication_lost", "share", "How often the domain's mail had results, when this has none.", 0, 1),
    Member("authentication_unknown", "flag", "No trustworthy header speaks of SPF, DKIM or DMARC.", 0, 1),
    Member(
        "authentication_failures", "methods", "Of SPF, DKIM and DMARC, those that failed; unknown if none ran.", 0, 3
    ),
    Member("own_sender_disowned", "flag", "An own address in From that authentication says is not yours.", 0, 1),
    Member("own_sender_unproven", "flag", "An own address in From that was checked, and nothing vouches for it.", 0, 1),
)
def against_habit(m: MessageBatch, c: Context) -> Floats:
    """The results against what this sender and its domain usually have, and what they say of an own address."""
    n = len(m)
    codes = np.concatenate([m.spf, m.dkim, m.dmarc]).reshape(3, n)
    held = _HELD_OF[codes]
    # DKIM proves something of the sender only when its own domain signed.
    held[1] &= m.dkim_aligned == 1
    failed = _FAILED_OF[codes]
    silent = np.maximum.reduce(codes, axis=0) == Authentication.UNKNOWN
    own = m.sender_is_own
    out = np.empty((12, n))
    out[:6] = c.shares[_RATES]
    out[:6].reshape(2, 3, n)[:, held] = 0.0
    np.multiply(silent, c.shares[_SEEN], out=out[6:8])
    out[8] = silent
    np.add.reduce(failed, axis=0, dtype=np.float64, out=out[9])
    if own.any():
        vouched = held[1] | held[2]
        out[10] = own & (failed[2] | (failed[0] & ~vouched))
        out[11] = own & ~(vouched | (held[0] & (m.spf_aligned == 1)))
        out[10:, own & silent] = NAN
    else:
        out[10:] = 0.0
    out[9, silent] = NAN
    return out


@family(
    SignalLevel.AUTHENTICATION,
    Member("envelope_differs", "flag", "The envelope sender's site is not the sender's; unknown without either.", 0, 1),
    Member("received_hops", "hops", "Servers the mail passed; unknown without Received headers."),
)
def way(m: MessageBatch, c: Context) -> Floats:
    """The way here against the name on it."""
    values = stack([m.envelope_site_key != m.sender_site_key, m.received_hops])
    values[0, (m.envelope_site_key == 0) | (m.sender_site_key == 0)] = NAN
    values[1, m.received_hops == 0] = NAN
    return values
