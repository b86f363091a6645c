"""When people work: days, weekdays and working hours in their own zones."""

from __future__ import annotations

from onboarding.sources.simulated.randomness import Draw

DAY = 86_400


def weekday(seconds: int, offset: int = 0) -> int:
    """0 for Monday to 6 for Sunday, in the zone `offset` minutes east of UTC."""
    return (((seconds + offset * 60) // DAY) + 3) % 7


def office_moment(midnight: int, offset: int, draw: Draw) -> int:
    """A moment of the local day that begins at `midnight` as if in UTC: mornings and early afternoons most."""
    hour = 8.0 + draw.random() * 4.5 if draw.chance(0.55) else 13.0 + draw.random() * 5.0
    if draw.chance(0.06):
        hour = 18.0 + draw.random() * 4.5
    return midnight - offset * 60 + int(hour * 3600)


def into_hours(moment: int, offset: int, draw: Draw) -> int:
    """The moment, or the next working morning when it falls outside working hours; now and then people answer late."""
    local = moment + offset * 60
    day, second = divmod(local, DAY)
    working = (day + 3) % 7 < 5
    if working and 27_000 <= second <= 66_600:
        return moment
    if 25_000 <= second <= 82_000 and draw.chance(0.08):
        return moment
    day += 1 if second > 27_000 or not working else 0
    while (day + 3) % 7 >= 5:
        day += 1
    return day * DAY + 28_800 + draw.below(7_200) - offset * 60
