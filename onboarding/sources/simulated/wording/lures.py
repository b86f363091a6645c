"""What attackers write, by kind of attack."""

from __future__ import annotations

from onboarding.sources.simulated.wording.lure import Lure
from onboarding.sources.simulated.wording.lures_money import MONEY
from onboarding.sources.simulated.wording.lures_open import OPEN
from onboarding.sources.simulated.wording.lures_talk import TALK

LURES: dict[str, Lure] = {**TALK, **MONEY, **OPEN}
"""Every lure by name; most kinds of attack have one of their own name."""
