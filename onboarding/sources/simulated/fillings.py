"""What stands in the slots of training letters: names, dates, sums and numbers in the ways of the letter's language.

Names of companies, services and people are made up from parts, as those of the simulated organisation are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import cache

from onboarding.sources.simulated.names import CompanyName, company_name
from onboarding.sources.simulated.patterns import FOLDER, LANGUAGES, Pattern, PatternError, expanded, read_pattern
from onboarding.sources.simulated.randomness import Draw

Values = dict[str, Pattern]


@cache
def values() -> dict[str, Values]:
    """The written values by language, English ones where a language has none. Raises PatternError."""
    found: dict[str, Values] = {language: {} for language in LANGUAGES}
    language = ""
    for number, line in enumerate((FOLDER / "values.txt").read_text(encoding="utf-8").split("\n"), start=1):
        if line.startswith("@ "):
            language = line[2:].strip()
        elif line.strip() and not line.startswith("#"):
            name, colon, text = line.partition(":")
            if not colon or language not in found:
                raise PatternError(f"values, line {number}: not `name: values` below an `@ LANGUAGE`")
            found[language][name] = read_pattern(text.strip(), f"values, line {number}")
    return {language: {**found["en"], **own} for language, own in found.items()}


class Filling:
    """The values of one letter: each is drawn when first asked for, and the same from then on.

    A digit behind a name asks for another value of the same slot: `date`, `date2`.
    """

    def __init__(self, draw: Draw, language: str, day: date, recipient: str) -> None:
        self.draw = draw
        self.language = language
        self.day = day
        self.recipient = recipient
        self._values = values()[language]
        self._known: dict[str, str] = {}

    def __call__(self, slot: str) -> str:
        """Raises KeyError for a slot that there is not."""
        known = self._known.get(slot)
        if known is None:
            known = self._known[slot] = self._new(slot, slot.rstrip("0123456789"))
        return known

    def _new(self, slot: str, name: str) -> str:
        own = _DRAWN.get(name)
        if own is not None:
            return own(self)
        if name == "addr":
            return f"{self.draw.pick(_WORDS)}@{self.company().domain}"
        if name == "first" and slot == "first":
            return self("person3").rpartition(" ")[0] or self._one("given")
        if name == "last":
            return self("person3").rpartition(" ")[2]
        if name == "mefirst":
            return self("me").rpartition(" ")[0] or self("me")
        return expanded(self._values[name], self.draw, self)

    def _one(self, name: str) -> str:
        """One of the words of a value that lists them."""
        return self.draw.pick(str(self._values[name][0]).split())

    def money(self, whole: int, cents: bool = True) -> str:
        """A sum as the language writes it."""
        if self.language in ("ja", "zh"):
            text = f"{whole:,}"
        elif self.language in ("en", "he", "ar"):
            text = f"{whole:,}" + (f".{self.draw.below(100):02d}" if cents else "")
        else:
            text = f"{whole:,}".replace(",", "." if self.language != "fr" else " ")
            text += f",{self.draw.below(100):02d}" if cents else ""
        return expanded(self._values["money"], self.draw, lambda _: text)

    def company(self) -> CompanyName:
        return company_name(self.draw)

    def date(self) -> str:
        """A day near that of the letter, as people there write it."""
        near = self.day + timedelta(days=self.draw.between(-9, 12))
        months = str(self._values["months"][0]).split()
        month = months[near.month - 1]
        if self.language in ("ja", "zh"):
            return f"{near.year}年{near.month}月{near.day}日" if self.draw.chance(0.7) else f"{near:%Y/%m/%d}"
        forms: tuple[str, ...]
        if self.language == "en":
            forms = (
                f"{month} {near.day}, {near.year}",
                f"{near.day} {month} {near.year}",
                f"{near:%m/%d/%Y}",
                f"{near:%Y-%m-%d}",
                f"{month} {near.day}",
            )
        else:
            forms = (f"{near.day} {month} {near.year}", f"{near:%d.%m.%Y}", f"{near:%d/%m/%Y}", f"{near.day} {month}")
        return self.draw.pick(forms)


def _number(low: int, high: int) -> Callable[[Filling], str]:
    return lambda filling: str(filling.draw.between(low, high))


def _person(filling: Filling) -> str:
    given, family = filling._one("given"), filling._one("family")
    return family + given if filling.language in ("ja", "zh") else f"{given} {family}"


def _time(filling: Filling) -> str:
    hour, minute = filling.draw.between(7, 21), filling.draw.below(12) * 5
    if filling.language == "en" and filling.draw.chance(0.5):
        return f"{(hour - 1) % 12 + 1}:{minute:02d} {'am' if hour < 12 else 'pm'}"
    return f"{hour}:{minute:02d}"


def _phone(filling: Filling) -> str:
    number = filling.draw.number
    return filling.draw.pick(
        (
            f"({number(3)}) {number(3)}-{number(4)}",
            f"+1 {number(3)} {number(3)} {number(4)}",
            f"+{number(2)} {number(2)} {number(4)} {number(3)}",
            f"0{number(4)} {number(6)}",
        )
    )


def _link(filling: Filling) -> str:
    draw = filling.draw
    host = draw.pick((f"www.{filling.company().domain}", f"{draw.pick(_WORDS)}.{filling.company().domain}"))
    way = draw.pick(("", "", f"{draw.pick(_WORDS)}/", f"{draw.pick(_WORDS)}/{draw.hex(8)}", f"c/{draw.hex(24)}"))
    return f"http{'s' if draw.chance(0.7) else ''}://{host}/{way}"


def _wallet(filling: Filling) -> str:
    letters = "abcdefghijkmnopqrstuvwxyz023456789"
    return "bc1q" + "".join(filling.draw.pick(letters) for _ in range(38))


def _iban(filling: Filling) -> str:
    """An account number in the form of an IBAN; its check digits are those of chance."""
    draw = filling.draw
    return f"{draw.pick(('DE', 'GB', 'FR', 'ES', 'NL', 'PL', 'IT', 'PT'))}{draw.number(2)} " + " ".join(
        draw.number(4) for _ in range(4)
    )


def _function(filling: Filling) -> str:
    draw = filling.draw
    words = [draw.pick(_NOUNS), draw.pick(("init", "alloc", "free", "read", "write", "update", "probe", "get", "poll"))]
    return "_".join([draw.pick(_PREFIXES), *words][draw.below(2) :])


def _service(filling: Filling) -> str:
    kind = filling.draw.pick(("", "", "", " Mail", " Cloud", "Drive", " ID", " Online", "Sign"))
    return filling.company().short.partition(" ")[0] + kind


def _suffixed(*suffixes: str) -> Callable[[Filling], str]:
    return lambda filling: filling.company().short.partition(" ")[0] + filling.draw.pick(suffixes)


_WORDS_TEXT = (
    "mail info account news track click portal secure team office login view support post docs list go app "
    "web sales contact hello billing orders service link e m r my help"
)
_WORDS = tuple(_WORDS_TEXT.split())
_NOUNS_TEXT = "queue ring buffer timer cache node index packet lock device stats table port parser socket page"
_NOUNS = tuple(_NOUNS_TEXT.split())
_PREFIXES_TEXT = "net rx tx dev mem fs drv core util sys io log"
_PREFIXES = tuple(_PREFIXES_TEXT.split())

_DRAWN: dict[str, Callable[[Filling], str]] = {
    "person": _person,
    "me": _person,
    "company": lambda f: f.company().legal if f.draw.chance(0.3) else f.company().short,
    "vendor": lambda f: f.company().short,
    "org": lambda f: f.recipient.rpartition("@")[2].partition(".")[0].capitalize(),
    "email": lambda f: f.recipient,
    "domain": lambda f: f.recipient.rpartition("@")[2],
    "service": _service,
    "bank": _suffixed(" Bank", "bank", " Savings", " Credit Union", " Banking"),
    "carrier": _suffixed(" Express", " Post", " Parcel", " Logistics", "post", " Delivery"),
    "wallet": _suffixed(" Wallet", "Coin", " Vault", "Swap", "chain"),
    "shop": _suffixed("", " Store", " Shop", ".com", " Outlet"),
    "show": _suffixed("flix", " TV", " Play", " Music", "+"),
    "amount": lambda f: f.money(int(f.draw.delay(2_000, 1.6)) + 20),
    "small": lambda f: f.money(f.draw.between(1, 9)),
    "price": lambda f: f.money(f.draw.between(10, 900)),
    "big": lambda f: f.money(f.draw.between(1, 90) * f.draw.pick((100_000, 250_000, 1_000_000)), cents=False),
    "percent": _number(1, 99),
    "n": _number(2, 48),
    "number": lambda f: f.draw.number(f.draw.between(4, 11)),
    "code": lambda f: f.draw.number(6) if f.draw.chance(0.5) else f"{f.draw.pick('ABCKMPRTX')}{f.draw.number(7)}",
    "date": lambda f: f.date(),
    "day": lambda f: f._one("days"),
    "month": lambda f: str(f._values["months"][0]).split()[f.day.month - 1],
    "year": lambda f: str(f.day.year),
    "time": _time,
    "phone": _phone,
    "ip": lambda f: ".".join(str(f.draw.between(2, 250)) for _ in range(4)),
    "link": _link,
    "iban": _iban,
    "wallets": _wallet,
    "version": lambda f: f"{f.draw.between(0, 9)}.{f.draw.below(30)}{f.draw.pick(('', '.1', '-rc2', '.4', 'b'))}",
    "sha": lambda f: f.draw.hex(12),
    "func": _function,
    "noun": lambda f: f.draw.pick(_NOUNS),
    "sub": lambda f: f.draw.pick(_PREFIXES),
}


def known_slots(language: str) -> Iterator[str]:
    """The names that a template in a language may use, without digits."""
    yield from (*_DRAWN, *values()[language], "first", "last", "mefirst", "addr")
