"""Names of people and of companies, made up from parts."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from onboarding.sources.simulated.randomness import Draw

_GIVEN = {
    "en": "James Mary Robert Patricia John Jennifer Michael Linda David Susan William Karen Thomas Nancy Daniel Emma "
    "Olivia George Harry Amelia Grace Oliver Sophie Jack Ruby Charlie Ella Henry Alice Samuel Laura Peter Helen Mark "
    "Rachel Andrew Fiona Simon Claire Graham Priya Arjun Wei Mei Kenji Aisha Omar Chloe Nathan Rebecca",
    "de": "Anna Lukas Jürgen Sabine Björn Katrin Stefan Monika Jörg Ulrike Matthias Heike Günther Petra Florian Anke "
    "Tobias Silke Andreas Birgit Markus Renate Felix Jana Sören Käthe",
    "fr": "Amélie François Chloé Étienne Hélène Benoît Margaux Thierry Zoé Gaël Inès Rémi Noémie Jérôme Camille Luc "
    "Élodie Mathieu Sandrine Pascal Aurélie Cédric",
    "es": "José María Álvaro Lucía Iñigo Sofía Andrés Inés Javier Begoña Raúl Mónica Sergio Nuria Héctor Pilar Martín "
    "Rocío Adrián Elena Óscar Belén",
}
_FAMILY = {
    "en": "Smith Jones Taylor Brown Walker Wright Thompson White Hughes Edwards Green Hall Wood Harris Clarke Turner "
    "Hill Scott Cooper Morris Ward Moore King Watson Baker Harrison Morgan Patel Young Allen Mitchell Bennett Shaw "
    "Foster Russell Palmer Chen Singh Khan Okafor Nakamura O'Brien McKenzie Fitzgerald Novák Kowalski Demir Larsson",
    "de": "Müller Schmidt Schäfer Weber Köhler Wagner Böhm Becker Groß Hoffmann Krüger Vogel Jäger Lang Weiß Keller "
    "Schröder Brandt Fuchs Lindner Günther Kühn",
    "fr": "Lefèvre Moreau Girard Bonnet Dupré Fournier Mercier Béranger Lambert Rousseau Garnier Chevalier Hébert "
    "Marchand Perrin Guérin Noël Caron Delorme Vasseur",
    "es": "García Fernández Núñez Martínez Ibáñez Gómez Muñoz Ortega Peña Castro Vázquez Suárez Domínguez Ramos León "
    "Cabrera Reyes Santana Iglesias Crespo",
}
GIVEN = {language: tuple(text.split()) for language, text in _GIVEN.items()}
FAMILY = {language: tuple(text.split()) for language, text in _FAMILY.items()}

_HEADS_TEXT = (
    "vand mer cor tal bren lum ost kal hald fen quor syl tarn wex nor dral ver pell gran ald jor "
    "rusk stel thorn bask cald dext elm fjor garn hest ivor kess lorn mond nexil orb prell quil rav "
    "sund tev ulm vex wend yar zell brid clar dorn est farr glen hol"
)
_HEADS = tuple(_HEADS_TEXT.split())
_TAILS_TEXT = (
    "ora wick ment ara eld ium ax on is ley mark stad vik ero anta ington aris olo eska ero ward ton "
    "by field enza ova ique alto inor"
)
_TAILS = tuple(_TAILS_TEXT.split())
_TRADES_TEXT = (
    "Logistics Systems Lighting Packaging Software Consulting Foods Textiles Energy Engineering "
    "Components Travel Media Analytics Facilities Print Catering Insurance Chemicals Robotics "
    "Instruments Freight Interiors Staffing Telecom Security Plastics Optics Marine Paper"
)
_TRADES = tuple(_TRADES_TEXT.split())
_TOP_LEVEL = {
    "en": (("com", 70.0), ("co.uk", 14.0), ("net", 6.0), ("io", 5.0), ("org", 3.0), ("biz", 2.0)),
    "de": (("de", 80.0), ("com", 15.0), ("eu", 5.0)),
    "fr": (("fr", 80.0), ("com", 20.0)),
    "es": (("es", 75.0), ("com", 25.0)),
}
_FORMS = {"en": ("Ltd", "Inc.", "LLC", "plc"), "de": ("GmbH", "AG"), "fr": ("SARL", "SA"), "es": ("S.L.", "S.A.")}


class CompanyName(NamedTuple):
    """How a company is called: in full, in short, and its domain."""

    legal: str
    short: str
    domain: str


def person_name(draw: Draw, language: str) -> tuple[str, str]:
    """Given and family name; one in ten comes from another language than the office's."""
    other = draw.pick(tuple(GIVEN)) if draw.chance(0.1) else language
    given = draw.pick(GIVEN[other])
    return given, draw.pick(FAMILY[draw.pick(tuple(FAMILY)) if draw.chance(0.08) else other])


def company_name(draw: Draw, language: str = "en") -> CompanyName:
    stem = draw.pick(_HEADS) + draw.pick(_TAILS)
    trade = draw.pick(_TRADES)
    short = f"{stem.capitalize()} {trade}"
    shape = draw.random()
    slug = stem + "-" + trade.lower() if shape < 0.4 else stem + trade.lower() if shape < 0.75 else stem + "group"
    return CompanyName(f"{short} {draw.pick(_FORMS[language])}", short, f"{slug}.{draw.weighted(_TOP_LEVEL[language])}")


_FOLD = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "'": "", " ": "-"})


def ascii_of(text: str) -> str:
    """The name as an address spells it: lower case, without diacritics.

    >>> ascii_of("Günther O'Groß")
    'gunther-ogross'
    """
    folded = unicodedata.normalize("NFKD", text.lower().translate(_FOLD))
    return "".join(c for c in folded if c.isascii())
