"""How an attacker's text is put together: an opening, a request, and pressure, in many combinations."""

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


GENERIC = ("Dear user,", "Dear customer,", "Hello {to},", "Attention {to},", "Dear {to},", "Dear colleague,")
"""How mail greets that does not know whom it writes to."""
