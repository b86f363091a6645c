"""Values for the slots of templates. A thread's slots are alike in all its mails, whatever the order."""

from __future__ import annotations

from zlib import crc32

_MONTHS_TEXT = "January February March April May June July August September October November December"
MONTHS = tuple(_MONTHS_TEXT.split())
_CITIES_TEXT = "Leeds Austin Hamburg Lyon Valencia Bristol Denver Rotterdam Toronto Vienna Milan Prague"
CITIES = tuple(_CITIES_TEXT.split())
_PROJECTS_TEXT = (
    "Aurora Beacon Cobalt Delta Ember Falcon Granite Harbour Indigo Juniper Keystone Lantern "
    "Meridian Nimbus Orchid Pioneer Quarry Ridge Saffron Tundra Umber Vertex Willow Zephyr"
)
_PROJECTS = tuple(_PROJECTS_TEXT.split())

_VALUES: dict[str, tuple[str, ...]] = {
    "project": _PROJECTS,
    "city": CITIES,
    "product": (
        "control panel",
        "mounting kit",
        "sensor board",
        "service contract",
        "spare parts",
        "pilot batch",
        "demo unit",
        "starter package",
        "replacement pump",
        "cable assembly",
        "licence renewal",
        "training course",
    ),
    "doc": (
        "budget sheet",
        "project plan",
        "slide deck",
        "test report",
        "contract draft",
        "status report",
        "risk register",
        "price list",
        "meeting notes",
        "forecast",
        "checklist",
        "proposal",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "hour": ("9:00", "9:30", "10:00", "11:00", "13:30", "14:00", "15:00", "16:30"),
    "month": MONTHS,
    "tag": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"),
    "jour": ("lundi", "mardi", "mercredi", "jeudi", "vendredi"),
    "dia": ("lunes", "martes", "miércoles", "jueves", "viernes"),
    "team": ("operations", "finance", "the plant", "design", "quality", "sales", "the board", "purchasing", "support"),
    "room": ("room 2.14", "the small meeting room", "room Oak", "the canteen", "room 3.02", "the lab"),
    "thing": (
        "the printer",
        "my laptop",
        "the VPN",
        "the scanner",
        "the door badge",
        "the projector",
        "the phone line",
    ),
    "count": tuple(str(n) for n in (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 40, 60, 120)),
}


class Slots(dict[str, str]):
    """Slot values by name for `str.format_map`; given ones first, others follow from `seed`.

    `{number}` is six digits, `{amount}` a sum of money.
    """

    def __init__(self, seed: int, **given: str) -> None:
        super().__init__(given)
        self.seed = seed

    def __missing__(self, name: str) -> str:
        mixed = ((self.seed ^ crc32(name.encode()) * 0x9E3779B1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) >> 24
        if name.startswith("number"):
            return str(100_000 + mixed % 900_000)
        if name.startswith("amount"):
            cents = 10_000 + mixed % 4_000_000 if mixed % 5 else 4_000_000 + mixed % 9_000_000
            return f"{cents // 100:,}.{cents % 100:02d}"
        values = _VALUES[name.rstrip("0123456789")]
        return values[mixed % len(values)]
