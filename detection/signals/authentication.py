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
)
from detection.baselines.values import FactValues
from detection.mail.batch import Floats, MessageBatch
from detection.mail.message import Authentication
from detection.signals.arrays import NAN, facts_of, known, stack
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


@family(
    SignalLevel.AUTHENTICATION,
    *(
        Member(f"{method}_{outcome}", "flag", doc.format(method.upper()), 0, 1)
        for outcome, doc in zip(_OUTCOMES, ("{} passed.", "{} failed.", "{} has nothing to say here."), strict=True)
        for method in _METHODS
    ),
    Member("spf_aligned", "flag", "The SPF domain is the sender's (RFC 7489 section 3.1).", 0, 1),
    Member("dkim_aligned", "flag", "The signing domain is the sender's (RFC 7489 section 3.1).", 0, 1),
    Member(
        "authentication_failures", "methods", "Methods of SPF, DKIM and DMARC that failed; unknown if none ran.", 0, 3
    ),
    Member("authentication_unknown", "flag", "No trustworthy header speaks of SPF, DKIM or DMARC.", 0, 1),
)
def results(m: MessageBatch, f: FactValues) -> Floats:
    """Each method's result as flags."""
    codes = np.concatenate([m.spf, m.dkim, m.dmarc, m.arc]).reshape(4, len(m))
    outcomes = _OUTCOME_OF[:, codes]
    silent = (codes[:3] == Authentication.UNKNOWN).all(axis=0)
    failures = np.add.reduce(outcomes[_FAILED, :3] == 1.0, axis=0, dtype=np.float64)
    aligned = known(stack([m.spf_aligned, m.dkim_aligned]))
    last = stack([np.where(silent, NAN, failures), silent])
    return np.concatenate([outcomes.reshape(12, len(m)), aligned, last])


@family(
    SignalLevel.AUTHENTICATION,
    Member("sender_spf_pass_rate", "share", "How often this sender passed SPF; unknown when never checked.", 0, 1),
    Member("sender_dkim_pass_rate", "share", "How often this sender passed DKIM in alignment; unknown likewise.", 0, 1),
    Member("sender_dmarc_pass_rate", "share", "How often this sender passed DMARC; unknown likewise.", 0, 1),
    Member("spf_lost", "share", "Usual SPF pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dkim_lost", "share", "Usual DKIM pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member("dmarc_lost", "share", "Usual DMARC pass rate of a sender who does not pass now; 0 when it passes.", 0, 1),
    Member(
        "authentication_lost", "share", "How often this sender's mail carried results, when this one has none.", 0, 1
    ),
)
def habit(m: MessageBatch, f: FactValues) -> Floats:
    """Results against what this sender usually has; unknown for senders whose mail was never checked."""
    counts = facts_of(
        f, (sender_spf_passes, sender_dkim_passes, sender_dmarc_passes, sender_authentication_seen, sender_messages)
    )
    rates = np.minimum(counts[:3] / counts[3], 1.0)
    passed = np.concatenate(
        [
            m.spf == Authentication.PASS,
            (m.dkim == Authentication.PASS) & (m.dkim_aligned == 1),
            m.dmarc == Authentication.PASS,
        ]
    ).reshape(3, len(m))
    silent = (m.spf <= 0) & (m.dkim <= 0) & (m.dmarc <= 0)
    lost = np.where(passed, 0.0, rates)
    missing = np.where(silent, np.minimum(counts[3] / counts[4], 1.0), 0.0)
    missing[counts[4] == 0] = NAN
    return np.concatenate([rates, lost, missing[None]])


@family(
    SignalLevel.AUTHENTICATION,
    Member("envelope_differs", "flag", "The envelope sender's site is not the sender's; unknown without either.", 0, 1),
    Member("own_sender_disowned", "flag", "An own address in From that authentication says is not yours.", 0, 1),
    Member(
        "own_sender_unproven", "flag", "An own address in From, handed in from outside, that nothing vouches for.", 0, 1
    ),
    Member("received_hops", "hops", "Servers the mail passed; unknown without Received headers."),
)
def envelope(m: MessageBatch, f: FactValues) -> Floats:
    """The way here against the name on it."""
    missing = (m.envelope_site_key == 0) | (m.sender_site_key == 0)
    vouched = (m.dmarc == Authentication.PASS) | ((m.dkim == Authentication.PASS) & (m.dkim_aligned == 1))
    failed = (m.dmarc == Authentication.FAIL) | ((m.spf == Authentication.FAIL) & ~vouched)
    spf_held = (m.spf == Authentication.PASS) & (m.spf_aligned == 1)
    checked = (m.spf > 0) | (m.dkim > 0) | (m.dmarc > 0)
    own = m.sender_is_own
    out = stack(
        [
            m.envelope_site_key != m.sender_site_key,
            own & failed,
            own & ~vouched & ~spf_held,
            m.received_hops,
        ]
    )
    out[0][missing] = NAN
    out[1:3, own & ~checked] = NAN
    out[3][m.received_hops == 0] = NAN
    return out
